# session.sh, sourced by the stories of a guest with a desktop (session_*.sh). Whatever is waited for
# has a bound. A story that fails says at what, and shows the users' journal.
set -u
notices=/run/user/1000/notifications.log
rule=70-cradle.rules

# told PATTERN: the lines of the notifications in which it is found. A log that is emptied while the
# one who writes it goes on has zeros where the old lines were.
told() { tr -d '\0' <$notices | grep -E -- "$1"; }

journal() { journalctl -q --no-pager "$@" _UID=1000 + _UID=1001; }
step() { echo "session: $(cut -d' ' -f1 /proc/uptime) $*"; }
fail() {
	echo "session: FAILED: $*"
	echo "--- the users' journal"
	journal -o short-monotonic | tail -n 60
	echo "--- notifications"
	told . | tail -n 20
	exit 1
}

# await WHAT COMMAND…: until it is true, for 150 seconds: an emulated computer beside others.
await() {
	local what=$1 end=$((SECONDS + ${PATIENCE:-150}))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || fail "never came: $what"
		sleep 0.4
	done
}

# lines USER PATTERN: in how many lines of USER's journal it is found.
lines() { journalctl -q -o cat --no-pager "_UID=$(id -u "$1")" | grep -cE -- "$2"; }
at_least() { [ "$(lines "$1" "$2")" -ge "$3" ]; }

# idle USER: no sync of USER's that started by itself is on its way.
idle() { [ -z "$(as "$1" systemctl --user list-units --no-legend --plain --state=activating,deactivating,reloading 'cradle-*')" ]; }
well() { [ -z "$(as "${1-ada}" systemctl --user list-units --no-legend --plain --failed)" ]; }

# What ada's store holds, asked as another program would: read-only, and quickly.
items() { sqlite3 -readonly -cmd '.timeout 5000' "/home/${1-ada}/.local/share/cradle/store.db" 'SELECT count(*) FROM items' 2>/dev/null || echo 0; }
has() { [ "$(items)" = "$1" ]; }

# cards NAME FIRST LAST: puts that many contacts on the phone, behind its back.
cards() {
	local n dir=/phone/$1/Cradle/contacts/personal
	mkdir -p "$dir"
	for ((n = $2; n <= $3; n++)); do
		printf 'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:card-%d\r\nFN:Person %d\r\nN:%d;Person;;;\r\nTEL;TYPE=CELL:+4930100%05d\r\nEND:VCARD\r\n' "$n" "$n" "$n" "$n" >"$dir/card-$n.vcf"
	done
}

# pair NAME: plugs the phone in and agrees to sync it, by hand; then it is unplugged.
pair() {
	phone plug "$1" || fail "$1 can't be plugged in"
	await "the hint is given" idle ada
	as ada cradle pair --phone "serial:LAB-$1" >pair.log 2>&1 || fail "pair: $(cat pair.log)"
	phone unplug "$1"
}

# at_work: a sync of ada's has a phone's interface.
at_work() { pgrep -u ada -x cradle && ls -l /sys/bus/usb/devices/*:*/driver | grep -q '/usbfs$'; }

install_package() {
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq ./cradle.deb >apt.log 2>&1 || fail "apt-get: $(cat apt.log)"
}

# may_sudo: ada is one who may become root, as the first user of a computer is.
may_sudo() { echo 'ada ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ada; }

# tree NAME: what is on the phone, with sizes and times.
tree() { (cd "/phone/$1" && find . -printf '%p %s %T@\n' | LC_ALL=C sort); }
