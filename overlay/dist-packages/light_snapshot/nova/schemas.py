"""JSON schemas of our requests. Nothing beyond what is named is taken."""

from __future__ import absolute_import

from light_snapshot.nova import pages

_TEXT = {'type': 'string', 'maxLength': 255}


def _action(name, body):
    return {'type': 'object', 'properties': {name: body}, 'required': [name], 'additionalProperties': False}


def _options(required=(), types=('object', 'null'), **properties):
    schema = {'type': list(types), 'properties': properties, 'additionalProperties': False}
    if required:
        schema['required'] = list(required)
    return schema


_BOOLEAN = {'type': 'boolean'}
_SWITCH = _options(required=['enable'], types=['object'], enable=_BOOLEAN)
_NOTHING = {'type': 'null'}
_INDEX = {'type': ['integer', 'null'], 'minimum': 0, 'maximum': 2 ** 31 - 1}


def _limit(most):
    return {'type': ['integer', 'null'], 'minimum': 1, 'maximum': most}


ENABLE = _action('enableSnapshot', _options(store=_BOOLEAN, daily=_BOOLEAN))
DISABLE = _action('disableSnapshot', _NOTHING)
CREATE = _action('createSnapshot', _options(name=_TEXT, description=_TEXT, quiesce=_BOOLEAN))
RECOVER = _action('recoverInstance', _options(use_root=_BOOLEAN, snap_index=_INDEX, safety=_BOOLEAN))
PREVIEW = _action('previewInstance', _options(use_root=_BOOLEAN, snap_index=_INDEX))
KEEP = _action('keepPreview', _NOTHING)
UNDO = _action('undoPreview', _NOTHING)
COMMIT = _action('commitSnapshot', _NOTHING)
STORE = _action('storeSnapshot', _SWITCH)
DAILY = _action('dailySnapshot', _SWITCH)
# A limit that is not named stays as it is; null: no limit. A hundred years are enough.
RETAIN = _action('retainSnapshots', dict(_options(types=['object'], count=_limit(2 ** 31 - 1), days=_limit(36500)),
                                         minProperties=1))
ALL = _action('snapshotAll', _options(daily=_BOOLEAN, name=_TEXT, description=_TEXT, quiesce=_BOOLEAN))
CHECK = _action('checkSnapshots', _options(repair=_BOOLEAN))

UPDATE = _action('light_snapshot', dict(_options(types=['object'], name=_TEXT, description=_TEXT), minProperties=1))
TAKE = _action('light_snapshot', _options(types=['object'], name=_TEXT, description=_TEXT, quiesce=_BOOLEAN))

# ---- query parameters: nova hands over a list of texts for each


def _one(item):
    return {'type': 'array', 'items': item, 'maxItems': 1}


def _some(item, most):
    return {'type': 'array', 'items': item, 'maxItems': most}


def _query(**parameters):
    return {'type': 'object', 'properties': parameters, 'additionalProperties': False}


_NUMBER = {'type': 'string', 'pattern': '^[0-9]{1,9}$'}
_FLAG = {'type': 'string', 'enum': list(pages.TRUE + pages.FALSE)}
_TIME = {'type': 'string', 'format': 'date-time'}

POINTS_QUERY = _query(
    limit=_one(_NUMBER), marker=_one(_NUMBER),
    sort_key=_some({'type': 'string', 'enum': list(pages.KEYS)}, len(pages.KEYS)),
    sort_dir=_some({'type': 'string', 'enum': [pages.ASCENDING, pages.DESCENDING]}, len(pages.KEYS)),
    state=_some({'type': 'string', 'enum': list(pages.STATES)}, len(pages.STATES)), name=_one(_TEXT),
    kept=_one(_FLAG), daily=_one(_FLAG), safety=_one(_FLAG), created_since=_one(_TIME), created_before=_one(_TIME))

# What is looked up in the database: not each of them can compare any character.
_ID = {'type': 'string', 'maxLength': 255, 'pattern': '^[!-~]+$'}

HOSTS_QUERY = _query()

SUMMARY_QUERY = _query(
    limit=_one(_NUMBER), marker=_one({'type': 'string', 'format': 'uuid'}), all_projects=_one(_FLAG), project_id=_one(_ID),
    host=_one(_ID))
