# session_install.sh: `cradle install` without a package: the plan, the part of root, twice, a file that
# was edited by hand, and away again.
. ./session.sh
may_sudo
home=/home/ada
mkdir -p $home/bin && cp ./cradle $home/bin/cradle && chown -R ada: $home/bin
cradle() { as ada $home/bin/cradle "$@"; }
unit=$home/.config/systemd/user/cradle-sync@.service

cradle install --dry-run >plan.txt 2>&1 || fail "the plan: $(cat plan.txt)"
[ ! -e $unit ] && [ ! -e /etc/udev/rules.d/$rule ] || fail "a dry run wrote something"
cradle install --yes >install.txt 2>&1 || fail "install: $(cat install.txt)"
root=$(sed -n 's/.*The udev rule needs root. Next: //p' install.txt)
[ "$root" = "sudo $home/bin/cradle install --system --yes" ] || fail "the command for root: $root"
[ ! -e /etc/udev/rules.d/$rule ] || fail "the user's part wrote the rule"
as ada bash -c "$root" >root.txt 2>&1 || fail "root's part: $(cat root.txt)"
[ -e /etc/udev/rules.d/$rule ] || fail "root's part didn't write the rule"
[ "$(stat -c %U $unit)" = ada ] || fail "the unit isn't ada's"
step "installed in two steps"

cards qemu 1 2
phone plug qemu || fail "the phone can't be plugged in"
await "the hint" told "isn't paired"
cradle pair >pair.txt 2>&1 || fail "pair: $(cat pair.txt)"
phone unplug qemu
cards qemu 3 3
phone plug qemu
await "a sync by itself" has 3
await "its end" idle ada
step "plugged in: synced"

before=$(stat -c '%n %y' $unit /etc/udev/rules.d/$rule)
cradle install --yes >again.txt 2>&1 || fail "install again: $(cat again.txt)"
grep -qE '^(write|update|link|remove|unlink) ' again.txt && fail "a second install does something: $(cat again.txt)"
grep -q 'needs root' again.txt && fail "it asks for root again: $(cat again.txt)"
[ "$(stat -c '%n %y' $unit /etc/udev/rules.d/$rule)" = "$before" ] || fail "a second install wrote files"
step "installed twice: nothing to do"

echo '# mine' >>$unit
cradle install --yes >edited.txt 2>&1 || fail "install over an edited file: $(cat edited.txt)"
grep -qE "^keep .*cradle-sync@.service" edited.txt || fail "not kept: $(cat edited.txt)"
tail -n 1 $unit | grep -q '# mine' || fail "an edited file was overwritten"
cradle uninstall --yes >gone.txt 2>&1 || fail "uninstall: $(cat gone.txt)"
root=$(sed -n 's/.*The udev rule needs root. Next: //p' gone.txt)
as ada bash -c "$root" >root.txt 2>&1 || fail "root's part: $root: $(cat root.txt)"
[ ! -e /etc/udev/rules.d/$rule ] || fail "the rule is left"
tail -n 1 $unit | grep -q '# mine' || fail "uninstall took an edited file"
left=$(find $home/.config/systemd $home/.local/share/applications $home/.local/share/icons -name '*cradle*' ! -name 'cradle-sync@.service' 2>/dev/null)
[ -z "$left" ] || fail "uninstall left $left"
[ "$(items)" = 3 ] || fail "uninstall took data"
n=$(lines ada 'Starting cradle-sync@')
phone unplug qemu
phone plug qemu
sleep 2
[ "$(lines ada 'Starting cradle-sync@')" = "$n" ] || fail "something is started still"
phone unplug qemu
step "uninstalled: the edited file and the data are left"

# Without root: a resident program on udev's socket.
rm $unit
cradle install --yes --watch >watch.txt 2>&1 || fail "install --watch: $(cat watch.txt)"
await "cradle watch runs" as ada systemctl --user is-active cradle-watch.service
cards qemu 4 4
phone plug qemu
await "a sync by cradle watch" has 4
phone unplug qemu
cradle uninstall --yes >gone.txt 2>&1 || fail "uninstall: $(cat gone.txt)"
as ada systemctl --user is-active cradle-watch.service >/dev/null && fail "cradle watch runs still"
step "watched without a rule: synced"

# Other triggers: units of her systemd, each switched by itself. `cradle` tells the next time.
timers() { as ada systemctl --user list-units --no-legend --plain --state=active 'cradle-*.timer' | awk '{ print $1 }' | xargs; }
next() { cradle --json 2>/dev/null | python3 -c '
import datetime, json, sys
d = json.load(sys.stdin)
left = datetime.datetime.fromisoformat(d["timer"].replace("Z", "+00:00")).timestamp() - datetime.datetime.now().timestamp()
sys.exit(not (sorted(d["auto"]) == sorted(sys.argv[1:]) and 0 < left < 3700))' "$@"; }
cradle install --yes --every 1h --when-idle --at-login >triggers.txt 2>&1 || fail "install --every: $(cat triggers.txt)"
[ "$(timers)" = "cradle-idle.timer cradle-sync.timer" ] || fail "the timers: $(timers)"
as ada systemctl --user is-enabled cradle-login.service >/dev/null || fail "nothing is done at the login"
await "the next time" next at-login every when-idle
cards qemu 5 5
phone plug qemu
as ada systemctl --user start cradle-sync.service || fail "what the timer starts fails"
has 5 || fail "what the timer starts synced nothing: $(items) items"
phone unplug qemu
cradle install --yes --every off --at-login=false >triggers.txt 2>&1 || fail "install --every off: $(cat triggers.txt)"
[ "$(timers)" = cradle-idle.timer ] || fail "the timers, one switched off: $(timers)"
as ada systemctl --user is-enabled cradle-login.service >/dev/null 2>&1 && fail "at the login still"
cradle uninstall --yes >gone.txt 2>&1 || fail "uninstall: $(cat gone.txt)"
[ -z "$(timers)" ] || fail "the timers, uninstalled: $(timers)"
step "by the clock, while idle, at the login: switched on and off"
echo "session: done"
