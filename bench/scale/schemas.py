"""python3 -m bench.scale.schemas CONFIGURATION... -- CELL0 CELL1 QUEUE: nova's databases and its two cells, by nova-manage's own commands.

They run in one process, since each loads all of nova.
"""

import sys


def main():
    from nova.cmd import manage
    from nova import config
    from nova import objects
    split = sys.argv.index('--')
    cell0, cell1, queue = sys.argv[split + 1:]
    config.parse_args(['nova-manage'] + sys.argv[1:split], default_config_files=[])
    objects.register_all()
    cells = manage.CellV2Commands()
    for step in (lambda: manage.ApiDbCommands().sync(), lambda: cells.map_cell0(cell0), lambda: manage.DbCommands().sync(),
                 lambda: cells.create_cell(name='cell1', database_connection=cell1, transport_url=queue)):
        if step():
            sys.exit('nova-manage has failed')


if __name__ == '__main__':
    main()
