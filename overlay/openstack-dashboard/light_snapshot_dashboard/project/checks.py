"""The page that looks for what is wrong with servers' light snapshots, and has
it repaired by who may."""

import json
import logging
import time

from django import forms as django_forms
from django.conf import settings
from django.core.cache import cache

from horizon import forms
from horizon import messages
from horizon.utils import memoized

from openstack_dashboard import api as dashboard_api

from light_snapshot_dashboard import api
from light_snapshot_dashboard import compat
from light_snapshot_dashboard import health
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import batch
from light_snapshot_dashboard.project import failures

LOG = logging.getLogger(__name__)

# Each is looked at while the user waits: so many, and so many seconds.
MOST = 20
PATIENCE = 20

_SEVERITIES = {'error': _('Error'), 'warning': _('Warning')}
_KEY = 'light_snapshot_checked'
_MOST_REMEMBERED = 200
_REMEMBERED = 12 * 3600


class Checked(object):
    """One of the servers, and what is wrong with it.

    `hindrance` says why nobody has looked, if so.
    """

    losses = ()

    def __init__(self, request, server_id, too_late=False):
        self.id = self.name = server_id
        self.found, self.hindrance, self.repairs = health.Found(()), None, False
        try:
            server = dashboard_api.nova.server_get(request, server_id)
            self.name = server.name or server_id
            if not rights.offered(request, rights.CHECK, server):
                self.hindrance = gettext('light snapshots are not enabled')
            elif too_late:
                self.hindrance = gettext('the others took long; check it '
                                         'again by itself')
            else:
                self.found = health.Found(api.check(request, server_id))
                self.repairs = bool(self.found.left) and may_repair(
                    request, server)
                remember(request, server_id, self.found)
        except Exception as error:
            failures.log_in_again(request, error)
            self.hindrance = api.words(error).rstrip('.')
        self.help = [] if self.hindrance or self.found.left else [
            gettext('Nothing is wrong with its layers, its history and what '
                    'the database says of them.')]
        self.losses = sentences(self.found)


def sentences(found):
    """What was found, a paragraph each: the API's own words."""
    return [u'%s: %s' % (compat.text_type(_SEVERITIES.get(
        each.get('severity'), each.get('severity'))), each.get('message'))
        for each in found.left]


def may_repair(request, server):
    """True if a repair is to be offered: an administrator's, unless Horizon's
    policy says otherwise."""
    return rights.permitted(request, rights.REPAIR, server,
                            unknown=request.user.is_superuser)


def counts(errors, warnings):
    """How much is wrong, in words."""
    said = []
    if errors:
        said.append(gettext('errors: %d') % errors)
    if warnings:
        said.append(gettext('warnings: %d') % warnings)
    return u', '.join(said) or gettext('No fault')


def remember(request, server_id, found):
    """Keeps what a check has found for this user's next pages."""
    known = dict(remembered(request))
    known[server_id] = [int(time.time()), len(found.errors),
                        len(found.left) - len(found.errors)]
    newest = dict(sorted(known.items(), key=lambda pair: pair[1][0])
                  [-_MOST_REMEMBERED:])
    if not _session_travels():
        request.session[_KEY] = newest
    elif _cache_is_shared():
        cache.set(_of_user(request), newest, _REMEMBERED)


def remembered(request):
    """{server id: [seconds since 1970, errors, warnings]}"""
    if not _session_travels():
        return request.session.get(_KEY) or {}
    return _cache_is_shared() and cache.get(_of_user(request)) or {}


def _of_user(request):
    return '%s_%s' % (_KEY, request.user.id)


def _session_travels():
    """True if the session is a cookie, which has little room."""
    return settings.SESSION_ENGINE.endswith('signed_cookies')


def _cache_is_shared():
    """True if all processes of Horizon have one cache: else each page would
    know something else."""
    return not settings.CACHES['default']['BACKEND'].endswith(
        ('LocMemCache', 'DummyCache'))


class CheckForm(forms.SelfHandlingForm):
    """Repair what was found, once the user was asked a second time.

    `agreed`: a JSON object of the servers' ids and what was wrong with each.
    """

    of = forms.CharField(widget=django_forms.HiddenInput)
    agreed = forms.CharField(widget=django_forms.HiddenInput, required=False)

    def __init__(self, request, *args, **kwargs):
        self.chosen = kwargs.pop('chosen')
        super(CheckForm, self).__init__(request, *args, **kwargs)

    def handle(self, request, data):
        """Asks first, then the API for one server after another."""
        chosen = [each for each in self.chosen if each.repairs]
        if not chosen:
            messages.info(request, gettext('There is nothing to repair.'))
            return True
        now = dict((each.id, each.found.fingerprint) for each in chosen)
        if batch.ids(data['agreed'] or '{}') != now:
            self.data = self.data.copy()
            self.data['agreed'] = json.dumps(now, sort_keys=True)
            self.api_error(gettext(
                'Nothing was repaired yet. A repair of %s puts right what can '
                'be put right without guessing, and says what is left. To go '
                'on press the button again.')
                % u', '.join(u'"%s"' % each.name for each in chosen))
            return False
        for each in chosen:
            self._repair(request, each)
        return True

    @staticmethod
    def _repair(request, each):
        try:
            found = health.Found(api.check(request, each.id, repair=True))
        except Exception as error:
            failures.log_in_again(request, error)
            LOG.info('repair refused: %s', error)
            messages.error(request, gettext(
                '"%(name)s" was not repaired. %(why)s') % {
                    'name': each.name, 'why': api.words(error)})
            return
        remember(request, each.id, found)
        if found.left:
            messages.warning(request, gettext(
                'Repaired in "%(name)s": %(done)d. Left: %(left)s') % {
                    'name': each.name,
                    'done': len(found.findings) - len(found.left),
                    'left': u' '.join(sentences(found))})
        else:
            messages.success(request, gettext(
                'Repaired in "%(name)s": %(done)d. Nothing is left.') % {
                    'name': each.name, 'done': len(found.findings)})


class CheckView(batch.BatchView):
    """What is wrong with the servers in the query."""

    form_class = CheckForm
    form_name = 'check'
    template_name = 'light_snapshot_dashboard/check.html'
    page_title = modal_header = _('Check of Light Snapshots')
    submit_label = _('Repair')
    cancel_label = _('Close')
    dangerous = True

    @memoized.memoized_method
    def get_chosen(self):
        """The servers, each checked now: by name, what is wrong first."""
        if self.request.method == 'POST':
            wanted = self.request.POST.get('of', '').split()
        else:
            wanted = self.request.GET.getlist('id')
        wanted = sorted(set(wanted))
        if not wanted:
            self.send_back(gettext('Tick the instances first.'))
        if len(wanted) > MOST:
            self.send_back(gettext('Tick %d instances at most.') % MOST)
        until, found = time.time() + PATIENCE, []
        for each in wanted:
            # The first one always has its turn.
            found.append(Checked(self.request, each,
                                 bool(found) and time.time() > until))
        return sorted(found,
                      key=lambda each: (not each.found.left, each.name))

    def get_initial(self):
        return {'of': ' '.join(each.id for each in self.get_chosen()),
                'agreed': ''}

    def get_context_data(self, **kwargs):
        context = super(CheckView, self).get_context_data(**kwargs)
        chosen = self.get_chosen()
        context['repairs'] = any(each.repairs for each in chosen)
        if any(each.found.left for each in chosen) and not context['repairs']:
            context['help'] = [gettext('An administrator can have it '
                                       'repaired.')]
        return context
