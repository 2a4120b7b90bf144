"""JSON schemas of our requests. Nothing beyond what is named is taken."""

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
