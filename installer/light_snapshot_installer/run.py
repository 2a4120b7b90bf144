"""Running other programs: lists of arguments, never a shell."""
import os
import subprocess
import sys
import tempfile

from light_snapshot_installer import errors


#: What a service may see of our environment: the rest of it is the operator's shell.
CLEAN = ('PATH', 'LANG', 'TERM', 'DPKG_ROOT')


def run(argv, check=True, clean=False, given=b''):
    """Run `argv` and return (exit code, output of both streams as text).

    With `check` a failure raises errors.CommandFailed. A program that does not exist has exit code 127. Messages are
    in the C locale, so that this program can read them; with `clean` (for what starts services) the program gets no
    more of the environment than CLEAN. `given` is its standard input.
    """
    environment = dict((key, value) for key, value in os.environ.items() if not clean or key in CLEAN)
    if not clean:
        environment['LC_ALL'] = 'C'
    # A file and not a pipe: a daemon that the program leaves behind may keep its output open for ever.
    with tempfile.TemporaryFile() as asked, tempfile.TemporaryFile() as captured:
        asked.write(given)
        asked.seek(0)
        try:
            code = subprocess.call(argv, stdin=asked, stdout=captured, stderr=subprocess.STDOUT, env=environment,
                                   close_fds=True)
        except OSError as error:
            code, output = 127, str(error)
        else:
            captured.seek(0)
            output = captured.read().decode('utf-8', 'replace')
    if check and code != 0:
        raise errors.CommandFailed(argv, code, output)
    return code, output


def which(root, name):
    """The path of the program `name` on the node under `root` (without the root), or None.

    A nova in a virtual environment has its programs beside the Python that runs it and us.
    """
    directories = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin']
    beside = root.inside(os.path.realpath(os.path.dirname(sys.executable)))
    for directory in directories + ([beside] if beside else []):
        candidate = os.path.join(directory, name)
        if os.path.exists(root.followed(candidate)):
            return candidate
    return None
