# session_gvfs.sh: the file manager's side, gvfs, has the phone: it lends it and gets it back. All of
# that is told in one bubble, which changes.
. ./session.sh
at=mtp://QEMU_QEMU_filesharing_LAB-qemu/
mounted() { as ada gio mount -l | grep -qF "$at"; }
install_package
cards qemu 1 3
pair qemu
phone plug qemu
await "the sync's end" idle ada
as ada gio mount "$at" || fail "gvfs can't mount the phone"
mounted || fail "not mounted: $(as ada gio mount -l)"
as ada cradle devices >devices.txt 2>&1
grep -q 'busy' devices.txt && grep -q 'gvfsd-mtp (pid' devices.txt || fail "gvfs doesn't have the phone: $(cat devices.txt)"
step "gvfs has the phone"

cards qemu 4 4
as ada systemctl --user start cradle-sync.service || fail "the sync failed"
has 4 || fail "not synced: $(items) items"
await "gvfs has it again" mounted
as ada gio list "$at" >/dev/null || fail "gvfs can't list it"
step "released, synced, mounted again"

# Another program has it, which nobody asks to let go: the person is told, and the sync goes on by itself
# when that program is done.
as ada gio mount -u "$at" || fail "gvfs doesn't let go"
as ada sh -c 'mkdir -p ~/phone && jmtpfs ~/phone' >/dev/null 2>&1 || fail "jmtpfs can't mount"
: >$notices
cards qemu 5 5
as ada systemctl --user start --no-block cradle-sync.service
await "the person is told" told 'another program uses the phone'
told 'fusermount -u /home/ada/phone' >/dev/null || fail "not told what to do: $(told .)"
has 4 || fail "synced while another program had the phone"
as ada fusermount -u /home/ada/phone || fail "jmtpfs doesn't let go"
await "the sync after that" has 5
await "the sync's end" idle ada
await "the result is told" told 'is in sync'
step "another program was waited for"

# One bubble: the first Notify asks for a new one (0), the others replace it.
calls=$(told ' Notify "Cradle" ')
[ "$(grep -c ' Notify "Cradle" 0 ' <<<"$calls")" = 1 ] || fail "several bubbles: $calls"
ids=$(sed 's/.* Notify "Cradle" \([0-9]*\) .*/\1/' <<<"$calls" | sort -u)
[ "$(wc -l <<<"$ids")" = 2 ] || fail "other bubbles were changed: $calls"
[ "$(wc -l <<<"$calls")" -ge 2 ] || fail "never changed: $calls"
step "one bubble, told $(wc -l <<<"$calls") times"

# Plugged in while gvfs takes it at once, as a file manager has it do.
phone unplug qemu
cards qemu 6 6
phone plug qemu &
for _ in {1..150}; do
	as ada gio mount "$at" 2>/dev/null && break
	sleep 0.1
done
wait
await "the sync beside the file manager" has 6
await "the sync's end" idle ada
step "both wanted it: synced"
echo "session: done"
