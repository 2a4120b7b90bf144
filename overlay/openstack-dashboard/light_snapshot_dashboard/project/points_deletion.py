"""The page that deletes restore points of several servers."""

import json
import logging
import time

from horizon import messages
from horizon.utils import memoized

from light_snapshot_dashboard import api
from light_snapshot_dashboard import gathering
from light_snapshot_dashboard import rights
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import batch
from light_snapshot_dashboard.project import deletion
from light_snapshot_dashboard.project import dialogs
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import losing

LOG = logging.getLogger(__name__)


class Chosen(batch.Chosen):
    """One of the servers, and which of its restore points are to go."""

    def __init__(self, request, work, server_id, indexes):
        super(Chosen, self).__init__(request, work, server_id)
        self.indexes = indexes
        points = [self.listing.by_index(index) for index in indexes]
        if self.hindrance is None and None in points:
            self.hindrance = gettext('some of the restore points are not '
                                     'there any more')
        if self.hindrance is not None:
            self.help, self.losses, self.left = [], [], []
            return
        # The newest first: what nothing stands on costs nothing.
        self.left = sorted(points, key=lambda each: each.index, reverse=True)
        self.help = [gettext('To be deleted: %s.') % u'; '.join(
            dialogs.named(each) for each in points)]
        self.losses = losing.deleting(self.listing, points)
        self.done, self.why = [], None


class DeleteForm(batch.BatchForm):
    """Delete them, after reading what that loses."""

    verb = rights.DELETE
    needs_layers = False

    def handle(self, request, data):
        """Asks the API for one after another, and names what is done and what
        is left."""
        seen, working, not_done = batch.ids(data['seen']), [], []
        for each in self.chosen:
            why = each.hindrance
            if why is None and _seen(each) != seen.get(each.id):
                why = gettext('the restore points have changed since this '
                              'page was opened')
            if why is None:
                working.append(each)
            else:
                not_done.append(gettext('"%(name)s" (%(why)s)') % {
                    'name': each.name, 'why': why})
        _delete(request, working)
        done = [each for each in working if each.done]
        not_done.extend(gettext('"%(name)s": %(points)s (%(why)s)') % {
            'name': each.name, 'points': labels.all_of(each.left),
            'why': each.why} for each in working if each.left)
        # One message: many do not fit into the cookie that carries them.
        if not_done:
            messages.warning(request, gettext('Not deleted: %s.')
                             % u'; '.join(not_done))
        if done:
            messages.success(request, gettext('Deleted: %s.') % u'; '.join(
                gettext('"%(name)s": %(points)s') % {
                    'name': each.name, 'points': labels.all_of(each.done)}
                for each in done))
        return True


def _delete(request, working):
    """Has each server delete its newest one, then the next ones as they
    become idle, as long as a user waits for a page."""
    until = time.time() + deletion.PATIENCE
    while working:
        waiting = []
        for each in working:
            _one(request, each)
            if each.left and each.why is None:
                waiting.append(each)
        if waiting and time.time() > until:
            for each in waiting:
                each.why = gettext('the instance is still busy with the '
                                   'others; delete these again in a moment')
            return
        if waiting:
            time.sleep(deletion.LOOK_EVERY)
        working = waiting


def _one(request, each):
    """Has a server delete its next one, if it is idle."""
    try:
        # The first one's refusal says what is under way.
        if each.done and api.task(request, each.id):
            return
        api.delete(request, each.id, each.left[0].index)
        each.done.append(each.left.pop(0))
    except Exception as error:
        failures.log_in_again(request, error)
        LOG.info('deletion of a restore point refused: %s', error)
        each.why = api.words(error).rstrip('.')


def _seen(each):
    """What the user has read of a server: what it has, and what is to go."""
    return [each.seen, each.indexes]


class DeleteView(batch.BatchView):
    """Delete restore points of several servers."""

    form_class = DeleteForm
    page_title = modal_header = _('Delete Restore Points')
    submit_label = _('Delete')
    dangerous = True

    @memoized.memoized_method
    def get_chosen(self):
        """The servers, as they are now, by name."""
        if self.request.method == 'POST':
            wanted = _indexes(batch.ids(self.request.POST.get('seen', '')))
        else:
            wanted = gathering.chosen(self.request.GET.getlist('of'))
        if not wanted:
            self.send_back(gettext('Tick the restore points to delete first.'))
        if len(wanted) > batch.MOST:
            self.send_back(gettext('Tick restore points of %d instances at '
                                   'most.') % batch.MOST)
        return sorted((Chosen(self.request, self.form_class, each,
                              wanted[each]) for each in sorted(wanted)),
                      key=lambda each: each.name)

    def get_initial(self):
        return {'seen': json.dumps(
            dict((each.id, _seen(each)) for each in self.get_chosen()),
            sort_keys=True)}

    def get_submit_url(self):
        return links.points_deletion((), self.get_success_url())

    def get_success_url(self):
        return links.came_from(self.request) or links.points()


def _indexes(seen):
    """{server id: [index]} of what a form carries; {} if it makes no
    sense."""
    try:
        found = dict((each, [int(index) for index in value[1]])
                     for each, value in seen.items())
    except (IndexError, KeyError, TypeError, ValueError):
        return {}
    return found if all(found.values()) else {}
