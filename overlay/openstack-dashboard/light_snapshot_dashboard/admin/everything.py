"""The dialog that takes a light snapshot of every server."""

import logging

from horizon import forms
from horizon import messages

from light_snapshot_dashboard import api
from light_snapshot_dashboard import compat
from light_snapshot_dashboard.compat import gettext
from light_snapshot_dashboard.compat import gettext_lazy as _
from light_snapshot_dashboard.project import failures
from light_snapshot_dashboard.project import forms as project_forms

LOG = logging.getLogger(__name__)

# Of a large cloud a page shows so many, and counts the others.
MOST_NAMED = 10


class TakeAllForm(forms.SelfHandlingForm):
    """Take a light snapshot of every server that uses them."""

    daily = forms.BooleanField(
        label=_('Only those with a daily snapshot'), required=False)
    name = project_forms.name_field()
    description = project_forms.description_field()
    quiesce = project_forms.quiesce_field()

    def handle(self, request, data):
        """Asks the API; False if it refused."""
        try:
            answer = api.take_all(request, data['daily'], data['name'],
                                  data['description'], data['quiesce'])
        except Exception as error:
            failures.log_in_again(request, error)
            LOG.info('light snapshots of all refused: %s', error)
            if failures.code(error) in (404, 405):
                why = gettext('This cloud\'s compute API takes none of all '
                              'instances.')
            else:
                why = api.words(error)
            self.api_error(u'%s %s' % (
                gettext('No light snapshot was taken.'), why))
            return False
        self._tell(request, answer)
        return True

    @staticmethod
    def _tell(request, answer):
        servers = answer.get('servers') or []
        others = [each for each in servers if each['status'] != 'accepted']
        messages.success(request, gettext(
            'Light snapshots of %(count)d instances are being taken. Each '
            'instance\'s action log tells what became of it (%(request)s).') % {
                'count': len(servers) - len(others),
                'request': answer.get('request_id') or '-'})
        named = [gettext('"%(name)s" on %(host)s (%(why)s)') % {
            'name': each.get('name') or each['id'],
            'host': each.get('host') or '-',
            'why': (each.get('reason') or each['status']).rstrip('.')}
            for each in others[:MOST_NAMED]]
        if len(others) > MOST_NAMED:
            named.append(gettext('%d more') % (len(others) - MOST_NAMED))
        # One message: many do not fit into the cookie that carries them.
        if named:
            messages.warning(request, gettext('None is taken of %s.')
                             % u', '.join(named))
        if answer.get('cells_left_out'):
            messages.warning(request, gettext(
                'Cells that did not answer, whose instances are left out: %s.')
                % u', '.join(answer['cells_left_out']))


class TakeAllView(forms.ModalFormView):
    """Take a light snapshot of every server that uses them."""

    form_class = TakeAllForm
    template_name = 'light_snapshot_dashboard/form.html'
    page_title = modal_header = _('Take Light Snapshots of All')
    submit_label = _('Take Light Snapshots')
    modal_id = 'light_snapshot_take_all_modal'
    form_id = 'light_snapshot_take_all_form'

    def get_success_url(self):
        return compat.reverse('horizon:admin:light_snapshots:index')

    def get_cancel_url(self):
        return self.get_success_url()

    def get_context_data(self, **kwargs):
        context = super(TakeAllView, self).get_context_data(**kwargs)
        context.update({
            'submit_url': compat.reverse(
                'horizon:admin:light_snapshots:take_all'),
            'help': [gettext('Every instance of the cloud that uses light '
                             'snapshots gets one, on each host a few at a '
                             'time. The instances keep running.'),
                     gettext('An instance that does not keep its history '
                             'loses the restore point of its root disk, as '
                             'with every snapshot of it.')],
        })
        return context
