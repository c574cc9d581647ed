# beside.sh PHONE, in the guest: the same large file by cradle, through each backend, and by libmtp's
# tools, in turns, so that a machine that gets busy slows all alike. Prints milliseconds a turn.
set -eu
phone=$1
cp cradle /tmp/ && cd /tmp
export XDG_RUNTIME_DIR=/tmp HOME=/tmp
sel="serial:LAB-$phone"
head -c 67108803 /dev/zero >film.bin # of zeros: the guest's memory is the disk
now() { date +%s%N; }
timed() { # timed NAME COMMAND...
	name=$1; shift
	from=$(now)
	"$@" >out.txt 2>&1 || { cat out.txt; echo "beside: $name failed"; exit 1; }
	echo "beside: $name $((($(now) - from) / 1000000)) ms"
}
CRADLE_USB=usbfs ./cradle mtp put film.bin --to /film.bin --phone $sel >/dev/null
for _ in 1 2 3; do
	rm -f a b c
	timed "usbfs get" env CRADLE_USB=usbfs ./cradle mtp get /film.bin --to a --phone $sel
	timed "gousb get" env CRADLE_USB=gousb ./cradle mtp get /film.bin --to b --phone $sel
	id=$(mtp-files 2>/dev/null | awk '/File ID/ {id=$3} /film.bin/ {print id; exit}')
	timed "libmtp get" mtp-getfile "$id" c
	cmp a film.bin && cmp b film.bin && cmp c film.bin
	./cradle mtp rm /film.bin --phone $sel >/dev/null
	timed "libmtp put" mtp-sendfile film.bin /film.bin
	./cradle mtp rm /film.bin --phone $sel >/dev/null 2>&1 || true
	timed "gousb put" env CRADLE_USB=gousb ./cradle mtp put film.bin --to /film.bin --phone $sel
	./cradle mtp rm /film.bin --phone $sel >/dev/null
	timed "usbfs put" env CRADLE_USB=usbfs ./cradle mtp put film.bin --to /film.bin --phone $sel
done
echo "beside: done"
