"""The page that tells of which servers a snapshot is taken every day, and
whether it was."""

import logging

from horizon import tables

from light_snapshot_dashboard import api
from light_snapshot_dashboard import compat
from light_snapshot_dashboard import gathering
from light_snapshot_dashboard import health
from light_snapshot_dashboard.admin import overview
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import columns
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import overview as project_overview
from light_snapshot_dashboard.project import pager
from light_snapshot_dashboard.project import tables as project_tables
from light_snapshot_dashboard.project import when

LOG = logging.getLogger(__name__)

# Of so many that are late nova is asked why, two requests each.
MOST_ASKED = 5


def _limits(owner):
    listing, said = owner.listing, []
    if listing is None:
        return None
    if listing.most:
        said.append(gettext('at most %(most)s restore points')
                    % {'most': listing.most})
    if listing.days:
        said.append(gettext('for %(days)s days') % {'days': listing.days})
    return u', '.join(said) or None


class DailyTable(project_tables.ChoiceTable):
    """The servers of which a snapshot is taken every day."""

    name = columns.Column('name', verbose_name=_('Instance Name'),
                          link=overview.tab_of)
    project = columns.Column('project', verbose_name=_('Project'),
                             classes=('hidden-xs',))
    host = columns.Column('host', verbose_name=_('Host'),
                          classes=('hidden-xs',))
    day = columns.Column('day', verbose_name=_('Last Daily Snapshot'),
                         empty_value=_('none'))
    last = columns.Column('taken', verbose_name=_('Last Taken'),
                          classes=('hidden-xs', 'hidden-sm'))
    limits = columns.Column(_limits, verbose_name=_('Limits'),
                            classes=('hidden-xs', 'hidden-sm'))
    remark = columns.Column('remark', verbose_name=_('Remark'))

    class Meta(object):
        name = 'light_snapshots_daily'
        verbose_name = _('Daily Schedule')
        column_class = columns.Column
        cell_class = project_tables.Cell
        multi_select = True
        no_data_message = _('No instance has a daily snapshot.')
        table_actions_menu = (overview.CheckSeveral,)
        row_actions = (overview.Check,)


class DailyView(tables.DataTableView):
    """The page."""

    table_class = DailyTable
    template_name = 'light_snapshot_dashboard/daily.html'
    page_title = _('Light Snapshots')

    def get_data(self):
        """The rows, those first of which nothing was taken for longest: the
        list of servers, and one request for each of those on the page."""
        self.overview, self.problem = project_overview.read(self.request, True)
        self.daily = sorted(
            (each for each in self.overview.servers if each.daily),
            key=lambda each: (each.created_at or '', each.name))
        self.late = sum(1 for each in self.daily
                        if health.late(each.created_at))
        shown, self.number, self.count = gathering.page(
            self.daily, gathering.Wanted(self.request.GET).page)
        names = overview.projects(self.request) if shown else {}
        when.tell(self.request, shown)
        asked = 0
        for each in shown:
            each.project = names.get(each.tenant_id, each.tenant_id)
            self._look(each)
            if each.late and asked < MOST_ASKED:
                asked += 1
                self._ask_why(each)
        return shown

    def _look(self, owner):
        """Its newest daily restore point, and what is in the way of one."""
        owner.listing, owner.day, owner.late = None, None, False
        try:
            owner.listing = api.last_daily(self.request, owner.id)
        except Exception as error:
            failures.log_in_again(self.request, error)
            owner.remark = api.words(error)
            return
        last = owner.listing.points[-1] if owner.listing.points else None
        if last is not None:
            owner.day = last.daily
        if owner.listing.preview is not None:
            owner.remark = gettext('A preview is shown: none is taken until it '
                                   'is kept or undone.')
        elif owner.listing.committed:
            owner.remark = gettext('All layers are committed: none is taken '
                                   'until it is hard rebooted or started.')
        else:
            owner.late = health.late(
                owner.created_at if last is None else last.created_at)
            owner.remark = gettext(
                'None for two days or longer.') if owner.late else gettext(
                    'None yet: the first one is that of the next window.') \
                if last is None else None

    def _ask_why(self, owner):
        try:
            found = api.why_none(self.request, owner.id)
        except Exception as error:
            # Not every cloud tells.
            failures.log_in_again(self.request, error)
            LOG.info('why no daily snapshot was taken could not be read: %s',
                     error)
            return
        if found is not None:
            owner.remark = gettext('%(remark)s Last tried %(when)s: %(why)s') % {
                'remark': owner.remark, 'when': when.words(
                    self.request, found[0]), 'why': found[1]}

    def get_context_data(self, **kwargs):
        context = super(DailyView, self).get_context_data(**kwargs)
        where = compat.reverse('horizon:admin:light_snapshots:daily')
        context.update({
            'problem': self.problem,
            'overview': self.overview,
            'pages': overview.pages('daily'),
            'summary': self._summary(),
            'pager': self._pager(where),
        })
        return context

    def _pager(self, where):
        if self.count == 1:
            return None
        return pager.pager(
            gettext('Page %(page_number)s of %(page_count)s, those first of '
                    'which none was taken for longest.')
            % {'page_number': self.number, 'page_count': self.count},
            self.number, self.count, lambda number: '%s?page=%d' % (where,
                                                                    number))

    def _summary(self):
        said = [gettext('Instances with a daily snapshot: %d.')
                % len(self.daily)]
        if self.late:
            said.append(gettext('Of these without a snapshot for two days or '
                                'longer: %d.') % self.late)
        return u' '.join(said)
