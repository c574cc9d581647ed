# session_quick.sh: how long it takes from the plug to "in sync" with 1,000 items and nothing to do, by
# the journal's times. The host judges.
. ./session.sh
install_package
step "the package is installed"
name=$1
phone plug "$name" || fail "$name can't be plugged in"
await "the hint is given" idle ada
step "the hint is given"
as ada cradle sync --pair --phone "serial:LAB-$name" >pair.log 2>&1 || fail "sync --pair: $(cat pair.log)"
phone unplug "$name"
has 1000 || fail "pairing brought $(items) items"
step "paired: 1,000 items"
for n in 1 2 3; do
	since=$(date +%s.%N)
	phone plug "$name"
	await "the sync" at_least ada 'in sync: nothing to do' $n
	await "the sync's end" idle ada
	times() { journalctl -q --no-pager -o short-unix --since "@${since%.*}" "$@"; }
	plug=$(times -k | grep -E 'usb [0-9.-]+: new .* USB device' | tail -n 1 | cut -d' ' -f1)
	start=$(times _UID=1000 | grep -E 'Starting cradle-sync@' | tail -n 1 | cut -d' ' -f1)
	synced=$(times _UID=1000 | grep -E 'in sync: nothing to do' | tail -n 1 | cut -d' ' -f1)
	[ -n "$plug" ] && [ -n "$start" ] && [ -n "$synced" ] || fail "the journal lacks a time: plug $plug, start $start, synced $synced"
	awk -v p="$plug" -v s="$start" -v d="$synced" 'BEGIN { printf "quick: plug to start %.2f s, start to synced %.2f s, plug to synced %.2f s\n", s - p, d - s, d - p }'
	phone unplug "$name"
done
echo "session: done"
