#!/bin/sh
# Installs everything that is pinned into .venv: one line that moves, the details in .venv/install.log. For `make setup`.
set -u
bin=.venv/bin
log=.venv/install.log
total=$(grep -c '^[a-zA-Z0-9].*==' requirements.txt)

install() {
    if command -v uv >/dev/null 2>&1; then
        uv pip install --python "$bin/python" --require-hashes -r requirements.txt || return 1
    else
        "$bin/python" -m pip install --disable-pip-version-check --progress-bar off --require-hashes \
            -r requirements.txt || return 1
    fi
    "$bin/python" -m pip install --disable-pip-version-check --no-deps --no-build-isolation --editable .
}

say() {
    seen=$(grep -c '^ *Collecting ' "$log")
    what="fetching package $seen"
    if [ "$seen" -eq 0 ]; then what="working"; fi
    if grep -q '^ *Installing collected' "$log"; then what="unpacking $seen packages"; fi
    words="  $what, $seconds s"
    if [ -t 1 ]; then printf '\r%-60s' "$words"; else echo "$words"; fi
}

echo "Setting up .venv: $total pinned packages, about 1.5 GB. Seconds with uv, some minutes with pip."
install >"$log" 2>&1 &
pid=$!
trap 'kill $pid 2>/dev/null; echo; exit 130' INT TERM
seconds=0
while kill -0 $pid 2>/dev/null; do
    if [ -t 1 ] || [ $((seconds % 15)) -eq 14 ]; then say; fi
    sleep 1
    seconds=$((seconds + 1))
done
wait $pid && code=0 || code=$?
[ -t 1 ] && printf '\r%-60s\r' ""
if [ $code -ne 0 ]; then
    echo "The packages could not be installed. The last lines of $log:" >&2
    tail -n 5 "$log" >&2
    echo "Mend that and run make again; what was downloaded is kept." >&2
    exit 1
fi
echo "Ready after $seconds s."
