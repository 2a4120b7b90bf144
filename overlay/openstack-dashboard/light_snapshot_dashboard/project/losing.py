"""What cannot be had back afterwards, said before it is done."""

from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.project import labels


def _written(since, size):
    """The sentence that data written since then is lost."""
    words = {'point': labels.point(since), 'when': since.taken,
             'size': labels.amount(size)}
    if size is None:
        return gettext('Everything written to the disks since %(point)s '
                       '(%(when)s) is lost.') % words
    return gettext('Everything written to the disks since %(point)s '
                   '(%(when)s) is lost: %(size)s.') % words


def points(dropped):
    """The sentence that names the restore points that go away."""
    if not dropped:
        return gettext('No restore point goes away.')
    return gettext('These restore points go away for good: %s.') \
        % labels.all_of(dropped)


def _for_good():
    return gettext('This cannot be undone.')


def recovering(listing, target):
    """By a recovery to this restore point: a list of sentences."""
    if not listing.store:
        return [_written(target, listing.lost_by(target)),
                points(listing.dropped_by(target)), _for_good()]
    said = [points([])]
    if listing.current is not None:
        said.insert(0, _written(listing.current, listing.written))
    if not listing.safety:
        return said + [_for_good()]
    return said + [gettext('The safety snapshot keeps it: what the disks hold '
                           'now becomes a restore point of its own, without '
                           'copying.')]


def recovering_somewhere(listing):
    """The same where the restore point is still to be chosen."""
    if listing.store:
        return recovering(listing, listing.default)
    return [gettext('Everything written to the disks since the chosen restore '
                    'point is lost.'), _for_good()]


def keeping(listing):
    """By staying on what is previewed."""
    target = listing.by_index(listing.preview)
    if listing.store:
        return [points([]), gettext('What the disks held before the preview '
                                    'becomes a restore point of its own.')]
    return [gettext('What the disks held before the preview, and no restore '
                    'point holds, is lost.'),
            points(listing.dropped_by(target) if target else []), _for_good()]


def undoing(listing):
    """By going back to what was before the preview."""
    size = labels.amount(listing.written)
    if size is None:
        said = gettext('Everything written to the disks in the preview is '
                       'lost.')
    else:
        said = gettext('Everything written to the disks in the preview is '
                       'lost: %s.') % size
    return [said, points([]), _for_good()]


def deleting(listing, chosen):
    """By deleting these restore points."""
    known = [each.frees for each in chosen]
    said = [points(chosen)]
    if None in known:
        said.append(gettext('How much space comes back cannot be told '
                            'beforehand.'))
    elif sum(known):
        said.append(gettext('About %s of space comes back.')
                    % labels.amount(sum(known)))
    else:
        said.append(gettext('No space comes back for now: other restore '
                            'points still need it.'))
    numbers = [each.index for each in chosen]
    if any(each.parent in numbers and each.index not in numbers
           for each in listing.points):
        said.append(gettext('The restore points that stand on them stay, and '
                            'what these need.'))
    return said + [_for_good()]


def disabling(listing):
    """By switching light snapshots off."""
    if not listing.points:
        return []
    return [points(listing.points),
            gettext('There are %(count)d, with %(size)s of history. You '
                    'cannot go back any more.') % {
                        'count': len(listing.points),
                        'size': labels.amount(listing.kept_bytes)}]


def taking(listing):
    """By taking a snapshot: nothing, where the history is kept."""
    dropped = listing.dropped_by_taking()
    if not dropped:
        return []
    return [gettext('History is not kept: the snapshot before this one '
                    'becomes part of the root disk.'), points(dropped)]


def committing(listing):
    """By committing all layers."""
    return [points(listing.dropped_by_committing()), _for_good()]
