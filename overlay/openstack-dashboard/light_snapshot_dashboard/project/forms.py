"""The forms behind the actions."""

import logging

from django import forms as django_forms

from horizon import forms
from horizon import messages

from light_snapshot_dashboard import api
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import labels

LOG = logging.getLogger(__name__)

NAME_LENGTH = 255


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


def _store_field():
    return forms.BooleanField(
        label=_('Keep history'), required=False,
        help_text=_('Every snapshot stays a restore point, not only the '
                    'last one. Takes more disk space.'))


def _daily_field():
    return forms.BooleanField(
        label=_('Daily snapshot'), required=False,
        help_text=_('Take a light snapshot every day.'))


def _name_field():
    return forms.CharField(label=_('Name'), required=False,
                           max_length=NAME_LENGTH)


def _description_field():
    return forms.CharField(label=_('Description'), required=False,
                           max_length=NAME_LENGTH,
                           widget=django_forms.Textarea(attrs={'rows': 3}))


class EnableForm(ServerForm):
    """Enable light snapshots."""

    refused = _('Light snapshots were not enabled.')
    store = _store_field()
    daily = _daily_field()

    def ask(self, request, data):
        api.enable(request, self.server.id, data['store'], data['daily'])
        return gettext('Enabling light snapshots for "%s".') % self.server_name


class DisableForm(ServerForm):
    """Disable light snapshots."""

    refused = _('Light snapshots were not disabled.')

    def ask(self, request, data):
        api.disable(request, self.server.id)
        return gettext('Disabling light snapshots for "%s".') % self.server_name


class SettingsForm(ServerForm):
    """Switch keeping of layers and the daily snapshot on and off."""

    refused = _('The settings were not changed.')
    store = _store_field()
    daily = _daily_field()

    def ask(self, request, data):
        # Daily first: storing may go on in the background, and while it does
        # the server refuses everything else.
        for field, change in (('daily', api.set_daily),
                              ('store', api.set_store)):
            if data[field] != self.initial[field]:
                change(request, self.server.id, data[field])
        return gettext('Settings of light snapshots for "%s" changed.') \
            % self.server_name


class TakeForm(ServerForm):
    """Take a light snapshot."""

    refused = _('No light snapshot was taken.')
    name = _name_field()
    description = _description_field()
    quiesce = forms.BooleanField(
        label=_('Quiesce the guest'), required=False,
        help_text=_('Has the guest write out its file systems first. Needs '
                    'the QEMU guest agent in the guest.'))

    def ask(self, request, data):
        index = api.take(request, self.server.id, data['name'],
                         data['description'], data['quiesce'])
        if index is None:
            return gettext('Taking a light snapshot of "%s".') \
                % self.server_name
        return gettext('Light snapshot #%(index)s of "%(name)s" taken.') % {
            'index': index, 'name': self.server_name}


class RenameForm(ServerForm):
    """Change the name and the description of a restore point."""

    refused = _('The restore point was not changed.')
    name = _name_field()
    description = _description_field()

    def __init__(self, request, *args, **kwargs):
        self.index = kwargs.pop('index')
        super(RenameForm, self).__init__(request, *args, **kwargs)

    def ask(self, request, data):
        api.rename(request, self.server.id, self.index, data['name'],
                   data['description'])
        return gettext('Restore point #%s changed.') % self.index


class RecoverForm(ServerForm):
    """Go back to a restore point, after reading what that loses."""

    refused = _('The instance was not recovered.')
    target = forms.ChoiceField(label=_('Go back to'),
                               widget=django_forms.RadioSelect)
    seen = forms.CharField(widget=django_forms.HiddenInput, required=False)

    def __init__(self, request, *args, **kwargs):
        self.listing = kwargs.pop('listing')
        self.only = kwargs.pop('only', None)
        super(RecoverForm, self).__init__(request, *args, **kwargs)
        field = self.fields['target']
        if self.only is None:
            field.choices = [(each.index, _choice(self.listing, each))
                             for each in reversed(self.listing.points)]
        else:
            field.choices = [(self.only.index, labels.point(self.only))]
            field.widget = django_forms.HiddenInput()

    def ask(self, request, data):
        if data['seen'] != self.listing.fingerprint:
            self.api_error(gettext(
                'The restore points have changed since this page was opened. '
                'Nothing was done. Close it and look at them again.'))
            return None
        target = self.listing.by_index(int(data['target']))
        # By its index, the root disk too: what the user has read about is what
        # is gone back to, whatever was committed meanwhile.
        api.recover(request, self.server.id, target.index)
        return gettext('Recovering "%(name)s" to %(point)s.') % {
            'name': self.server_name, 'point': labels.point(target)}


def dropped(listing, target):
    """Which restore points a recovery to `target` takes away, in words."""
    return u', '.join(labels.point(each)
                      for each in listing.dropped_by(target))


def loss(listing, target):
    """What a recovery to `target` loses, as a list of sentences."""
    said = [gettext('Everything written to the disk since %s is lost.')
            % target.taken]
    names = dropped(listing, target)
    if names:
        said.append(gettext('These restore points go away: %s.') % names)
    else:
        said.append(gettext('No restore point goes away.'))
    return said


def _choice(listing, target):
    words = {'point': labels.point(target), 'when': target.taken,
             'state': dict(labels.STATES).get(target.state, target.state),
             'dropped': dropped(listing, target)}
    if words['dropped']:
        return gettext('%(point)s (%(state)s, %(when)s); takes away '
                       '%(dropped)s') % words
    return gettext('%(point)s (%(state)s, %(when)s)') % words
