"""The dialogs for the ways back: recover, and preview with its two ends."""

from django import forms as django_forms

from horizon import forms

from light_snapshot_dashboard import api
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import dialogs
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import losing


def safety_field():
    """Whether what the disks hold now is kept."""
    return forms.BooleanField(
        label=_('Safety snapshot'), required=False,
        help_text=_('Keeps what the disks hold now as a restore point of its '
                    'own.'))


class _ToPointForm(dialogs.InformedForm):
    """Goes to a restore point: the only one there is to choose, or another."""

    target = forms.ChoiceField(label=_('Go back to'),
                               widget=django_forms.RadioSelect)

    def __init__(self, request, *args, **kwargs):
        self.only = kwargs.pop('only', None)
        super(_ToPointForm, self).__init__(request, *args, **kwargs)
        field = self.fields['target']
        if self.only is None:
            field.choices = [(each.index, _choice(self.listing, each))
                             for each in reversed(self.listing.points)]
        else:
            field.choices = [(self.only.index, labels.point(self.only))]
            field.widget = django_forms.HiddenInput()

    def chosen(self, data):
        """The restore point to go to.

        By its index, the root disk too: what the user has read about is what
        is gone to, whatever was committed meanwhile.
        """
        return self.listing.by_index(int(data['target']))


class RecoverForm(_ToPointForm):
    """Go back to a restore point, after reading what that loses."""

    refused = _('The instance was not recovered.')
    safety = safety_field()

    def __init__(self, request, *args, **kwargs):
        super(RecoverForm, self).__init__(request, *args, **kwargs)
        if not self.listing.safety:
            # The API refuses one.
            del self.fields['safety']

    def act(self, request, data):
        target = self.chosen(data)
        api.recover(request, self.server.id, target.index, data.get('safety'))
        return gettext('Recovering "%(name)s" to %(point)s.') % {
            'name': self.server_name, 'point': labels.point(target)}


class PreviewForm(_ToPointForm):
    """Run on a restore point, to look at it."""

    refused = _('The preview was not begun.')

    def act(self, request, data):
        target = self.chosen(data)
        api.preview(request, self.server.id, target.index)
        return gettext('Beginning a preview of %(point)s on "%(name)s".') % {
            'name': self.server_name, 'point': labels.point(target)}


class KeepForm(dialogs.InformedForm):
    """Stay on what is previewed."""

    refused = _('The preview was not kept.')

    def act(self, request, data):
        api.keep_preview(request, self.server.id)
        return gettext('Keeping the preview of "%s".') % self.server_name


class UndoForm(dialogs.InformedForm):
    """Go back to what was before the preview."""

    refused = _('The preview was not undone.')

    def act(self, request, data):
        api.undo_preview(request, self.server.id)
        return gettext('Undoing the preview of "%s".') % self.server_name


def _choice(listing, target):
    words = {'point': labels.point(target), 'when': target.taken,
             'state': dict(labels.STATES).get(target.state, target.state),
             'dropped': labels.all_of(listing.dropped_by(target))}
    if words['dropped']:
        return gettext('%(point)s (%(state)s, %(when)s); takes away '
                       '%(dropped)s') % words
    return gettext('%(point)s (%(state)s, %(when)s)') % words


class _ToPointView(dialogs.InformedFormView):
    """To the restore point in the address, or to one to choose."""

    def get_form_kwargs(self):
        kwargs = super(_ToPointView, self).get_form_kwargs()
        kwargs['only'] = self.get_only()
        return kwargs

    def get_initial(self):
        initial = super(_ToPointView, self).get_initial()
        listing = self.get_listing()
        if not listing.points:
            self.send_back(gettext('This instance has no restore points.'))
        target = self.get_only() or listing.default
        return dict(initial, target=target and target.index,
                    safety=listing.safety)


class RecoverView(_ToPointView):
    """Go back to a restore point."""

    form_class = RecoverForm
    page_title = modal_header = _('Recover from Light Snapshot')
    submit_label = _('Recover')
    dangerous = True

    @property
    def form_name(self):
        return 'recover' if self.kwargs.get('index') is None else 'recover_to'

    def help(self, server):
        name = server.name or server.id
        only = self.get_only()
        if only is None:
            said = [gettext('"%s" goes back to the state of the restore point '
                            'that you choose.') % name]
        else:
            said = [gettext('"%(name)s" goes back to %(point)s.') % {
                'name': name, 'point': dialogs.named(only)}]
        listing = self.get_listing()
        if not listing.store:
            said.append(gettext('There is no safety snapshot: this instance '
                                'does not keep its history.'))
        elif not listing.safety:
            said.append(gettext('There is no safety snapshot: the compute '
                                'host has an older light-snapshot.'))
        return said + dialogs.restart(server)

    def losses(self, server):
        only = self.get_only()
        if only is None:
            return losing.recovering_somewhere(self.get_listing())
        return losing.recovering(self.get_listing(), only)


class PreviewView(_ToPointView):
    """Run on a restore point, to look at it."""

    form_class = PreviewForm
    form_name = 'preview'
    page_title = modal_header = _('Preview Restore Point')
    submit_label = _('Preview')

    def help(self, server):
        return [
            gettext('"%(name)s" runs on %(point)s, so that you can look at '
                    'it.') % {'name': server.name or server.id,
                              'point': dialogs.named(self.get_only())},
            gettext('Nothing is lost: what the disks hold now stays aside '
                    'until you keep the preview or undo it. Before that '
                    'nothing else can be done with the light snapshots.'),
        ] + dialogs.restart(server)


class _EndView(dialogs.InformedFormView):

    dangerous = True
    ends_preview = True

    def shown(self):
        """What is previewed, in a sentence."""
        listing = self.get_listing()
        point = listing.by_index(listing.preview)
        return '#%s' % listing.preview if point is None \
            else dialogs.named(point)


class KeepView(_EndView):
    """Stay on what is previewed."""

    form_class = KeepForm
    form_name = 'keep'
    page_title = modal_header = _('Keep Preview')
    submit_label = _('Keep Preview')

    def help(self, server):
        return [gettext('"%(name)s" stays on %(point)s, with all that was '
                        'written in the preview. It is not restarted.') % {
                            'name': server.name or server.id,
                            'point': self.shown()}]

    def losses(self, server):
        return losing.keeping(self.get_listing())


class UndoView(_EndView):
    """Go back to what was before the preview."""

    form_class = UndoForm
    form_name = 'undo'
    page_title = modal_header = _('Undo Preview')
    submit_label = _('Undo Preview')

    def help(self, server):
        return [gettext('"%(name)s" leaves the preview of %(point)s and goes '
                        'back to what its disks held before.') % {
                            'name': server.name or server.id,
                            'point': self.shown()}] + dialogs.restart(server)

    def losses(self, server):
        return losing.undoing(self.get_listing())
