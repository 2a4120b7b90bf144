"""nova.conf as operators write it."""
import pytest

from installer_fakes import write
from light_snapshot_installer import ini, node as nodes, paths


def config(text):
    found = ini.Config()
    found.read_text(text)
    return found


@pytest.mark.parametrize('text,expected', [
    (u'[a]\nx = 1', '1'),
    (u'[a]\nx=1\nx = 2', '2'),
    (u'[a]\nx: 1', '1'),
    (u'[a]\nx = 1\n[b]\nx = 2\n[a]\nx = 3', '3'),
    (u'[a]\n# x = 2\n; x = 3\nx = 1', '1'),
    (u'[a]\nx = "1"', '1'),
    (u'[a]\nx = a # b', 'a # b'),
    (u'[a]\nx = 50%', '50%'),
    (u'[a]\nx = one\n  two', 'one\ntwo'),
    (u'[a]\nx = p=q:r', 'p=q:r'),
    (u'[DEFAULT]\nip = 10.0.0.1\n[a]\nx = db@$ip/', 'db@10.0.0.1/'),
    (u'[DEFAULT]\nip = 1\n[a]\nx = ${ip}0', '10'),
    (u'[b]\nip = 1\n[a]\nx = ${b.ip}0', '10'),
    (u'[DEFAULT]\nip = "1"\n[a]\nx = ${ip}0', '10'),
    (u'[a]\nx = pa$$word', 'pa$word'),
    (u'[a]\nx = pa$word', 'pa$word'),
    (u'[a]\nx = $x', None),
    (u'[a]\ny = 1', None),
    (u'[a]\nx =', None),
])
def test_values(text, expected):
    found = config(text).get('a', 'x')
    # A value that refers to itself has no answer; it must only come to an end.
    assert found == expected or (text.endswith('$x') and found)


def test_files_in_the_order_of_nova(compute):
    write(compute.top + '/etc/nova/nova.conf', u'[DEFAULT]\nhost = a\nx = 1\n')
    write(compute.top + '/etc/nova/nova.conf.d/10.conf', u'[DEFAULT]\nx = 3\n')
    write(compute.top + '/etc/nova/nova-compute.conf', u'[DEFAULT]\nx = 2\nhost = b\n')
    assert ini.load_nova(compute.root).get('DEFAULT', 'host') == 'a'
    found = ini.load_nova(compute.root, compute=True)
    assert (found.get('DEFAULT', 'host'), found.get('DEFAULT', 'x')) == ('b', '3')


def test_file_that_is_no_utf8(compute):
    with open(compute.top + '/etc/nova/nova.conf', 'ab') as stream:
        stream.write(b'# caf\xe9\nx = 1\n')
    assert ini.load_nova(compute.root).get('DEFAULT', 'x') == '1'


def test_parts(node):
    assert nodes.Node(node.root).parts == []
    node.add_nova(compute=True)
    assert nodes.Node(node.root).parts == ['compute']
    node.add_dashboard()
    assert nodes.Node(node.root).parts == ['compute', 'dashboard']
    node.add_nova(compute=True, controller=True)
    # A controller is one that may change the database.
    assert nodes.Node(node.root).parts == ['compute', 'dashboard']
    node.add_nova(compute=True, controller=True, config=u'[database]\nconnection = mysql://a:b@c/nova\n')
    assert nodes.Node(node.root).parts == ['controller', 'compute', 'dashboard']


def test_code_of_liberty(node):
    """Ubuntu 14.04: nova in Python 2.7's dist-packages, Horizon in /usr/share."""
    write(node.top + '/usr/lib/python2.7/dist-packages/nova/__init__.py', u'')
    write(node.top + '/usr/bin/nova-compute', u'', 0o755)
    write(node.top + '/usr/share/openstack-dashboard/openstack_dashboard/__init__.py', u'')
    found = nodes.Node(node.root)
    assert found.code == '/usr/lib/python2.7/dist-packages'
    assert found.dashboard_code == '/usr/share/openstack-dashboard'


def test_library_alone_is_no_part(node):
    """python3-nova without a service: nothing runs there that would use our files."""
    write(node.at('nova/__init__.py'), u'')
    assert nodes.Node(node.root).code is None


def test_defaults_file(node):
    assert nodes.defaults(node.root).get('DEFAULT', 'APPARMOR') is None
    write(node.top + paths.DEFAULTS_FILE, u'# x\nAPPARMOR="keep"\n')
    assert nodes.defaults(node.root).get('DEFAULT', 'APPARMOR') == 'keep'
