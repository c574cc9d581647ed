# tool.sh PHONE, in the guest: cradle on a phone of the real bus through both backends: mtp ls, get, put, rm
# and info, and a sync whose cable is pulled. PHONE is one of the lab's, seeded as for story.sh. It ends
# with "tool: done"; whatever isn't as it should be ends it before.
set -eu
phone=$1
storage=/phone/$phone
contacts=$storage/Cradle/contacts/personal
. ./pull.sh
cp cradle /tmp/ && cd /tmp
export XDG_RUNTIME_DIR=/tmp HOME=/tmp
head -c 8000003 /dev/urandom >film.bin
printf 'a note\n' >note.txt
mkdir -p tree/inner && cp note.txt tree/a.txt && cp note.txt tree/inner/b.txt
sel="serial:LAB-$phone"

fail() { echo "tool: $*"; exit 1; }
cards() { (cd "$contacts" && ls -- *.vcf | wc -l); }
synced() { # synced STEP: a sync that is well
	./cradle sync --pair --store $store --phone $sel >sync.out 2>&1 || fail "$backend: sync, $1: $(cat sync.out)"
}
imported() { # imported NAME COUNT: as many cards into the store
	for n in $(seq "$2"); do
		printf 'BEGIN:VCARD\r\nVERSION:3.0\r\nUID:%s-%s-%s\r\nFN:%s %s\r\nN:%s;;;;\r\nEND:VCARD\r\n' "$1" $backend "$n" "$1" "$n" "$n"
	done >import.vcf
	./cradle import --collection personal import.vcf --store $store >o 2>&1 || fail "$backend: import: $(cat o)"
}

for backend in usbfs gousb; do
	export CRADLE_USB=$backend
	./cradle mtp info --phone $sel >info.txt || fail "$backend: info"
	grep -q '^  storage' info.txt || fail "$backend: info tells of no storage: $(cat info.txt)"
	./cradle mtp put film.bin --to /film-$backend.bin --phone $sel || fail "$backend: put"
	cmp film.bin $storage/film-$backend.bin || fail "$backend: other bytes arrived"
	./cradle mtp put -r tree --to /tree-$backend --phone $sel || fail "$backend: put -r"
	if ! grep -q qemu <<<"$phone"; then # which can't rename
		./cradle mtp put --force note.txt --to /tree-$backend/a.txt --phone $sel || fail "$backend: put --force"
	fi
	./cradle mtp ls -r / --phone $sel >ls.txt || fail "$backend: ls"
	for p in film-$backend.bin tree-$backend/a.txt tree-$backend/inner/b.txt; do
		grep -q "/$p\$" ls.txt || fail "$backend: ls lacks $p: $(cat ls.txt)"
	done
	rm -rf here && mkdir here
	# Interrupted in the middle, if the phone isn't done by then; then on from there.
	status=0
	timeout -s INT 0.5 ./cradle mtp get /film-$backend.bin --to here --phone $sel || status=$?
	echo "tool: $backend: the interrupted get ended with $status, $(stat -c %s here/.cradle-*.part here/film* 2>/dev/null | head -1) bytes are here"
	./cradle mtp get /film-$backend.bin --to here --phone $sel --json >got.json || fail "$backend: get after an interruption"
	cmp here/film-$backend.bin film.bin || fail "$backend: other bytes came"
	[ -z "$(ls here/.cradle-* 2>/dev/null)" ] || fail "$backend: a part is left"
	echo "tool: $backend: $(grep -E 'bytes|resumed' got.json | tr -d ' \n')"
	./cradle mtp get -r /tree-$backend --to here --phone $sel || fail "$backend: get -r"
	cmp here/tree-$backend/inner/b.txt note.txt || fail "$backend: a file of the tree differs"
	./cradle mtp rm -r /film-$backend.bin /tree-$backend --phone $sel || fail "$backend: rm"
	./cradle mtp ls / --phone $sel >ls.txt || fail "$backend: ls afterwards"
	if grep -q -e "-$backend" ls.txt; then fail "$backend: still there: $(cat ls.txt)"; fi

	# Syncs, with a store of its own; then the cable is pulled when the first cards of a sync are there.
	store=/tmp/store-$backend.db
	synced first
	want=$(($(cards) + 12))
	imported Whole 12
	synced whole
	[ "$(cards)" = $want ] || fail "$backend: the phone has $(cards) cards, not $want"
	imported Cut 60
	./cradle sync --store $store --phone $sel >sync.out 2>&1 &
	job=$!
	pull "$phone" more "$contacts" $((want + 2)) || fail "$backend: the sync was done before the cable was pulled: $(cat sync.out)"
	want=$((want + 60))
	status=0
	wait $job || status=$?
	echo "tool: $backend: the cable was pulled; $(cards) of $want cards, exit status $status: $(tail -n 2 sync.out | tr '\n' ' ')"
	phone plug "$phone"
	[ $status = 3 ] || fail "$backend: pulled: $(cat sync.out)"
	synced "after the pull"
	[ "$(cards)" = $want ] || fail "$backend: the phone has $(cards) cards, not $want: $(ls "$contacts")"
	[ "$(cat "$contacts"/*.vcf | grep "^UID:Cut-$backend-" | sort -u | wc -l)" = 60 ] || fail "$backend: of the 60 cards of the cut sync: $(ls "$contacts")"
	synced last
	grep -qi 'up to date\|nothing\|in sync' sync.out || fail "$backend: the last sync had something to do: $(cat sync.out)"
done
echo "tool: done"
