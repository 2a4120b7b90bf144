"""Who may write to the directories above what root and nova run."""
import json
import os

import pytest

from installer_fakes import PYTHON_DIR


def rows(node):
    """(exit code of verify, {directory: (result, detail)})."""
    code, out, _err = node.run('verify', '--json')
    return code, dict((one['subject'], (one['result'], one['detail'])) for one in json.loads(out)['checks']
                      if one['subject'] == 'directories' or os.path.isdir(node.top + one['subject']))


def test_root_alone(compute):
    assert compute.run('install')[0] == 0
    code, found = rows(compute)
    assert code == 0 and [result for result, _detail in found.values()] == ['ok'] and list(found) == ['directories']


@pytest.mark.parametrize('mode,uid,gid,result,word', [
    (0o777, 0, 0, 'FAIL', 'everybody'), (0o755, 12345, 0, 'note', 'uid 12345'), (0o2775, 0, 50, 'note', 'group 50'),
])
def test_directories_that_others_write_to(compute, mode, uid, gid, result, word):
    """A virtual environment that is nova's user's; /usr/local of Debian, which is the group staff's; one that is everybody's."""
    assert compute.run('install')[0] == 0
    place = os.path.dirname(PYTHON_DIR)
    for path in (place, PYTHON_DIR, PYTHON_DIR + '/nova', PYTHON_DIR + '/nova/virt'):
        os.chown(compute.top + path, uid, gid)
        os.chmod(compute.top + path, mode)
    code, found = rows(compute)
    # Once, and not for each directory below.
    assert list(found) == [place] and found[place][0] == result and word in found[place][1]
    assert code == (1 if result == 'FAIL' else 0)
    _code, out, _err = compute.run('doctor')
    assert ('chmod o-w' in out) == (result == 'FAIL')


def test_one_below_with_another_fault(compute):
    assert compute.run('install')[0] == 0
    os.chown(compute.top + PYTHON_DIR, 12345, 0)
    os.chmod(compute.at('light_snapshot/engine'), 0o757)
    code, found = rows(compute)
    assert code == 1
    assert dict((path, result) for path, (result, _detail) in found.items()) == {
        PYTHON_DIR: 'note', PYTHON_DIR + '/light_snapshot/engine': 'FAIL'}
    # A sticky one lets nobody replace what is another's.
    os.chmod(compute.at('light_snapshot/engine'), 0o1777)
    assert rows(compute)[0] == 0
