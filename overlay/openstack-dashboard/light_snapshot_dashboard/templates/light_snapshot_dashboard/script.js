{% include "light_snapshot_dashboard/look_again.js" %}
{% include "light_snapshot_dashboard/reachable.js" %}
