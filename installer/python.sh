# shellcheck shell=sh
# Sets $python to the Python that runs nova on this node: the one that the operator chose (light-snapshot --python, or
# PYTHON= in /etc/default/light-snapshot), else the one that nova's programs name, else Horizon's, else the system's.
# Empty without one.

python=
if [ -r /var/lib/light-snapshot/python ]; then
    read -r python < /var/lib/light-snapshot/python || python=
elif [ -r /etc/default/light-snapshot ]; then
    python=$(sed -n "s/^PYTHON *= *[\"']\{0,1\}\(\/[^\"' ]*\).*\$/\1/p" /etc/default/light-snapshot | tail -n 1)
fi
# Another program would do nothing, and that well.
if [ ! -x "$python" ] || [ "$("$python" -E -s -c 'print(1)' 2> /dev/null)" != 1 ]; then
    python=
fi
for program in nova-compute nova-conductor nova-api nova-api-wsgi nova-manage; do
    script=/usr/bin/$program
    if [ -n "$python" ] || [ ! -r "$script" ]; then
        continue
    fi
    # "#! /usr/bin/python3 -s" gives /usr/bin/python3
    found=$(sed -n '1s/^#! *\(\/[^ ]*python[0-9.]*\).*$/\1/p' "$script")
    if [ -x "$found" ]; then
        python=$found
    fi
done
# A dashboard without nova: Horizon's library lies where its Python looks for it.
if [ -d /usr/lib/python2.7/dist-packages/horizon ] && [ ! -d /usr/lib/python3/dist-packages/horizon ]; then
    candidates='/usr/bin/python2.7 /usr/bin/python3'
else
    candidates='/usr/bin/python3 /usr/bin/python2.7'
fi
for found in $candidates /usr/bin/python; do
    if [ -z "$python" ] && [ -x "$found" ]; then
        python=$found
    fi
done
