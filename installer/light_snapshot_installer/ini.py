"""Reading nova's configuration the way oslo.config does, as far as this program needs it."""
import glob
import io
import os
import re

_REFERENCE = re.compile(r'\$\$|\\\$|\$\{(?P<braced>[\w.]+)\}|\$(?P<plain>\w+)')


class Config(object):
    """Options of one or more files; a later file and a later line win, sections and options may repeat."""

    def __init__(self):
        self._values = {}
        self._defaults = {}
        self.files = []

    def read_text(self, text):
        """Add the options in `text`; a line that starts with blanks continues the value above it."""
        section, key = 'DEFAULT', None
        for line in text.splitlines():
            if not line.strip():
                key = None
                continue
            if line.lstrip()[0] in '#;':
                continue
            if line[0] in ' \t' and key is not None:
                self._values[(section, key)] += '\n' + line.strip()
                continue
            header = re.match(r'\[([^\]]+)\]', line.strip())
            if header:
                section, key = header.group(1).strip(), None
                continue
            found = re.match(r'([^=:]+?)\s*[=:]\s*(.*)$', line.strip())
            if found:
                key = found.group(1)
                self._values[(section, key)] = found.group(2).strip()

    def read_file(self, path):
        """Add a file's options; a file that is not there adds none."""
        if not os.path.isfile(path):
            return
        with io.open(path, encoding='utf-8', errors='replace') as stream:
            self.read_text(stream.read())
        self.files.append(path)

    def default(self, section, key, value):
        """Let an option that no file gives have a value, also where another one refers to it."""
        self._defaults[(section, key)] = value

    def items(self):
        """[((section, option), value as it is written)]."""
        return sorted(self._values.items())

    def get(self, section, key, default=None):
        """The value with its `$option` references replaced; quotes around the whole value are dropped."""
        value = self._written(section, key)
        if value is None or value == '':
            return default
        return self._substitute(_bare(value), section, 0)

    def _written(self, section, key):
        return self._values.get((section, key), self._defaults.get((section, key)))

    def _substitute(self, value, section, depth):
        def replace(found):
            if found.group(0) in ('$$', '\\$'):
                return '$'
            name = found.group('braced') or found.group('plain')
            group, _, option = name.rpartition('.')
            for where in ([group] if group else [section, 'DEFAULT']):
                raw = self._written(where, option)
                if raw is not None and depth < 10:
                    return self._substitute(_bare(raw), where, depth + 1)
            # A password may hold a lone dollar sign: what names no option stays as it is.
            return found.group(0)
        return _REFERENCE.sub(replace, value)


def _bare(value):
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in '"\'' else value


def load_nova(root, compute=False):
    """nova's configuration on this node; with `compute` as nova-compute reads it (Debian adds nova-compute.conf)."""
    config = Config()
    names = ['/usr/share/nova/nova-dist.conf', '/etc/nova/nova.conf']
    if compute:
        names.append('/etc/nova/nova-compute.conf')
    for name in names:
        config.read_file(root.followed(name))
    for directory in ['/etc/nova/nova.conf.d'] + (['/etc/nova/nova-compute.conf.d'] if compute else []):
        for path in sorted(glob.glob(root.followed(directory) + '/*.conf')):
            config.read_file(root.followed(root.inside(path)))
    return config


def instances_path(config, code, state_path):
    """nova's instances_path; `code`: the directory with its package, or None; `state_path`: where it keeps things if no file says it.

    What cannot be filled in keeps its `$`.
    """
    if code:
        config.default('DEFAULT', 'pybasedir', code)
    config.default('DEFAULT', 'state_path', state_path)
    config.default('DEFAULT', 'instances_path', '$state_path/instances')
    # An option that is there and empty is not nova's default; nova would not live with it.
    return config.get('DEFAULT', 'instances_path', '')
