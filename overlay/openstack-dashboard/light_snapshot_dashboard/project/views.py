"""The dialogs that enable, disable and set, and that take and rename."""

from light_snapshot_dashboard import api
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import dialogs
from light_snapshot_dashboard.project import forms as project_forms
from light_snapshot_dashboard.project import losing


class EnableView(dialogs.ServerFormView):
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


class DisableView(dialogs.InformedFormView):
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
        return losing.disabling(self.get_listing())


class CommitView(dialogs.InformedFormView):
    """Commit all layers to the root disk."""

    form_class = project_forms.CommitForm
    form_name = 'commit'
    page_title = modal_header = _('Commit Layers')
    submit_label = _('Commit')
    dangerous = True

    def help(self, server):
        return [
            gettext('All layers of "%s" become part of its root disk, which '
                    'holds the same as now. This may take a while.')
            % (server.name or server.id),
            gettext('New layers are made at the next hard reboot or start; '
                    'until then no light snapshot can be taken.'),
        ]

    def losses(self, server):
        return losing.committing(self.get_listing())


class SettingsView(dialogs.ServerFormView):
    """Switch keeping of layers and the daily snapshot on and off."""

    form_class = project_forms.SettingsForm
    form_name = 'settings'
    page_title = modal_header = _('Light Snapshot Settings')
    submit_label = _('Save')

    def get_initial(self):
        state = rights.ServerState(self.get_server())
        return {'store': state.store, 'daily': state.daily}


class TakeView(dialogs.InformedFormView):
    """Take a light snapshot."""

    form_class = project_forms.TakeForm
    form_name = 'take'
    page_title = modal_header = _('Take Light Snapshot')
    submit_label = _('Take Light Snapshot')

    def help(self, server):
        return [gettext('Freezes the disk of "%s" as it is now. The '
                        'instance keeps running.')
                % (server.name or server.id)]

    def losses(self, server):
        return losing.taking(self.get_listing())


class RenameView(dialogs.ServerFormView):
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
