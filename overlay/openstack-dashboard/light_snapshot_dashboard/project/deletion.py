"""The dialog that deletes restore points, one or several."""

import logging
import time

from django import forms as django_forms

from horizon import forms
from horizon import messages
from horizon.utils import memoized

from light_snapshot_dashboard import api
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import dialogs
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import losing

LOG = logging.getLogger(__name__)

# A server deletes one at a time; a user does not wait longer for a page.
PATIENCE = 20
LOOK_EVERY = 0.5


class DeleteForm(dialogs.InformedForm):
    """Delete restore points, after reading what that loses."""

    refused = _('The restore points were not deleted.')
    chosen = forms.CharField(widget=django_forms.HiddenInput)

    def act(self, request, data):
        points = [self.listing.by_index(index)
                  for index in numbers(data['chosen'].split(','))]
        if not points or None in points:
            self.api_error(gettext('These are no restore points of this '
                                   'instance. Nothing was done.'))
            return None
        done, left, why = self._delete(request, points)
        if left:
            messages.warning(request, gettext(
                'Not deleted: %(points)s. %(why)s') % {
                    'points': labels.all_of(left), 'why': why})
        return gettext('Deleted from "%(name)s": %(points)s.') % {
            'name': self.server_name, 'points': labels.all_of(done)}

    def _delete(self, request, points):
        """(those that are deleted, those that are not, why not)

        The newest first: what nothing stands on costs nothing. The refusal of
        the first one is raised: nothing was done then.
        """
        left = sorted(points, key=lambda each: each.index, reverse=True)
        done, until = [], time.time() + PATIENCE
        while left:
            try:
                if done and not self._idle(request, until):
                    return done, left, gettext(
                        'The instance is still busy with the others. Delete '
                        'these again in a moment.')
                api.delete(request, self.server.id, left[0].index)
            except Exception as error:
                if not done:
                    raise
                failures.log_in_again(request, error)
                LOG.info('deletion of a restore point refused: %s', error)
                return done, left, api.words(error)
            done.append(left.pop(0))
        return done, left, None

    def _idle(self, request, until):
        """Waits for the server's task; False if that takes too long."""
        while api.task(request, self.server.id):
            if time.time() > until:
                return False
            time.sleep(LOOK_EVERY)
        return True


def numbers(words):
    """The indexes among some words, each once; [] if one is no index."""
    try:
        return sorted(set(int(word) for word in words))
    except ValueError:
        return []


class DeleteView(dialogs.InformedFormView):
    """Delete the restore point in the address, or those that were ticked."""

    form_class = DeleteForm
    page_title = modal_header = _('Delete Restore Points')
    submit_label = _('Delete')
    dangerous = True

    @property
    def form_name(self):
        return 'delete_several' if self.kwargs.get('index') is None \
            else 'delete'

    @memoized.memoized_method
    def get_chosen(self):
        """The restore points to delete."""
        if self.get_only() is not None:
            return [self.get_only()]
        if self.request.method == 'POST':
            words = self.request.POST.get('chosen', '').split(',')
        else:
            words = self.request.GET.getlist('object_ids')
        found = [self.get_listing().by_index(index)
                 for index in numbers(words)]
        found = [point for point in found if point is not None]
        if not found and self.request.method != 'POST':
            self.send_back(gettext('Tick the restore points to delete first.'))
        return found

    def get_initial(self):
        initial = super(DeleteView, self).get_initial()
        return dict(initial, chosen=','.join(
            str(point.index) for point in self.get_chosen()))

    def help(self, server):
        chosen = self.get_chosen()
        return [gettext('To be deleted from "%(name)s": %(points)s.') % {
            'name': server.name or server.id,
            'points': u'; '.join(dialogs.named(each) for each in chosen)},
            gettext('What the instance has on its disks now stays as it is.')]

    def losses(self, server):
        return losing.deleting(self.get_listing(), self.get_chosen())
