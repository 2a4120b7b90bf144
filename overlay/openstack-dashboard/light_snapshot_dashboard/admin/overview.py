"""The panel: the servers of the cloud that use light snapshots."""

import logging

from horizon import tables

from openstack_dashboard import api as dashboard_api

from light_snapshot_dashboard import compat
from light_snapshot_dashboard.admin import wellness
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import actions
from light_snapshot_dashboard.project import columns
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import labels
from light_snapshot_dashboard.project import links
from light_snapshot_dashboard.project import overview

LOG = logging.getLogger(__name__)


class TakeAll(tables.LinkAction):
    """Take one of every server."""

    name = 'take_all'
    verbose_name = _('Take Light Snapshots of All')
    url = 'horizon:admin:light_snapshots:take_all'
    classes = ('ajax-modal',)
    icon = 'camera'


class Filter(overview.Filter):
    """Finds servers by their host and project as well."""

    def filter(self, table, data, filter_string):
        wanted = filter_string.lower()
        return [each for each in data
                if any(wanted in (text or '').lower()
                       for text in (each.name, each.host, each.project))]


CheckSeveral, Check = actions.CheckSeveral, actions.Check


def tab_of(owner):
    """The address of our tab on the administrator's page of this server."""
    return links.tab(compat.reverse('horizon:admin:instances:detail',
                                    args=(owner.id,)))


class OwnersTable(overview.OwnersTable):
    """The servers that use light snapshots, of all projects."""

    project = columns.Column('project', verbose_name=_('Project'),
                             classes=('hidden-xs',))
    host = columns.Column('host', verbose_name=_('Host'),
                          classes=('hidden-xs',))
    name = columns.Column('name', verbose_name=_('Instance Name'), link=tab_of)
    health = columns.Column(wellness.said, verbose_name=_('Health'),
                            empty_value=_('not checked'))
    # These columns more leave a small screen no room for others.
    count = columns.Column('count', verbose_name=_('Restore Points'),
                           classes=('hidden-xs',),
                           empty_value=_('not known'))
    kept = columns.Column(overview.kept_of, verbose_name=_('Size of History'),
                          classes=('hidden-xs',),
                          empty_value=_('not known'),
                          attrs={'data-type': 'size'})

    class Meta(overview.OwnersTable.Meta):
        columns = ('project', 'host', 'name', 'state', 'health', 'count', 'last',
                   'kept')
        table_actions = (TakeAll, Filter)
        row_actions = (Check, overview.Take, overview.Recover)

    def has_choice(self):
        return bool(self.data)


def pages(active):
    """The pages of the administrator's panel, by the names of their
    addresses."""
    return [overview.Page(words, compat.reverse(
        'horizon:admin:light_snapshots:' + name), name == active)
        for name, words in (('index', _('Instances')),
                            ('attention', _('Needs Attention')),
                            ('daily', _('Daily Schedule')))]


def projects(request):
    """{id: name}; what cannot be had is left out."""
    try:
        found, _more = dashboard_api.keystone.tenant_list(request)
        return dict((each.id, each.name) for each in found)
    except Exception as error:
        failures.log_in_again(request, error)
        LOG.info('the names of the projects could not be read: %s', error)
        return {}


class IndexView(overview.IndexView):
    """The panel's page."""

    table_class = OwnersTable
    all_projects = True

    def get_data(self):
        found = super(IndexView, self).get_data()
        names = projects(self.request) if found else {}
        for each in found:
            each.project = names.get(each.tenant_id, each.tenant_id)
        wellness.tell(self.request, found)
        return found

    def get_pages(self):
        return pages('index')

    def get_context_data(self, **kwargs):
        context = super(IndexView, self).get_context_data(**kwargs)
        found = self.overview
        shares = [(_('Host'), found.shares(lambda each: each.host)),
                  (_('Project'), found.shares(lambda each: each.project))]
        for _title, rows in shares:
            for share in rows:
                share.kept = labels.amount(share.kept_bytes)
        context['shares'] = shares if found.servers else []
        return context


class AttentionTable(OwnersTable):
    """Those of them that somebody should look at."""

    class Meta(OwnersTable.Meta):
        name = 'light_snapshots_attention'
        verbose_name = _('Needs Attention')
        no_data_message = _('Nothing is known to be wrong.')
        table_actions = (Filter,)


class AttentionView(IndexView):
    """The page with those that somebody should look at."""

    table_class = AttentionTable

    def get_data(self):
        return [each for each in super(AttentionView, self).get_data()
                if wellness.needs_attention(each)]

    def get_pages(self):
        return pages('attention')

    def get_context_data(self, **kwargs):
        context = super(AttentionView, self).get_context_data(**kwargs)
        # The sums are of all.
        context.update(shares=[], note=_(
            'What the database tells of the instances, and what you have found '
            'by checks lately. A check asks the compute host: '
            'tick instances on the page with all of them, and choose Check.'))
        return context
