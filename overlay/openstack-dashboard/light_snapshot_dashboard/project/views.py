"""The views behind the actions: each shows one form about one server."""

from django.views import generic

from horizon import exceptions
from horizon import forms
from horizon import messages
from horizon.utils import memoized

from openstack_dashboard import api as dashboard_api

from light_snapshot_dashboard import api
from light_snapshot_dashboard import compat
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import forms as project_forms
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import when


class IndexView(generic.RedirectView):
    """The panel's own address leads to the instances."""

    permanent = False

    def get_redirect_url(self, *args, **kwargs):
        return compat.reverse('horizon:project:instances:index')


class _ServerFormView(forms.ModalFormView):
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
        kwargs = super(_ServerFormView, self).get_form_kwargs()
        kwargs['server'] = self.get_server()
        return kwargs

    def get_context_data(self, **kwargs):
        context = super(_ServerFormView, self).get_context_data(**kwargs)
        server = self.get_server()
        context.update({
            'server': server,
            'dangerous': self.dangerous,
            'help': self.help(server),
            'losses': self.losses(server),
            'modal_id': 'light_snapshot_%s_modal' % self.form_name,
            'form_id': 'light_snapshot_%s_form' % self.form_name,
            'submit_url': links.form(self.form_name,
                                     self.kwargs['instance_id'],
                                     index=self.kwargs.get('index'),
                                     back=self.get_success_url()),
        })
        return context

    def help(self, server):
        """What stands beside the form: a list of paragraphs."""
        return []

    def losses(self, server):
        """What cannot be had back afterwards: a list of paragraphs."""
        return []


class EnableView(_ServerFormView):
    """Enable light snapshots."""

    form_class = project_forms.EnableForm
    form_name = 'enable'
    page_title = modal_header = _('Enable Light Snapshots')
    submit_label = _('Enable')

    def help(self, server):
        return [
            gettext('A light snapshot freezes the disk of "%s" without '
                    'stopping it. You can go back to it later.')
            % (server.name or server.id),
            gettext('The instance keeps running while they are switched on.'),
        ]


class DisableView(_ServerFormView):
    """Disable light snapshots."""

    form_class = project_forms.DisableForm
    form_name = 'disable'
    page_title = modal_header = _('Disable Light Snapshots')
    submit_label = _('Disable')
    dangerous = True

    def help(self, server):
        return [gettext('The disk of "%s" stays as it is now.')
                % (server.name or server.id)]

    def losses(self, server):
        try:
            count = len(api.listing(self.request, server.id).points)
        except Exception as error:
            self.give_up(_('The restore points could not be read.'), error)
        if not count:
            return []
        return [gettext('All restore points go away for good (%d). You cannot '
                        'go back any more.') % count]


class SettingsView(_ServerFormView):
    """Switch keeping of layers and the daily snapshot on and off."""

    form_class = project_forms.SettingsForm
    form_name = 'settings'
    page_title = modal_header = _('Light Snapshot Settings')
    submit_label = _('Save')

    def get_initial(self):
        state = rights.ServerState(self.get_server())
        return {'store': state.store, 'daily': state.daily}


class TakeView(_ServerFormView):
    """Take a light snapshot."""

    form_class = project_forms.TakeForm
    form_name = 'take'
    page_title = modal_header = _('Take Light Snapshot')
    submit_label = _('Take Light Snapshot')

    def help(self, server):
        said = [gettext('Freezes the disk of "%s" as it is now. The '
                        'instance keeps running.')
                % (server.name or server.id)]
        if not rights.ServerState(server).store:
            said.append(gettext('History is not kept: the snapshot before '
                                'this one becomes part of the root disk, and '
                                'what the root disk was before is no restore '
                                'point any more.'))
        return said


class RenameView(_ServerFormView):
    """Change the name and the description of a restore point."""

    form_class = project_forms.RenameForm
    form_name = 'rename'
    page_title = modal_header = _('Edit Restore Point')
    submit_label = _('Save')

    def get_form_kwargs(self):
        kwargs = super(RenameView, self).get_form_kwargs()
        kwargs['index'] = int(self.kwargs['index'])
        return kwargs

    def get_initial(self):
        try:
            point = api.show(self.request, self.kwargs['instance_id'],
                             self.kwargs['index'])
        except Exception as error:
            self.give_up(_('The restore point could not be read.'), error)
        return {'name': point.name, 'description': point.description}


class RecoverView(_ServerFormView):
    """Go back to a restore point: the one in the address, or one to choose."""

    form_class = project_forms.RecoverForm
    page_title = modal_header = _('Recover from Light Snapshot')
    submit_label = _('Recover')
    dangerous = True

    @property
    def form_name(self):
        return 'recover' if self.kwargs.get('index') is None else 'recover_to'

    @memoized.memoized_method
    def get_listing(self):
        """The restore points as they are now."""
        try:
            listing = api.listing(self.request, self.kwargs['instance_id'])
        except Exception as error:
            self.give_up(_('The restore points could not be read.'), error)
        when.tell(self.request, listing.points)
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
        kwargs = super(RecoverView, self).get_form_kwargs()
        kwargs['listing'] = self.get_listing()
        kwargs['only'] = self.get_only()
        return kwargs

    def get_initial(self):
        listing = self.get_listing()
        if not listing.points:
            self.send_back(gettext('This instance has no restore points.'))
        target = self.get_only() or listing.default
        return {'target': target and target.index,
                'seen': listing.fingerprint}

    def help(self, server):
        name = server.name or server.id
        only = self.get_only()
        if only is None:
            said = [gettext('"%s" goes back to the state of the restore point '
                            'that you choose.') % name]
        else:
            said = [gettext('"%(name)s" goes back to %(point)s, taken on '
                            '%(when)s.') % {
                                'name': name, 'point': labels.point(only),
                                'when': only.taken}]
        if rights.ServerState(server).status == 'ACTIVE':
            said.append(gettext('The instance is running and is restarted.'))
        return said

    def losses(self, server):
        only = self.get_only()
        if only is None:
            said = [gettext('Everything written to the disk since the chosen '
                            'restore point is lost.')]
        else:
            said = project_forms.loss(self.get_listing(), only)
        return said + [gettext('This cannot be undone.')]
