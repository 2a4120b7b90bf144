"""AppArmor: as the first version's instructions, recorded, and undone."""
import os

import pytest

from installer_fakes import write
from light_snapshot_installer import apparmor, paths

PROFILES = ('usr.sbin.libvirtd', 'usr.lib.libvirt.virt-aa-helper')


@pytest.fixture
def confined(compute, services):
    """A compute host whose kernel runs AppArmor."""
    write(compute.top + '/sys/module/apparmor/parameters/enabled', u'Y\n')
    for name in PROFILES:
        write(compute.top + '/etc/apparmor.d/' + name, u'profile')
    write(compute.top + '/sbin/apparmor_parser', u'', 0o755)
    write(compute.bin + '/apparmor_parser', u'#!/bin/sh\necho "$@" >> %s/var/log/parser\n' % compute.top, 0o755)
    write(compute.top + '/var/log/parser', u'')
    return compute


def parser_calls(node):
    """What apparmor_parser was asked, the root taken off."""
    with open(node.top + '/var/log/parser') as stream:
        return [line.strip().replace(node.top, '') for line in stream]


def link(node, name):
    return node.top + '/etc/apparmor.d/disable/' + name


def test_both_profiles_are_disabled_and_come_back(confined):
    before = confined.tree()
    assert confined.run('install')[0] == 0
    for name in PROFILES:
        assert os.readlink(link(confined, name)) == '/etc/apparmor.d/' + name
    assert parser_calls(confined) == ['-R /etc/apparmor.d/' + name for name in PROFILES]
    code, out, _err = confined.run('verify')
    assert code == 0 and 'AppArmor usr.sbin.libvirtd' in out
    assert confined.run('rollback')[0] == 0
    assert parser_calls(confined)[2:] == ['-r /etc/apparmor.d/' + name for name in PROFILES]
    assert confined.tree() == before


def test_keep(confined):
    assert confined.run('install', '--apparmor=keep')[0] == 0
    assert not os.path.exists(confined.top + '/etc/apparmor.d/disable')
    assert parser_calls(confined) == []
    code, out, _err = confined.run('verify', '--quiet')
    assert code == 0 and 'kept' in out
    # An upgrade of the package keeps the choice.
    assert confined.run('install', '--maintainer-script')[0] == 0
    assert not os.path.exists(confined.top + '/etc/apparmor.d/disable')


def test_choice_from_the_defaults_file_and_change_of_mind(confined):
    write(confined.top + '/etc/default/light-snapshot', u'# before dpkg -i\nAPPARMOR=keep\n')
    assert confined.run('install', '--maintainer-script')[0] == 0
    assert not os.path.exists(link(confined, PROFILES[0]))
    assert confined.run('install', '--apparmor=disable')[0] == 0
    assert os.path.islink(link(confined, PROFILES[0]))
    assert confined.run('install', '--apparmor=keep')[0] == 0
    assert not os.path.lexists(link(confined, PROFILES[0]))
    assert confined.run('verify')[0] == 0


def test_wrong_word_in_the_defaults_file(confined):
    write(confined.top + '/etc/default/light-snapshot', u'APPARMOR=maybe\n')
    code, _out, err = confined.run('install')
    assert code == 1 and 'is none of keep, confine, disable' in err and 'Nothing was changed' in err


def test_links_of_the_operator_stay(confined):
    os.makedirs(confined.top + '/etc/apparmor.d/disable')
    os.symlink('/etc/apparmor.d/' + PROFILES[0], link(confined, PROFILES[0]))
    before = confined.tree()
    confined.run('install')
    assert confined.run('rollback')[0] == 0
    assert confined.tree() == before


def test_libvirtd_asks_again_whether_it_is_confined(confined, services):
    write(confined.top + '/etc/init.d/libvirtd', u'', 0o755)
    write(confined.bin + '/libvirtd', u'import time\ntime.sleep(600)\n')
    services.start('libvirtd', 'nova-compute')
    assert confined.run('install')[0] == 0
    assert services.asked() == ['service libvirtd restart', 'service nova-compute restart']
    write(confined.calls, u'')
    assert confined.run('install')[0] == 0
    assert services.asked() == []


@pytest.mark.parametrize('remove', ['/sys/module/apparmor/parameters/enabled', '/sbin/apparmor_parser'])
def test_nodes_without_apparmor_are_left_alone(confined, remove):
    os.unlink(confined.top + remove)
    assert confined.run('install')[0] == 0
    assert not os.path.exists(confined.top + '/etc/apparmor.d/disable')
    code, out, _err = confined.run('verify')
    assert code == 0 and 'does not run on this node' in out


#: What virt-aa-helper of libvirt 9.0.0 prints of a guest with a layer, as far as it matters, and what 12.1 does not.
ALLOWED = u'''#!/bin/sh
top=$(sed -n "s/.*<source file='\\(.*\\)\\/disk.light-1'.*/\\1/p")
echo "  \\"$top/disk.light-1\\" rwk,"
echo "  \\"$top/disk\\" rk,"
'''
DENIED = ALLOWED + u'''echo "  deny \\"$top/disk\\" w,"
'''


def helper(node, text):
    """A virt-aa-helper."""
    write(node.top + '/usr/lib/libvirt/virt-aa-helper', text, 0o755)


