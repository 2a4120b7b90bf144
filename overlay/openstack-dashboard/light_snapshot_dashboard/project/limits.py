"""The dialog that says how many restore points are kept, and how long."""

from django import forms as django_forms

from horizon import forms

from light_snapshot_dashboard import api
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import dialogs
from light_snapshot_dashboard.project import losing

MOST_DAYS = 36500


def _number(label, help_text, highest=None):
    # Horizon's own field for numbers has buttons without a name.
    return forms.IntegerField(
        label=label, help_text=help_text, required=False,
        min_value=1, max_value=highest,
        widget=django_forms.TextInput(attrs={'inputmode': 'numeric'}))


class LimitsForm(dialogs.InformedForm):
    """Limit the history, after reading what that takes away at once."""

    refused = _('The limits were not changed.')
    most = _number(_('At most so many restore points'),
                   _('The oldest ones of the history go away beyond that. '
                     'Empty: no limit.'))
    days = _number(_('For so many days'),
                   _('Older ones of the history go away. Empty: no limit.'),
                   MOST_DAYS)
    # The restore points that the user has agreed to lose.
    agreed = forms.CharField(widget=django_forms.HiddenInput, required=False)

    def matters(self):
        # What is agreed to is more exact.
        return False

    def act(self, request, data):
        gone = self.listing.expired(data['most'], data['days'])
        agreed = ','.join(str(point.index) for point in gone)
        if data['agreed'] != agreed and gone:
            self.data = self.data.copy()
            self.data['agreed'] = agreed
            self.api_error(u' '.join([
                gettext('Nothing was changed yet.'), losing.points(gone),
                gettext('To go on press the button again.')]))
            return None
        api.retain(request, self.server.id, data['most'], data['days'])
        return gettext('Limits of light snapshots for "%s" changed.') \
            % self.server_name


class LimitsView(dialogs.InformedFormView):
    """How many kept restore points there are, and for how long."""

    form_class = LimitsForm
    form_name = 'limits'
    page_title = modal_header = _('Limits of the History')
    submit_label = _('Save')

    def get_initial(self):
        listing = self.get_listing()
        return dict(super(LimitsView, self).get_initial(),
                    most=listing.most, days=listing.days)

    def help(self, server):
        return [gettext('The limits hold for all restore points in the '
                        'history of "%s", those with a name too. What the '
                        'instance stands on always stays.')
                % (server.name or server.id),
                gettext('If restore points go away at once you are told '
                        'which, and asked.')]
