# story.sh PHONE: what happens in the guest (doc.go). Runs in the shared folder, which holds the
# program as ./cradle, more cards for the phone in late/ and for the store in desktop/, and out/
# for the results: STEP.json (what the program printed), STEP.err, STEP.rc, STEP.ms and, of
# some steps, STEP.tree (every file of the phone with size and time, and again with its digest).
#
# The store lies in the guest's memory: SQLite's WAL wants shared memory, which a host folder
# has not.
set -uo pipefail
phone=$1
out=$PWD/out
storage=/phone/$phone
cards=$storage/Cradle/contacts/personal
store=/tmp/store.db
. ./pull.sh
# Started from the host's folder the program would come page by page over 9p, each time anew.
cp cradle /tmp/cradle || exit

# cradle STEP ARG…
cradle() {
	local step=$1 from=${EPOCHREALTIME/./} rc=0
	echo "$step" >>"$out/steps"
	shift
	timeout 120 /tmp/cradle "$@" --store "$store" >"$out/$step.json" 2>"$out/$step.err" || rc=$?
	echo "$rc" >"$out/$step.rc"
	echo $(((${EPOCHREALTIME/./} - from) / 1000)) >"$out/$step.ms"
}

tree() { # tree STEP
	(
		cd "$storage" || exit
		find . -type f -printf '%P %s bytes, written at %T@\n'
		find . -type f -print0 | xargs -0 sha256sum
	) | LC_ALL=C sort >"$out/$1.tree"
}

# replace FILE FROM TO: as an app on the phone does it, a new file in the old one's place.
replace() {
	sed "s/$2/$3/" "$1" >"$1.tmp" && mv "$1.tmp" "$1"
}

# 1. The first sync, and two with nothing to do.
timeout 60 /tmp/cradle devices --json >"$out/devices.json" 2>"$out/devices.err"
echo $? >"$out/devices.rc"
tree seeded
cradle first sync --pair --json
tree first
cradle noop sync --json
cradle noop2 sync --json
tree noop

# 2. Edits on both sides, of different fields of one card too.
replace "$cards/card-007.vcf" 'TEL;TYPE=CELL:.*007' 'TEL;TYPE=CELL:+1 202 555 7777'
rm "$cards/card-011.vcf"
cp late/from-phone.vcf "$cards/from-phone.vcf"
replace "$storage/Cradle/calendars/personal/event-005.ics" 'SUMMARY:.*' 'SUMMARY:Moved by the phone'
cradle show7 show --raw card-007
sed 's/^NOTE:.*/NOTE:Written on the desktop\r/' "$out/show7.json" >/tmp/edit7.vcf
cradle edit7 edit card-007 --from /tmp/edit7.vcf
cradle show13 show --raw card-013
sed 's/^EMAIL:.*/EMAIL:desktop@example.org\r/' "$out/show13.json" >/tmp/edit13.vcf
cradle edit13 edit card-013 --from /tmp/edit13.vcf
cradle delete delete card-017 event-003
cradle import import --collection personal desktop/from-desktop.vcf
cradle dry sync --dry-run --json
cradle edits sync --json
cradle settled sync --json

# 3. The cable pulled while many cards go to the phone.
cradle importmany import --collection personal desktop/many.vcf
before=$(ls "$cards" | wc -l)
cradle pulled sync --json &
job=$!
pull "$phone" more "$cards" $((before + 30)) 2>>"$out/phone.err"
wait $job
ls "$cards" | wc -l >"$out/pulled.files"
cradle unplugged sync --json
phone plug "$phone" 2>>"$out/phone.err"
cradle replugged sync --json
cradle whole sync --json

# 4. And while many are read from it: a sync with nothing to do lists everything, an object in
# three transfers; after as many, and those that list the late cards, comes their reading, again
# of three transfers each.
at=$(phone sys "$phone")
transfers() { cat "/sys/bus/usb/devices/$at/urbnum"; }
started=$(transfers)
cradle listing sync --json
# An object written within the granularity of the phone's clock is read again, before or after the late ones.
again=$(grep -o '"bodies_read": *[0-9]*' "$out/listing.json" | grep -o '[0-9]*$')
listing=$(($(transfers) - started - 3 * ${again:-0}))
late=$(ls late/many | wc -l)
cp late/many/*.vcf "$cards/"
until=$(($(transfers) + listing + 3 * late + late / 5))
cradle reading sync --json &
job=$!
pull "$phone" past "$at" $until 2>>"$out/phone.err"
wait $job
phone plug "$phone" 2>>"$out/phone.err"
cradle reread sync --json
cradle end sync --json

# 5. What each side holds. Many small files over 9p would take their time, hence the archives.
cradle list list --json
mkdir -p /tmp/export
cradle export export --format vdir /tmp/export
tar -C /tmp/export -cf "$out/export.tar" .
tar -C "$storage/Cradle" -cf "$out/phone.tar" .
cp /run/umtprd.log "$out/" 2>/dev/null
exit 0