@pytest.mark.parametrize('text', [DENIED, u'#!/bin/sh\nexit 1\n', None])
def test_guests_that_cannot_be_confined(confined, text):
    if text:
        helper(confined, text)
    before = confined.tree()
    code, _out, err = confined.run('install', '--apparmor=confine')
    assert code == 3 and 'cannot be confined' in err and 'Nothing was changed' in err
    assert confined.tree() == before and parser_calls(confined) == []


def test_confine(confined):
    helper(confined, ALLOWED)
    assert confined.run('install', '--apparmor=disable')[0] == 0
    code, out, _err = confined.run('verify', '--quiet')
    assert code == 0 and 'install --apparmor=confine' in out
    assert confined.run('install', '--apparmor=confine')[0] == 0
    assert not os.path.lexists(link(confined, PROFILES[0]))
    assert parser_calls(confined)[2:] == ['-r /etc/apparmor.d/' + name for name in PROFILES]
    code, out, _err = confined.run('verify')
    assert code == 0 and 'lets confined guests commit' in out
    # libvirt goes back to an older release: an upgrade of the package is not stopped by that, and verify says it.
    helper(confined, DENIED)
    code, out, _err = confined.run('install', '--maintainer-script')
    assert code == 0 and 'it was otherwise' in out
    assert confined.run('verify')[0] == 1


def test_the_least_is_done_where_nobody_has_chosen(confined):
    """A libvirt that can do without disabled profiles keeps them; with another they go, and that is said aloud. Once."""
    helper(confined, ALLOWED)
    code, out, _err = confined.run('install', '--maintainer-script')
    assert code == 0 and 'NOBODY HAS CHOSEN' not in out
    assert parser_calls(confined) == [] and not os.path.lexists(link(confined, PROFILES[0]))
    assert confined.run('verify')[0] == 0
    assert confined.run('rollback')[0] == 0
    os.unlink(confined.top + paths.STATE_FILE)
    helper(confined, DENIED)
    code, out, _err = confined.run('install', '--maintainer-script')
    assert code == 0 and 'NOBODY HAS CHOSEN' in out and '%s, %s' % PROFILES in out and '--apparmor=keep' in out
    assert os.path.islink(link(confined, PROFILES[0]))
    helper(confined, ALLOWED)
    code, out, _err = confined.run('install', '--maintainer-script')
    assert code == 0 and 'NOBODY HAS CHOSEN' not in out
    # What was decided before holds; that it is not needed any more is for verify to say.
    assert os.path.islink(link(confined, PROFILES[0]))


def test_a_choice_to_keep_outlives_a_rollback(confined):
    assert confined.run('install', '--apparmor=keep')[0] == 0
    assert confined.run('rollback')[0] == 0
    assert confined.run('install')[0] == 0
    assert parser_calls(confined) == []
    assert confined.run('install', '--apparmor=disable')[0] == 0
    assert confined.run('rollback')[0] == 0
    helper(confined, ALLOWED)
    assert confined.run('install')[0] == 0
    assert not os.path.lexists(link(confined, PROFILES[0]))


def test_nothing_is_chosen_before_there_is_something_to_choose(confined):
    """libvirt comes after us: it is then that the choice is made."""
    for name in PROFILES:
        os.unlink(confined.top + '/etc/apparmor.d/' + name)
    assert confined.run('install')[0] == 0
    assert confined.run('verify')[0] == 0
    for name in PROFILES + ('usr.sbin.virtqemud',):
        write(confined.top + '/etc/apparmor.d/' + name, u'profile')
    code, out, _err = confined.run('verify', '--quiet')
    assert code == 1 and 'came after light-snapshot' in out
    helper(confined, DENIED)
    code, out, _err = confined.run('install', '--maintainer-script')
    assert code == 0 and 'NOBODY HAS CHOSEN' in out
    assert os.path.islink(link(confined, 'usr.sbin.virtqemud'))
    assert confined.run('verify')[0] == 0


def test_what_the_operator_disabled_is_no_fault(confined):
    os.makedirs(confined.top + '/etc/apparmor.d/disable')
    os.symlink('/etc/apparmor.d/' + PROFILES[0], link(confined, PROFILES[0]))
    helper(confined, ALLOWED)
    assert confined.run('install')[0] == 0
    code, out, _err = confined.run('verify', '--quiet')
    assert code == 0 and 'is disabled, and not by light-snapshot' in out


@pytest.mark.skipif(not os.access(apparmor.HELPER, os.X_OK), reason='no libvirt with AppArmor is on this machine')
def test_the_real_helper_answers():
    """Whatever it answers: it understood the question."""
    assert apparmor.can_confine(paths.Root('/')) in (True, False)


def test_diff_of_a_changed_file(compute):
    compute.run('install')
    path = compute.at('light_snapshot/engine/engine.py')
    write(path, u'# engine/engine.py\nVERSION = "mine"\n')
    code, out, _err = compute.run('verify', '--diff')
    assert code == 1
    assert '-VERSION = "1.0"' in out.splitlines() and '+VERSION = "mine"' in out.splitlines()
    assert '--- package%s' % path[len(compute.top):] in out and '\x1b' not in out
    from light_snapshot_installer import drift
    entry = type('Entry', (), {'source': compute.share + '/overlay/dist-packages/light_snapshot/engine/engine.py',
                               'target': path[len(compute.top):]})
    painted = list(drift.lines(compute.root, [entry], True))
    assert '\x1b[31m-VERSION = "1.0"\x1b[0m' in painted and '\x1b[32m+VERSION = "mine"\x1b[0m' in painted
    write(path, u'\x00')
    assert 'not text' in compute.run('verify', '--diff')[1]
