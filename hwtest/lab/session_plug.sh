# session_plug.sh: from the package to a phone that syncs by itself, and back to nothing.
. ./session.sh
. ./pull.sh
touch /tmp/before
install_package
step "the package is installed"
cards qemu 1 5
pair qemu
has 5 || fail "pairing brought $(items) items"
rm -r /phone/qemu2/later
cards qemu2 1 5
pair qemu2
has 5 || fail "pairing the second phone brought $(items) items"
step "two phones are paired"

cards qemu 6 6
phone plug qemu
await "the sixth item" has 6
await "the sync's end" idle ada
phone unplug qemu
step "plugged in: synced, and nobody typed anything"

n=$(lines ada 'in sync: nothing to do')
phone plug qemu
await "a second plug-in" at_least ada 'in sync: nothing to do' $((n + 1))
await "the sync's end" idle ada
phone unplug qemu
step "plugged in again: synced again"

cards qemu 7 7
cards qemu2 8 8
phone plug qemu &
phone plug qemu2 &
wait
await "both phones' items" has 8
await "both syncs' end" idle ada
well || fail "a unit failed"
phone unplug qemu
phone unplug qemu2
step "two phones at once: both synced"

# 700 more. A sync lists all in three transfers each, then it reads these, in as many again.
mv /phone/qemu/later /phone/qemu/Cradle/contacts/later
want=708
phone plug qemu &
pull qemu past '*-*' $((3 * want + 300)) || fail "the sync was done before the cable was pulled"
wait
await "the end of the sync that was cut off" idle ada
well || fail "a unit failed: $(as ada systemctl --user --failed --no-legend)"
[ "$(items)" -lt $want ] || fail "the sync that was cut off had everything"
step "unplugged in the middle: $(items) of $want items"
phone plug qemu
await "what the pulled cable left over" has $want
await "the sync's end" idle ada
phone unplug qemu
step "plugged in: completed"

seat out ada
cards qemu 902 902
phone plug qemu
has $want || fail "synced for a user who isn't logged in"
seat ada
await "a phone that was there before the login" has $((want += 1))
await "the sync's end" idle ada
step "there before the user's manager: synced"

DEBIAN_FRONTEND=noninteractive apt-get purge -y -qq cradle >apt.log 2>&1 || fail "apt-get purge: $(cat apt.log)"
left=$(find / -xdev \( -path /proc -o -path /sys -o -path /share -o -path /run -o -path /tmp -o -path /phone -o -path "$HOME" \) -prune -o -iname '*cradle*' -newer /tmp/before -print |
	grep -vE '^/home/ada/\.(local/(share|state)|config)/cradle(/|$)|^/var/(log|cache)/')
[ -z "$left" ] || fail "the purge left $left"
udevadm control --reload
phone unplug qemu
n=$(lines ada 'cradle-sync@')
phone plug qemu
sleep 2
[ "$(lines ada 'cradle-sync@')" = "$n" ] || fail "something is started still"
has $want || fail "the purge took data: $(items) items are left"
step "purged: nothing is left but the data"
echo "session: done"
