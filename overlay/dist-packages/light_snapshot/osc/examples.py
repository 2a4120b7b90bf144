"""What each command's help ends with: how it is typed, and what that does."""

_COMMAND = 'openstack server light snapshot '

#: The command's words -> ((what is wanted, what stands behind them), ...)
EXAMPLES = {
    'all': (('Before a maintenance, wait for them, and have the outcome as JSON',
             'all --name "before maintenance" --wait -f json'),
            ('Only of the servers of which one is taken every day', 'all --daily')),
    'check': (('Look, and change nothing', 'check web'),
              ('Have what is wrong seen to, as an administrator', 'check --repair --wait web')),
    'commit': (('Write all layers into the root disk, and wait for it', 'commit --wait web'),),
    'create': (('Take one before something risky; its index is printed', 'create --name "before upgrade" web'),
               ('The same as JSON', 'create --name "before upgrade" -f json web'),
               ('With the guest\'s file systems written out first', 'create --quiesce --wait web')),
    'daily off': (('No further daily ones; those that there are stay', 'daily off web'),),
    'daily on': (('From tomorrow on, at the latest', 'daily on web'),),
    'delete': (('Be asked first, and told what comes back', 'delete web 3'),
               ('In a script', 'delete --yes --wait web 3')),
    'disable': (('Be a plain server again, for a roll-back of the package', 'disable --wait web'),),
    'enable': (('With two restore points: the last snapshot, and the root disk', 'enable web'),
               ('Keep every restore point, and take one a day', 'enable --store --daily --wait web')),
    'keep': (('Stay on what the preview shows', 'keep --yes --wait web'),),
    'list': (('The restore points, oldest first', 'list web'),
             ('Who took them, as well', 'list --long web'),
             ('For a script', 'list -f json web'),
             ('The names alone', 'list -f value -c Name web')),
    'preview': (('Look at restore point 3; nothing is lost', 'preview --index 3 --wait web'),
                ('Look at the root disk', 'preview --root --wait web')),
    'recover': (('Back to the last snapshot', 'recover web'),
                ('Back to restore point 3, without being asked', 'recover --index 3 --yes --wait web'),
                ('And forget what was written since', 'recover --index 3 --no-safety --yes --wait web')),
    'retain': (('Ten restore points at most, and none older than a month', 'retain --count 10 --days 30 web'),
               ('No limits any more', 'retain --no-count --no-days web')),
    'set': (('Say what it is good for', 'set --name "before upgrade" --description "database stopped" web 3'),),
    'show': (('All that is known of restore point 3', 'show web 3'), ('One value, for a script', 'show -f value -c size web 3')),
    'store off': (('Keep the last snapshot and the root disk from now on; what is kept stays', 'store off --wait web'),),
    'store on': (('Every snapshot stays a restore point from now on', 'store on --wait web'),),
    'undo': (('Have what the disks held before the preview', 'undo --yes --wait web'),),
}


def add(parser, prog_name):
    """Add a command's examples to the end of its help."""
    these = EXAMPLES.get(prog_name.replace('light-snapshot ', 'light snapshot ').rpartition('light snapshot ')[2])
    if these:
        lines = ['  # %s\n  %s%s' % (what, _COMMAND, typed) for what, typed in these]
        parser.epilog = '\n\n'.join(['Examples:'] + lines + ([parser.epilog] if parser.epilog else []))
    parser.formatter_class = _in_paragraphs(parser.formatter_class)


def _in_paragraphs(formatter):
    """A formatter of help that keeps paragraphs, and the lines of those that are indented."""
    class Formatter(formatter):
        def _fill_text(self, text, width, indent):
            parts = [part for part in text.split('\n\n') if part.strip()]
            fill = super(Formatter, self)._fill_text
            return '\n\n'.join(part if part.startswith('  ') else fill(part, width, indent) for part in parts)
    return Formatter
