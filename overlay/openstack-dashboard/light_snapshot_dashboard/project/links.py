"""Links from Horizon's pages to our forms, and the way back."""

from light_snapshot_dashboard import compat

TAB = 'light_snapshots'
_FORM = 'horizon:project:light_snapshots:%s'
_TAB_QUERY = '?tab=instance_details__' + TAB
# Which page of the restore points the tab shows.
PART = 'restore_points_page'


def form(name, instance_id, index=None, back=None):
    """The address of a form; `back` is the page to return to."""
    args = (instance_id,) if index is None else (instance_id, index)
    address = compat.reverse(_FORM % name, args=args)
    if back:
        address += '?' + compat.urlencode({'next': back})
    return address


def batch(name, instance_ids, back):
    """The address of a form about several servers."""
    return '%s?%s' % (compat.reverse(_FORM % ('batch_' + name)),
                      compat.urlencode([('id', each) for each in instance_ids]
                                       + [('next', back)]))


def points_deletion(words, back):
    """The address of the form that deletes restore points of several servers.

    :param words: as `gathering.told` has them
    """
    return '%s?%s' % (compat.reverse(_FORM % 'points_delete'),
                      compat.urlencode([('of', each) for each in words] +
                                       [('next', back)]))


def points():
    """The address of the page with all restore points of the project."""
    return compat.reverse(_FORM % 'points')


def script():
    """The address of our script."""
    return compat.reverse(_FORM % 'script')


def instance(instance_id):
    """The address of an instance page of the project."""
    return compat.reverse('horizon:project:instances:detail',
                          args=(instance_id,))


def tab(page, part=None):
    """The address of our tab on an instance page.

    :param part: which page of the restore points, as `tree.Page` takes it
    """
    return page + _TAB_QUERY + ('&%s=%s' % (PART, part) if part else '')


def back(request, instance_id):
    """Where to go after a form: where the user came from, if on this site."""
    return came_from(request) or tab(instance(instance_id))


def came_from(request):
    """The page that the user came from, if it is one of this site."""
    page = request.GET.get('next')
    return page if compat.own_page(page) else None
