"""openstack server light-snapshot ...: each command once more, by the product's name with its hyphen.

They are not in the client's list of commands, where each would be there twice.
"""

from light_snapshot.osc import all as alls
from light_snapshot.osc import check
from light_snapshot.osc import commit
from light_snapshot.osc import create
from light_snapshot.osc import daily
from light_snapshot.osc import delete
from light_snapshot.osc import disable
from light_snapshot.osc import enable
from light_snapshot.osc import list as lists
from light_snapshot.osc import preview
from light_snapshot.osc import recover
from light_snapshot.osc import retain
from light_snapshot.osc import set as sets
from light_snapshot.osc import show
from light_snapshot.osc import store


def _once_more(command):
    # What cliff leaves out of that list.
    return type(command.__name__, (command,), {'deprecated': True, '__doc__': command.__doc__, '__module__': __name__})


All = _once_more(alls.All)
Check = _once_more(check.Check)
Commit = _once_more(commit.Commit)
Create = _once_more(create.Create)
DailyOff = _once_more(daily.Off)
DailyOn = _once_more(daily.On)
Delete = _once_more(delete.Delete)
Disable = _once_more(disable.Disable)
Enable = _once_more(enable.Enable)
Keep = _once_more(preview.Keep)
List = _once_more(lists.List)
Preview = _once_more(preview.Preview)
Recover = _once_more(recover.Recover)
Retain = _once_more(retain.Retain)
Set = _once_more(sets.Set)
Show = _once_more(show.Show)
StoreOff = _once_more(store.Off)
StoreOn = _once_more(store.On)
Undo = _once_more(preview.Undo)
