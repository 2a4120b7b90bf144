"""Running commands, showing progress, and errors that say where to look."""
import subprocess
import sys
import threading
import time
from pathlib import Path

from . import settings

_T0 = time.monotonic()
_PRINT = threading.Lock()


def say(text):
    """Print one line of progress, with the seconds since the command began."""
    with _PRINT:
        print("[%6.1f s] %s" % (time.monotonic() - _T0, text), flush=True)


class TestbedError(Exception):
    """Something of the testbed failed; the text says what, and where its log is."""

    __test__ = False


def tail(path, lines=15):
    """Return the last LINES lines of the file PATH, indented; a note if it cannot be read."""
    try:
        text = Path(path).read_text(errors="replace")
    except OSError as error:
        return "    (%s)" % error
    return "\n".join("    " + line[:400] for line in text.splitlines()[-lines:]) or "    (empty)"


def failed(what, log=None):
    """Return a TestbedError that names WHAT, the log file LOG, and the log's last lines."""
    if log is None:
        return TestbedError(what)
    return TestbedError("%s\n  log: %s\n%s" % (what, log, tail(log)))


def run(argv, log=None, user=None, text=None, check=True, timeout=600, environment=None):
    """Run ARGV and return (exit code, standard output).

    With LOG the output goes to that file instead, and the returned text is empty: a command that leaves a daemon behind must be run
    so, for a daemon that inherits a pipe keeps its reader waiting.  USER runs it as that system user, TEXT is its standard input,
    TIMEOUT is in seconds.  Raises TestbedError when CHECK is set and the command fails, cannot be started or takes too long.
    """
    if user:
        # The command dies with this process: a killed `up` must not leave something that writes into a database behind.
        argv = ["setpriv", "--reuid", user, "--regid", user, "--init-groups", "--pdeathsig", "KILL", "--"] + list(argv)
    name = " ".join(str(a) for a in argv)[:160]
    stdin = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
    sink = open(log, "w") if log else subprocess.PIPE
    try:
        done = subprocess.run(
            argv, stdout=sink, stderr=subprocess.STDOUT, text=True, errors="replace", timeout=timeout,
            env=environment or settings.ENVIRONMENT, cwd="/", **stdin)
    except subprocess.TimeoutExpired:
        raise failed("%s: no end after %d s" % (name, timeout), log) from None
    except OSError as error:
        raise TestbedError("%s: %s" % (name, error)) from None
    finally:
        if log:
            sink.close()
    output = done.stdout or ""
    if check and done.returncode:
        if log:
            raise failed("%s: exit code %d" % (name, done.returncode), log)
        raise TestbedError("%s: exit code %d\n%s" % (name, done.returncode, "\n".join(output.splitlines()[-15:])))
    return done.returncode, output


def poll(question, seconds, pause=0.1):
    """Ask QUESTION (a callable) until its answer is true or SECONDS are over; return the last answer."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() >= deadline:
            return answer
        time.sleep(pause)


def together(jobs):
    """Run JOBS (a dict of name to callable) at the same time; return their answers by name.

    Waits for all of them.  Raises TestbedError naming each job that failed.
    """
    answers, errors = {}, {}

    def one(name, job):
        try:
            answers[name] = job()
        except TestbedError as error:
            errors[name] = str(error)
        except Exception as error:  # a bug in a thread must not pass for success
            errors[name] = "%s: %s" % (type(error).__name__, error)

    threads = [threading.Thread(target=one, args=item, daemon=True) for item in jobs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise TestbedError("\n".join("%s: %s" % item for item in errors.items()))
    return answers


def die(error):
    """Print ERROR as the command's last words and leave with exit code 1."""
    sys.stdout.flush()
    print("testbed: %s" % error, file=sys.stderr)
    raise SystemExit(1)
