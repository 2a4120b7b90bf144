"""What all our dialogs have in common: one form about one server."""

import logging

from django import forms as django_forms

from horizon import exceptions
from horizon import forms
from horizon import messages
from horizon.utils import memoized

from openstack_dashboard import api as dashboard_api

from light_snapshot_dashboard import api
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import when

LOG = logging.getLogger(__name__)


class ServerForm(forms.SelfHandlingForm):
    """A form about one server.

    A refusal of the API is shown in the form, which stays open.
    """

    refused = _('The request was refused.')

    def __init__(self, request, *args, **kwargs):
        self.server = kwargs.pop('server')
        self.server_name = self.server.name or self.server.id
        super(ServerForm, self).__init__(request, *args, **kwargs)

    def handle(self, request, data):
        """Asks the API; False if it refused."""
        try:
            said = self.ask(request, data)
        except Exception as error:
            failures.log_in_again(request, error)
            LOG.info('light snapshot request refused: %s', error)
            self.api_error(failures.sentence(self.refused, error))
            return False
        if said is None:
            return False
        messages.success(request, said)
        return True

    def ask(self, request, data):
        """Sends the request; returns what to tell the user.

        None if it was not sent because of an error put on the form.
        """
        raise NotImplementedError()


class InformedForm(ServerForm):
    """A form whose user has read what will be lost.

    It carries what that was made from, and does nothing if the restore points
    are others by now.
    """

    seen = forms.CharField(widget=django_forms.HiddenInput, required=False)

    def __init__(self, request, *args, **kwargs):
        self.listing = kwargs.pop('listing')
        super(InformedForm, self).__init__(request, *args, **kwargs)

    def ask(self, request, data):
        if self.matters() and data['seen'] != self.listing.fingerprint:
            self.api_error(gettext(
                'The restore points have changed since this page was opened. '
                'Nothing was done. Close it and look at them again.'))
            return None
        return self.act(request, data)

    def matters(self):
        """True if something would be lost."""
        return True

    def act(self, request, data):
        """As `ask`, once what the user has read still holds."""
        raise NotImplementedError()


class ServerFormView(forms.ModalFormView):
    """A form about the server named in the address."""

    template_name = 'light_snapshot_dashboard/form.html'
    # How links.form() calls the form.
    form_name = None
    dangerous = False

    @memoized.memoized_method
    def get_server(self):
        """The server; sends the user back if it cannot be had."""
        try:
            return dashboard_api.nova.server_get(self.request,
                                                 self.kwargs['instance_id'])
        except Exception as error:
            self.give_up(_('The instance could not be read.'), error)

    def give_up(self, what, error):
        """Sends the user back with the reason; called in an except clause."""
        failures.log_in_again(self.request, error)
        self.send_back(failures.sentence(what, error))

    def send_back(self, why):
        """Leaves the form for the page that the user came from."""
        messages.error(self.request, why)
        raise exceptions.Http302(self.get_success_url())

    def get_success_url(self):
        return links.back(self.request, self.kwargs['instance_id'])

    def get_cancel_url(self):
        return self.get_success_url()

    def get_form_kwargs(self):
        kwargs = super(ServerFormView, self).get_form_kwargs()
        kwargs['server'] = self.get_server()
        return kwargs

    def get_submit_url(self):
        """Where the form is sent to."""
        return links.form(self.form_name, self.kwargs['instance_id'],
                          index=self.kwargs.get('index'),
                          back=self.get_success_url())

    def get_context_data(self, **kwargs):
        context = super(ServerFormView, self).get_context_data(**kwargs)
        server = self.get_server()
        context.update({
            'server': server,
            'dangerous': self.dangerous,
            'help': self.help(server),
            'losses': self.losses(server),
            'modal_id': 'light_snapshot_%s_modal' % self.form_name,
            'form_id': 'light_snapshot_%s_form' % self.form_name,
            'submit_url': self.get_submit_url(),
        })
        return context

    def help(self, server):
        """What stands beside the form: a list of paragraphs."""
        return []

    def losses(self, server):
        """What cannot be had back afterwards: a list of paragraphs."""
        return []


class InformedFormView(ServerFormView):
    """The same, for a form that needs the restore points as they are."""

    # Whether this is one of the two ways out of a preview.
    ends_preview = False

    @memoized.memoized_method
    def get_listing(self):
        """The restore points as they are now."""
        try:
            listing = api.listing(self.request, self.kwargs['instance_id'])
        except Exception as error:
            self.give_up(_('The restore points could not be read.'), error)
        when.tell(self.request, listing.points)
        if self.ends_preview:
            if listing.preview is None:
                self.send_back(gettext('This instance shows no preview.'))
        elif listing.preview is not None:
            self.send_back(gettext('This instance shows a preview: keep or '
                                   'undo it before anything else.'))
        return listing

    @memoized.memoized_method
    def get_only(self):
        """The restore point in the address; None if none is named there."""
        index = self.kwargs.get('index')
        if index is None:
            return None
        point = self.get_listing().by_index(int(index))
        if point is None:
            self.send_back(gettext('There is no restore point #%s.') % index)
        return point

    def get_form_kwargs(self):
        kwargs = super(InformedFormView, self).get_form_kwargs()
        kwargs['listing'] = self.get_listing()
        return kwargs

    def get_initial(self):
        return {'seen': self.get_listing().fingerprint}


def restart(server):
    """The paragraph that a running server is restarted, or nothing."""
    if (server.status or '').upper() != 'ACTIVE':
        return []
    return [gettext('The instance is running and is restarted.')]


def named(point):
    """A restore point and its time, in a sentence."""
    return gettext('%(point)s, taken on %(when)s') % {
        'point': labels.point(point), 'when': point.taken}
