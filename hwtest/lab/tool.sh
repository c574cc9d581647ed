# tool.sh PHONE, in the guest: cradle mtp on a phone of the real bus, through both backends. It ends
# with "tool: done"; whatever isn't as it should be ends it before.
set -eu
phone=$1
cp cradle /tmp/ && cd /tmp
export XDG_RUNTIME_DIR=/tmp HOME=/tmp
head -c 20000003 /dev/urandom >film.bin
printf 'a note\n' >note.txt
mkdir -p tree/inner && cp note.txt tree/a.txt && cp note.txt tree/inner/b.txt

fail() { echo "tool: $*"; exit 1; }
for backend in usbfs gousb; do
	export CRADLE_USB=$backend
	sel="serial:LAB-$phone"
	./cradle mtp info --phone $sel >info.txt || fail "$backend: info"
	grep -q '^  storage' info.txt || fail "$backend: info tells of no storage: $(cat info.txt)"
	./cradle mtp put film.bin --to /film-$backend.bin --phone $sel || fail "$backend: put"
	./cradle mtp put -r tree --to /tree-$backend --phone $sel || fail "$backend: put -r"
	./cradle mtp ls -r / --phone $sel >ls.txt || fail "$backend: ls"
	for p in film-$backend.bin tree-$backend/a.txt tree-$backend/inner/b.txt; do
		grep -q "/$p\$" ls.txt || fail "$backend: ls lacks $p: $(cat ls.txt)"
	done
	rm -rf here && mkdir here
	# Interrupted in the middle, if the phone isn't done by then; then on from there.
	status=0
	timeout -s INT 0.7 ./cradle mtp get /film-$backend.bin --to here --phone $sel || status=$?
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
done
echo "tool: done"
