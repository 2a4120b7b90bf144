"""Takes secrets out of what a support bundle holds."""
import re

HIDDEN = '***'

#: Options of nova.conf whose values help and are no secrets; of every other one only the name is kept.
SHOWN = frozenset('''
    host my_ip state_path instances_path compute_driver debug log_dir log_file use_cow_images force_raw_images
    preallocate_images rootwrap_config use_rootwrap_daemon images_type virt_type disk_cachemodes snapshots_directory
    live_migration_permit_auto_converge service_down_time report_interval osapi_compute_workers workers
    resume_guests_state_on_host_boot rpc_backend instance_usage_audit resize_fs_using_block_device
    extensions_whitelist extensions_blacklist enabled policy_file policy_dirs
'''.split())
_PATTERNS = (
    # user:password@ of a URL: up to the last @ of the word.
    (re.compile(r'(\w+://)\S*@'), r'\1%s@' % HIDDEN),
    (re.compile(r'(?i)(["\']?[\w-]*(?:pass|secret|token|credential)[\w-]*["\']?\s*[=:]\s*)'
                r'("[^"]*"|\'[^\']*\'|[^\s,;}&]+)'), r'\1' + HIDDEN),
    (re.compile(r'(?i)\b(bearer|basic)\s+\S+'), r'\1 ' + HIDDEN),
)


class Redaction(object):
    """Knows the secrets of one configuration (an ini.Config) and takes them out of texts."""

    def __init__(self, config):
        found = set()
        for (section, option), value in config.items():
            if shown(section, option):
                continue
            found.update(word for word in re.split(r'[\s,]+', value) if len(word) >= 4)
            for url in re.findall(r'://[^:@/\s]*:(\S*)@', value):
                found.add(url)
        # The longest first: one may hold another.
        self._secrets = sorted((word for word in found if not word.isdigit() and word.lower() not in _COMMON), key=len,
                               reverse=True)

    def text(self, text):
        """A text without them."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def config(self, config):
        """The configuration as text: every option's name, and the values of those that are known to be harmless."""
        lines, last = [], None
        for (section, option), value in sorted(config.items()):
            if section != last:
                lines.append('[%s]' % section)
                last = section
            lines.append('%s = %s' % (option, self.text(value) if shown(section, option) else HIDDEN))
        return '\n'.join(lines) + '\n'


#: Values that are words of every log, whatever option has them.
_COMMON = frozenset(('true', 'false', 'none', 'nova', 'service', 'default', 'admin', 'local', 'localhost', 'keystone', 'neutron',
                     'info', 'json', 'utf8', 'regionone', 'password', 'libvirt', 'glance', 'cinder', 'placement'))


def shown(section, option):
    """True if the value of an option may be in a bundle."""
    return section == 'light_snapshot' or option in SHOWN
