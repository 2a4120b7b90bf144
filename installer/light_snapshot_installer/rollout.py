"""Which light-snapshot every host of the cloud runs: for `light-snapshot doctor`, asked of nova's API with the operator's own rights.

The credentials are those in the environment, OS_* as every OpenStack client takes them. Those in nova.conf are nova's: what they may
do differs from cloud to cloud, and they are not used.
"""
import collections
import os

from light_snapshot_installer import errors
from light_snapshot_installer.checks import FAIL, NOTE, OK
from light_snapshot_installer.diagnosis import Finding

PATH = '/os-light-snapshots/hosts'
#: Seconds that each request may take: nova-api gives hosts 20.
PATIENCE = 60
#: So many hosts are named in one line.
NAMED = 8

_ASK = ("run it with an administrator's credentials in the environment: `. openrc`, then `light-snapshot doctor` (with sudo:"
        ' `sudo -E light-snapshot doctor`)')


def check(root, node, own, environment=None):
    """Findings of the area 'rollout'. `own`: the version of this node's package."""
    environment = os.environ if environment is None else environment
    if not root.live:
        return
    if not (environment.get('OS_AUTH_URL') or environment.get('OS_AUTH_TYPE')):
        if node.controller:
            yield Finding('rollout', NOTE, 'rollout', 'the hosts were not asked which light-snapshot they run', _ASK)
        return
    try:
        status, answer = ask(environment)
    except errors.InstallerError as error:
        yield Finding('rollout', FAIL, 'rollout', 'the hosts could not be asked which light-snapshot they run: %s' % error.what,
                      error.next_step)
        return
    if status == 200:
        for finding in judge(own, answer):
            yield finding
    elif status == 404:
        yield Finding('rollout', NOTE, 'nova-api', 'the one that answered has an older light-snapshot, or none',
                      'install light-snapshot %s on every controller first' % own)
    elif status in (401, 403):
        yield Finding('rollout', NOTE, 'rollout', 'the hosts were not asked which light-snapshot they run: nova-api answered %d'
                      % status, _ASK)
    else:
        yield Finding('rollout', FAIL, 'nova-api', 'it answered %d when it was asked which light-snapshot runs where' % status,
                      "read nova-api's log")


def ask(environment):
    """(HTTP status, the document) of the API. Raises errors.InstallerError if nothing answers, or no token is to be had."""
    try:
        from keystoneauth1 import exceptions, loading, session
    except ImportError:
        raise errors.InstallerError('Python has no keystoneauth1', next_step='apt install python3-keystoneauth1 (Python 2:'
                                                                             ' python-keystoneauth1)')
    kind = environment.get('OS_AUTH_TYPE') or ('token' if environment.get('OS_TOKEN') else 'password')
    try:
        auth = loading.get_plugin_loader(kind).load_from_options_getter(lambda option: value(environment, option))
        client = session.Session(auth=auth, timeout=PATIENCE, user_agent='light-snapshot', **_trust(environment))
        answer = client.get(PATH, headers={'Accept': 'application/json'}, raise_exc=False, **_endpoint(environment))
        return answer.status_code, answer.json() if answer.status_code == 200 else None
    except exceptions.ClientException as error:
        raise errors.InstallerError(' '.join(str(error).split()), next_step='see that OS_* in the environment are right, and that keystone'
                                                                            ' and nova-api answer')
    except ValueError:
        raise errors.InstallerError('nova-api answered with something that is no JSON', next_step="see what OS_* lead to")


def value(environment, option):
    """What the environment says of an option of keystoneauth's (in each of its spellings), or None."""
    for one in [option] + list(option.deprecated):
        found = environment.get('OS_' + one.dest.upper())
        if found:
            return found
    return None


def _trust(environment):
    insecure = environment.get('OS_INSECURE', '').lower() in ('1', 'true', 'yes', 'on')
    found = {'verify': False if insecure else environment.get('OS_CACERT') or True}
    if environment.get('OS_CERT'):
        found['cert'] = (environment['OS_CERT'], environment['OS_KEY']) if environment.get('OS_KEY') else environment['OS_CERT']
    return found


def _endpoint(environment):
    filters = {'service_type': 'compute'}
    for name, words in (('region_name', ('OS_REGION_NAME',)), ('interface', ('OS_INTERFACE', 'OS_ENDPOINT_TYPE'))):
        said = [environment[word] for word in words if environment.get(word)]
        if said:
            filters[name] = said[0]
    found = {'endpoint_filter': filters}
    if environment.get('OS_COMPUTE_ENDPOINT_OVERRIDE'):
        found['endpoint_override'] = environment['OS_COMPUTE_ENDPOINT_OVERRIDE']
    return found


def judge(own, answer):
    """Findings from what the API answered (docs/api.md)."""
    api, groups = answer['api'], collections.OrderedDict()
    for finding in _judge_one('nova-api', api):
        yield finding
    if api['version'] != own:
        yield Finding('rollout', NOTE, 'nova-api', 'the one that answered runs light-snapshot %s, and this node has %s' % (
            api['version'] or 'without a version', own), 'bring every controller to one version')
    for one in answer['hosts']:
        groups.setdefault((one['status'], one['version']), []).append(one)
        for finding in _judge_one(one['host'], one):
            yield finding
    for (status, version), ones in sorted(groups.items(), key=str):
        yield _judge_group(own, status, version, ones)
    for cell in answer['cells_left_out']:
        yield Finding('rollout', NOTE, 'cell %s' % cell, 'its database did not answer; nothing is known of its hosts',
                      'see that the database is up')


def _judge_one(name, one):
    if one['version'] != one['on_disk']:
        yield Finding('rollout', FAIL, name, 'it runs light-snapshot %s, and %s lies on its disk' % (one['version'], one['on_disk']),
                      'run `light-snapshot install` there')
    for text in one['problems']:
        yield Finding('rollout', FAIL, name, text, 'run `light-snapshot doctor` there')


def _judge_group(own, status, version, ones):
    """Of the hosts that have said the same, or nothing for the same reason."""
    names = sorted(one['host'] for one in ones)
    named = '%s%s' % (', '.join(names[:NAMED]), ' and %d more' % (len(names) - NAMED) if len(names) > NAMED else '')
    subject = '%d host%s' % (len(names), '' if len(names) == 1 else 's')
    if status == 'answered' and version == own:
        return Finding('rollout', OK, subject, 'light-snapshot %s: %s' % (version, named), '')
    if status == 'answered':
        return Finding('rollout', NOTE, subject, 'light-snapshot %s, and this node has %s: %s' % (version or 'without a version', own, named),
                       'bring all hosts to one version')
    if status == 'host_older':
        return Finding('rollout', NOTE, subject, 'an older light-snapshot, or none: ' + named,
                       'install light-snapshot %s there; until then operations on their servers may be refused' % own)
    if status == 'host_down':
        return Finding('rollout', NOTE, subject, 'down, and not asked: ' + named, 'ask again once they are up')
    return Finding('rollout', FAIL, subject, ones[0]['reason'] + ('' if len(names) == 1 else ' The same of: ' + named),
                   "read nova-compute's log there, and run `light-snapshot doctor` there")
