# own.sh, in the guest: cradle's own virtual phone, exported over USB/IP and enumerated by the kernel,
# by cradle through each backend. It ends with "own: done".
set -eu
cp cradle /tmp/ && cd /tmp
export XDG_RUNTIME_DIR=/tmp HOME=/tmp
mkdir -p ph/Music && printf 'a note\n' >ph/note.txt
head -c 5000003 /dev/urandom >ph/Music/song.mp3
fail() { echo "own: $*"; cat serve.log; exit 1; }
modprobe vhci_hcd || fail "no vhci_hcd"
./cradle phone serve --dir ph --usbip 127.0.0.1:3240 --switches serial=OWN >serve.log 2>&1 &
server=$!
for _ in $(seq 50); do grep -q . serve.log && break; sleep 0.2; done
usbip attach -r 127.0.0.1 -b 1-1 || fail "usbip attach"
for _ in $(seq 50); do ./cradle devices | grep -q ready && break; sleep 0.2; done
for backend in usbfs gousb; do
	export CRADLE_USB=$backend
	./cradle mtp ls -r / --phone serial:OWN >ls.txt || fail "$backend: ls: $(cat ls.txt)"
	grep -q /Music/song.mp3 ls.txt || fail "$backend: ls lacks the song"
	rm -rf here && mkdir here
	./cradle mtp get /Music/song.mp3 --to here --phone serial:OWN || fail "$backend: get"
	cmp here/song.mp3 ph/Music/song.mp3 || fail "$backend: other bytes came"
	./cradle mtp put here/song.mp3 --to /put-$backend.mp3 --phone serial:OWN || fail "$backend: put"
	cmp ph/put-$backend.mp3 ph/Music/song.mp3 || fail "$backend: other bytes arrived"
	./cradle mtp put --force ls.txt --to /put-$backend.mp3 --phone serial:OWN || fail "$backend: put --force"
	cmp ph/put-$backend.mp3 ls.txt || fail "$backend: not replaced"
	./cradle mtp rm /put-$backend.mp3 --phone serial:OWN || fail "$backend: rm"
	[ ! -e ph/put-$backend.mp3 ] || fail "$backend: still there"
	echo "own: $backend is well"
done
# The cable is pulled in the middle of a file.
head -c 60000003 /dev/zero >ph/film.bin
CRADLE_USB=usbfs ./cradle mtp get /film.bin --to here --phone serial:OWN 2>err.txt &
get=$!
sleep 1
usbip detach -p 00 || fail "usbip detach"
status=0
wait $get || status=$?
[ $status = 3 ] || [ $status = 0 ] || fail "pulled: exit status $status: $(cat err.txt)"
echo "own: pulled: exit status $status"
kill $server
echo "own: done"
