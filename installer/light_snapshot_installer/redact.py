"""Takes secrets out of what a support bundle holds."""
import json
import re

from light_snapshot_installer.dburl import unquote

try:
    from urllib.parse import quote
except ImportError:
    from urllib import quote

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


#: Options whose value is a secret whatever it looks like: digits, or short.
_NAMED = re.compile(r'(?i)pass|secret|token|credential|_key\Z')


class Redaction(object):
    """Knows the secrets of one configuration (an ini.Config) and takes them out of texts."""

    def __init__(self, config):
        anywhere, words = set(), set()
        for (section, option), value in config.items():
            if shown(section, option):
                continue
            anywhere.update(word for word in re.split(r'[\s,]+', value) if len(word) >= 4 and not word.isdigit())
            named = set(found for secret in _of_urls(value) for found in (secret, unquote(secret)))
            if _NAMED.search(option):
                named.update(text for whole in (value, config.get(section, option, '')) for text in [whole.strip('"\'')] + whole.split())
            for secret in named:
                (words if len(secret) < 4 or secret.isdigit() else anywhere).add(secret)
        # Nobody who reads of *** in each path is kept from guessing a word that stands in all of them; it is the log that would say nothing.
        self._secrets = _forms(word for word in anywhere if word.lower() not in _COMMON)
        # As parts of other words and numbers these would be everywhere.
        self._words = [re.compile(r'(?<![\w.])%s(?![\w.]\w|\w)' % re.escape(word)) for word in _forms(words)]

    def text(self, text):
        """A text without them."""
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        for pattern in self._words:
            text = pattern.sub(HIDDEN, text)
        for pattern, replacement in _PATTERNS:
            text = pattern.sub(replacement, text)
        return text

    def data(self, value):
        """What JSON holds without them: in its texts, as they are before JSON escapes them, and where a name says it."""
        if isinstance(value, dict):
            return dict((self.text(key), HIDDEN if _NAMED.search(key) and not isinstance(one, (dict, list)) else self.data(one))
                        for key, one in value.items())
        if isinstance(value, list):
            return [self.data(one) for one in value]
        return value if value is None or isinstance(value, (bool, int, float)) else self.text(value)

    def config(self, config):
        """The configuration as text: every option's name, and the values of those that are known to be harmless."""
        lines, last = [], None
        for (section, option), value in sorted(config.items()):
            if section != last:
                lines.append('[%s]' % section)
                last = section
            lines.append('%s = %s' % (option, self.text(value) if shown(section, option) else HIDDEN))
        return '\n'.join(lines) + '\n'


def _of_urls(value):
    """The passwords in the URLs of a value. One of a message broker may name several hosts, each with its own: u:p@h:1,u:p@h:2."""
    found = []
    for whole in re.findall(r'://([^:@/\s]*:\S*)@', value):
        # A password may hold any of these signs: the whole is one as well.
        found.append(whole.partition(':')[2])
        parts = re.split(r',(?=[^:@/,]*:)', whole)
        found.extend(part.rpartition('@')[0].partition(':')[2] for part in parts[:-1])
        found.append(parts[-1].rpartition('://')[2].partition(':')[2])
    return [secret for secret in found if secret]


def _forms(secrets):
    """Secrets as they may stand in a text: as they are, escaped as in JSON, encoded as in a URL. The longest first: one may hold another."""
    found = set()
    for secret in secrets:
        found.update((secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]))
        found.update(u'' + quote(secret.encode('utf-8'), safe) for safe in ('', '/'))
    return sorted((form for form in found if form), key=len, reverse=True)


#: Values that are words of every log, whatever option has them.
_COMMON = frozenset(('true', 'false', 'none', 'nova', 'service', 'default', 'admin', 'local', 'localhost', 'keystone', 'neutron',
                     'info', 'json', 'utf8', 'regionone', 'password', 'libvirt', 'glance', 'cinder', 'placement'))


def shown(section, option):
    """True if the value of an option may be in a bundle."""
    return section == 'light_snapshot' or option in SHOWN
