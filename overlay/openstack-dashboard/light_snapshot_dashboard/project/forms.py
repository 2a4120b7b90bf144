"""The forms that enable, disable and set, and that take and rename."""

from django import forms as django_forms

from horizon import forms

from light_snapshot_dashboard import api
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import dialogs

NAME_LENGTH = 255


def store_field():
    """Whether every snapshot stays a restore point."""
    return forms.BooleanField(
        label=_('Keep history'), required=False,
        help_text=_('Every snapshot stays a restore point, not only the '
                    'last one. Takes more disk space.'))


def daily_field():
    """Whether one is taken every day."""
    return forms.BooleanField(
        label=_('Daily snapshot'), required=False,
        help_text=_('Take a light snapshot every day.'))


def name_field():
    """The name of a restore point."""
    return forms.CharField(label=_('Name'), required=False,
                           max_length=NAME_LENGTH)


def description_field():
    """The description of a restore point."""
    return forms.CharField(label=_('Description'), required=False,
                           max_length=NAME_LENGTH,
                           widget=django_forms.Textarea(attrs={'rows': 3}))


def quiesce_field():
    """Whether the guest writes out its file systems first."""
    return forms.BooleanField(
        label=_('Quiesce the guest'), required=False,
        help_text=_('Has the guest write out its file systems first. Needs '
                    'the QEMU guest agent in the guest.'))


class EnableForm(dialogs.ServerForm):
    """Enable light snapshots."""

    refused = _('Light snapshots were not enabled.')
    store = store_field()
    daily = daily_field()

    def ask(self, request, data):
        api.enable(request, self.server.id, data['store'], data['daily'])
        return gettext('Enabling light snapshots for "%s".') % self.server_name


class DisableForm(dialogs.InformedForm):
    """Disable light snapshots."""

    refused = _('Light snapshots were not disabled.')

    def act(self, request, data):
        api.disable(request, self.server.id)
        return gettext('Disabling light snapshots for "%s".') % self.server_name


class CommitForm(dialogs.InformedForm):
    """Commit all layers to the root disk."""

    refused = _('The layers were not committed.')

    def act(self, request, data):
        api.commit(request, self.server.id)
        return gettext('Committing the layers of "%s".') % self.server_name


class SettingsForm(dialogs.ServerForm):
    """Switch keeping of layers and the daily snapshot on and off."""

    refused = _('The settings were not changed.')
    store = store_field()
    daily = daily_field()

    def ask(self, request, data):
        # Daily first: storing may go on in the background, and while it does
        # the server refuses everything else.
        for field, change in (('daily', api.set_daily),
                              ('store', api.set_store)):
            if data[field] != self.initial[field]:
                change(request, self.server.id, data[field])
        return gettext('Settings of light snapshots for "%s" changed.') \
            % self.server_name


class TakeForm(dialogs.InformedForm):
    """Take a light snapshot."""

    refused = _('No light snapshot was taken.')
    name = name_field()
    description = description_field()
    quiesce = quiesce_field()

    def matters(self):
        return bool(self.listing.dropped_by_taking())

    def act(self, request, data):
        index = api.take(request, self.server.id, data['name'],
                         data['description'], data['quiesce'])
        if index is None:
            return gettext('Taking a light snapshot of "%s".') \
                % self.server_name
        return gettext('Light snapshot #%(index)s of "%(name)s" taken.') % {
            'index': index, 'name': self.server_name}


class RenameForm(dialogs.ServerForm):
    """Change the name and the description of a restore point."""

    refused = _('The restore point was not changed.')
    name = name_field()
    description = description_field()

    def __init__(self, request, *args, **kwargs):
        self.index = kwargs.pop('index')
        super(RenameForm, self).__init__(request, *args, **kwargs)

    def ask(self, request, data):
        api.rename(request, self.server.id, self.index, data['name'],
                   data['description'])
        return gettext('Restore point #%s changed.') % self.index
