"""The pages that do something to several servers, after saying to each what
it does."""

import hashlib
import json
import logging

from django import forms as django_forms

from horizon import exceptions
from horizon import forms
from horizon import messages
from horizon.utils import memoized

from openstack_dashboard import api as dashboard_api

from light_snapshot_dashboard import api
from light_snapshot_dashboard import compat
from light_snapshot_dashboard import points
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import dialogs
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import forms as project_forms
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import losing
from light_snapshot_dashboard.project import ways
from light_snapshot_dashboard.project import when

LOG = logging.getLogger(__name__)

# Each of them is asked for; nobody reads about more.
MOST = 50


class Chosen(object):
    """One of the servers, as it is now.

    `hindrance` says why it is left out, if it is.
    """

    help = losses = ()

    def __init__(self, request, work, server_id):
        self.id = self.name = server_id
        self.listing = points.Listing({})
        try:
            self.server = dashboard_api.nova.server_get(request, server_id)
            self.name = self.server.name or server_id
            self.hindrance = self._hindrance(request, work)
            if self.hindrance is None and work.needs_listing:
                self.listing = api.listing(request, server_id)
                when.tell(request, self.listing.points)
                self.hindrance = work.hindered_by(self.listing)
        except Exception as error:
            failures.log_in_again(request, error)
            self.hindrance = api.words(error).rstrip('.')
        if self.hindrance is None:
            self.help = work.help(self)
            self.losses = work.losses(self.listing)

    def _hindrance(self, request, work):
        if not rights.offered(request, work.verb, self.server):
            return work.senseless
        return rights.hindrance(request, self.server)

    @property
    def seen(self):
        """Changes whenever something else would be lost than before."""
        return hashlib.sha256(
            self.listing.fingerprint.encode('utf-8')).hexdigest()[:16]


class BatchForm(forms.SelfHandlingForm):
    """What is done to all of them; a class of these for each kind of work.

    `seen`: a JSON object of the servers' ids and what was lost by each when
    the page was made.
    """

    verb = None
    needs_listing = True
    needs_layers = True
    senseless = _('light snapshots are not enabled')
    done = None

    seen = forms.CharField(widget=django_forms.HiddenInput)

    def __init__(self, request, *args, **kwargs):
        self.chosen = kwargs.pop('chosen')
        super(BatchForm, self).__init__(request, *args, **kwargs)

    @classmethod
    def hindered_by(cls, listing):
        """Why the layers forbid it: a few words, or None."""
        if listing.preview is not None:
            return _('a preview is shown')
        if cls.needs_layers and listing.committed:
            return _('all its layers are committed')
        return None

    @classmethod
    def help(cls, chosen):
        """What is done to this server: paragraphs."""
        return []

    @classmethod
    def losses(cls, listing):
        """What cannot be had back afterwards: paragraphs."""
        return []

    def handle(self, request, data):
        """Asks the API for one after another, and tells of each."""
        seen, done, not_done = ids(data['seen']), [], []
        for each in self.chosen:
            why = each.hindrance
            if why is None and each.losses and seen[each.id] != each.seen:
                why = gettext('the restore points have changed since this '
                              'page was opened')
            if why is None:
                why = self._one(request, each, data)
            if why is None:
                done.append(each.name)
            else:
                not_done.append(gettext('"%(name)s" (%(why)s)') % {
                    'name': each.name, 'why': why})
        # One message: many do not fit into the cookie that carries them.
        if not_done:
            messages.error(request, gettext('Nothing was done to %s.')
                           % u', '.join(not_done))
        if done:
            messages.success(request, compat.text_type(self.done) %
                             u', '.join(u'"%s"' % name for name in done))
        return True

    def _one(self, request, each, data):
        """Why it was refused, or None."""
        try:
            self.act(request, each, data)
        except Exception as error:
            failures.log_in_again(request, error)
            LOG.info('light snapshot request refused: %s', error)
            return api.words(error).rstrip('.')
        return None

    def act(self, request, each, data):
        """Asks the API to do it to one of them."""
        raise NotImplementedError()


class EnableForm(BatchForm):
    """Enable light snapshots."""

    verb = rights.ENABLE
    needs_listing = False
    senseless = _('light snapshots are enabled already, or not possible')
    done = _('Enabling light snapshots for %s.')
    store = project_forms.store_field()
    daily = project_forms.daily_field()

    def act(self, request, each, data):
        api.enable(request, each.id, data['store'], data['daily'])


