# desk.sh, in the guest: the suite for a phone on a desk (hwtest/device), reading part and writing part,
# on cradle's own virtual phone behind USB/IP, through each backend. It ends with "desk: done".
set -eu
cp cradle device.test /tmp/ && cd /tmp
export XDG_RUNTIME_DIR=/tmp CRADLE_DEVICE=serial:DESK CRADLE_DEVICE_LARGE=8
mkdir -p ph/Music && printf 'a note\n' >ph/note.txt
head -c 5000003 /dev/urandom >ph/Music/song.mp3
modprobe vhci_hcd
./cradle phone serve --dir ph --usbip 127.0.0.1:3240 --switches serial=DESK >serve.log 2>&1 &
for _ in $(seq 100); do grep -q . serve.log && break; sleep 0.2; done
usbip attach -r 127.0.0.1 -b 1-1
for _ in $(seq 100); do ./cradle devices | grep -q ready && break; sleep 0.2; done
tree() { (cd ph && find . -type f -printf '%P %s %T@\n' | LC_ALL=C sort); }
before=$(tree)
for backend in usbfs gousb; do
	export CRADLE_USB=$backend
	./device.test -test.v -test.run '^TestReads$' -test.timeout 500s
	CRADLE_DEVICE_WRITE=yes ./device.test -test.v -test.run '^TestWrites$' -test.timeout 500s
	[ "$(tree)" = "$before" ] || { echo "desk: $backend: the phone isn't as it was: $(tree)"; exit 1; }
done
echo "desk: done"
