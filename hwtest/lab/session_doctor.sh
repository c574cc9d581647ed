# session_doctor.sh data|system: faults are planted one by one; doctor names each, and the command that
# it prints mends it, run as it stands.
. ./session.sh
may_sudo
install_package
cards qemu 1 6
pair qemu
folder=/home/ada/.local/share/cradle
config=/home/ada/.config/cradle/config.toml
phone plug qemu
await "the sync's end" idle ada
faults=0

# asked NAME: level, next step and words of NAME's first check that isn't well, a line each.
asked() {
	as ada cradle doctor --json 2>doctor.err | python3 -c '
import json, sys
bad = [c for c in json.load(sys.stdin)["checks"] if c["name"] == sys.argv[1] and c["level"] != "ok"]
for c in bad[:1]:
    print(c["level"], c["next"], c["what"], sep="\n")' "$1"
}

# mends NAME WORD: doctor says in NAME's check what has WORD in it, and its command mends that.
mends() {
	local found next
	found=$(asked "$1")
	[ -n "$found" ] || fail "$1 ($2): doctor finds nothing: $(as ada cradle doctor 2>&1)"
	grep -qE -- "$2" <<<"$found" || fail "$1: found something else than $2: $found"
	next=$(sed -n 2p <<<"$found")
	(cd /home/ada && as ada EDITOR=/tmp/editor bash -c "$next") >fix.txt 2>&1 || fail "$1: the command fails: $next: $(cat fix.txt)"
	await "idle" idle ada
	found=$(asked "$1")
	[ -z "$found" ] || fail "$1: after $next doctor still finds: $found"
	faults=$((faults + 1))
	step "$1: $2: $next"
}

[ -z "$(as ada cradle doctor --json | grep -E '"level": "(warn|error)"')" ] || fail "not well to begin with: $(as ada cradle doctor)"

data() {
	# The store.
	chmod 644 $folder/store.db
	mends store 'others may read'
	as ada cradle pair --as desktop --yes >/dev/null 2>&1 || fail "no backup is made"
	rm -f $folder/store.db-wal $folder/store.db-shm
	dd if=/dev/zero of=$folder/store.db bs=4096 count=4 conv=notrunc status=none
	mends store 'store'
	as ada cradle sync --phone serial:LAB-qemu --pair >sync.txt 2>&1 || fail "sync after the restore: $(cat sync.txt)"

	# The settings: the editor that the command opens is the person.
	printf '#!/bin/sh\nsed -i "/colour/d" "$1"\n' >/tmp/editor
	chmod 755 /tmp/editor
	as ada mkdir -p ${config%/*}
	as ada sh -c "echo 'colour = \"red\"' >>$config"
	mends settings 'colour'

	# The phone's sync state.
	for state in /phone/qemu/Cradle/state/*; do
		printf spoilt | dd of="$state" bs=1 seek=40 conv=notrunc status=none
	done
	mends state "can't be used"
}

system() {
	# udev and the rule.
	mv /usr/lib/udev/rules.d/$rule /tmp/$rule
	udevadm control --reload
	udevadm trigger --action=change "$(phone where qemu)"
	udevadm settle
	mends install 'no udev rule'
	rm /etc/udev/rules.d/$rule
	udevadm control --reload
	udevadm trigger --action=change "$(phone where qemu)"
	udevadm settle
	mv /tmp/$rule /usr/lib/udev/rules.d/$rule
	mends udev "hasn't acted"
	systemctl stop systemd-udevd-kernel.socket systemd-udevd-control.socket systemd-udevd.service
	rm -f /run/udev/control
	mends udev "udev doesn't run"

	# The device file.
	setfacl -b "$(phone where qemu)"
	chmod 600 "$(phone where qemu)"
	mends acl 'permission'

	# Who has the phone.
	as ada gio mount mtp://QEMU_QEMU_filesharing_LAB-qemu/ || fail "gvfs can't mount"
	mends holder 'gvfsd-mtp'
	as ada sh -c 'mkdir -p ~/my\ phone && jmtpfs ~/my\ phone' >/dev/null 2>&1 || fail "jmtpfs can't mount"
	mends holder 'jmtpfs'

	# The units.
	as ada systemctl --user mask cradle-sync@.service 2>/dev/null
	mends units 'masked'
	as ada sh -c 'mkdir -p ~/.config/systemd/user/cradle-sync@.service.d; printf "[Service]\nExecStart=\nExecStart=/bin/false\n" >~/.config/systemd/user/cradle-sync@.service.d/mine.conf; systemctl --user daemon-reload; systemctl --user start cradle-sync@none.service; rm -r ~/.config/systemd/user/cradle-sync@.service.d; systemctl --user daemon-reload'
	mends units 'failed'
}

"$1"
step "$faults faults found and mended"
echo "session: done"