class TakeForm(BatchForm):
    """Take light snapshots."""

    verb = rights.TAKE
    done = _('Light snapshots taken: %s.')
    name = project_forms.name_field()
    description = project_forms.description_field()
    quiesce = project_forms.quiesce_field()

    @classmethod
    def losses(cls, listing):
        return losing.taking(listing)

    def act(self, request, each, data):
        api.take(request, each.id, data['name'], data['description'],
                 data['quiesce'])


class RecoverForm(BatchForm):
    """Go back to the last snapshot of each."""

    verb = rights.RECOVER
    done = _('Recovering %s.')
    safety = ways.safety_field()

    @classmethod
    def hindered_by(cls, listing):
        if listing.default is None:
            return _('there is no restore point')
        return super(RecoverForm, cls).hindered_by(listing)

    @classmethod
    def help(cls, chosen):
        return [gettext('Goes back to %s.') % dialogs.named(
            chosen.listing.default)] + dialogs.restart(chosen.server)

    @classmethod
    def losses(cls, listing):
        return losing.recovering(listing, listing.default)

    def act(self, request, each, data):
        # Where there can be none the API would refuse to be asked.
        api.recover(request, each.id, each.listing.default.index,
                    data['safety'] if each.listing.safety else None)


class DisableForm(BatchForm):
    """Disable light snapshots."""

    verb = rights.DISABLE
    needs_layers = False
    done = _('Disabling light snapshots for %s.')

    @classmethod
    def losses(cls, listing):
        return losing.disabling(listing)

    def act(self, request, each, data):
        api.disable(request, each.id)


def ids(seen):
    """The object that a form's `seen` is, {server id: ...}; else an empty
    one."""
    try:
        found = json.loads(seen)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


class BatchView(forms.ModalFormView):
    """A form about the servers in the query."""

    template_name = 'light_snapshot_dashboard/form.html'
    form_name = None
    dangerous = False

    def get_success_url(self):
        return links.came_from(self.request) or compat.reverse(
            'horizon:project:instances:index')

    def get_cancel_url(self):
        return self.get_success_url()

    @memoized.memoized_method
    def get_chosen(self):
        """The servers, as they are now, by name."""
        if self.request.method == 'POST':
            wanted = list(ids(self.request.POST.get('seen', '')))
        else:
            wanted = self.request.GET.getlist('id')
        wanted = sorted(set(wanted))
        if not wanted:
            self.send_back(gettext('Tick the instances first.'))
        if len(wanted) > MOST:
            self.send_back(gettext('Tick %d instances at most.') % MOST)
        return sorted((Chosen(self.request, self.form_class, each)
                       for each in wanted), key=lambda each: each.name)

    def get_submit_url(self):
        """Where the form is sent to."""
        return links.batch(self.form_name, (), self.get_success_url())

    def send_back(self, why):
        """Leaves the form for the page that the user came from."""
        messages.error(self.request, why)
        raise exceptions.Http302(self.get_success_url())

    def get_form_kwargs(self):
        kwargs = super(BatchView, self).get_form_kwargs()
        kwargs['chosen'] = self.get_chosen()
        return kwargs

    def get_initial(self):
        return {'safety': True, 'seen': json.dumps(
            dict((each.id, each.seen) for each in self.get_chosen()),
            sort_keys=True)}

    def get_context_data(self, **kwargs):
        context = super(BatchView, self).get_context_data(**kwargs)
        context.update({
            'dangerous': self.dangerous,
            'help': [],
            'servers': self.get_chosen(),
            'modal_id': 'light_snapshot_batch_modal',
            'form_id': 'light_snapshot_batch_form',
            'submit_url': self.get_submit_url(),
        })
        return context


class EnableView(BatchView):
    """Enable light snapshots."""

    form_class = EnableForm
    form_name = 'enable'
    page_title = modal_header = _('Enable Light Snapshots')
    submit_label = _('Enable')


class TakeView(BatchView):
    """Take light snapshots."""

    form_class = TakeForm
    form_name = 'take'
    page_title = modal_header = _('Take Light Snapshots')
    submit_label = _('Take Light Snapshots')


class RecoverView(BatchView):
    """Go back to the last snapshot of each."""

    form_class = RecoverForm
    form_name = 'recover'
    page_title = modal_header = _('Recover from Light Snapshots')
    submit_label = _('Recover')
    dangerous = True


class DisableView(BatchView):
    """Disable light snapshots."""

    form_class = DisableForm
    form_name = 'disable'
    page_title = modal_header = _('Disable Light Snapshots')
    submit_label = _('Disable')
    dangerous = True
