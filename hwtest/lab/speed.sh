# speed.sh PHONE WHAT ROUNDS MIB, in the guest: cradle and programs that others wrote do the same on one phone,
# in turns, so that a machine that gets busy slows all alike. WHAT is film (MIB to and fro, and as tiny-get and
# tiny-put a kilobyte, which is what starting and opening the phone take; read is a get to /dev/null), list (every
# file of the storage; tiny-list is an empty folder), cards (the contents of a folder of small files) or huge (64 MiB and 4.3 GiB of zeros to
# and fro, by cradle alone, for its memory). PHONE is one of ours.sh.
#
# In the shared folder: ./cradle, usb.test, seed.tar (what the phone holds). It prints a line each: "speed: WHAT PROGRAM ms cpu-ms transfers
# transactions"; cpu is the program's own, transfers those of the bus, transactions our phone's (0 of
# others). Mounting isn't counted of programs that mount; starting and opening the phone is, of all others.
# Of huge also "peak: WHAT PROGRAM KiB", the most that was resident, and the same of the phone.
set -u
phone=$1 what=$2 rounds=$3 mib=$4
share=$PWD
out=/tmp
cp cradle /tmp/ && cd /tmp || exit
export XDG_RUNTIME_DIR=/tmp/run HOME=/tmp/home
mkdir -pm 700 $XDG_RUNTIME_DIR $HOME
mkdir -p m got
. "$share/ours.sh"
[ "$what" != huge ] || storage=/var/phone # what arrives there is no hole
ours "$share/seed.tar"
: >>trace
sel="serial:LAB-$phone"
bus() {
	local d
	for d in /sys/bus/usb/devices/*; do
		[ "$(cat "$d/serial" 2>/dev/null)" = "LAB-$phone" ] && { echo "$d/urbnum"; return; }
	done
}
urbs=$(bus)
fail() { # fail WHOSE…: what others' programs did wrong doesn't count
	echo "failed: $*"
	head -20 o
	case $1 in
	libmtp* | aft* | go-mtpfs* | jmtpfs*) rm -rf got/* && return 1 ;;
	esac
	exit 1
}
cpu() { awk '{print int(($16 + $17) * 10)}' /proc/$$/stat; } # of the children that ended, in ms
limit=400
timed() { # timed PROGRAM STEP COMMAND…
	local name=$1 step=$2 from c u t
	shift 2
	c=$(cpu) u=$(cat "$urbs") t=$(wc -l <trace) from=${EPOCHREALTIME/./}
	timeout "$limit" "$@" >o 2>&1 || {
		local status=$?
		case $name in cradle*) fail "$name $step: exit status $status" ;; esac
		echo "left out: $name $step: exit status $status"
		head -20 o
		return 1
	}
	echo "speed: $step $name $(((${EPOCHREALTIME/./} - from) / 1000)) $(($(cpu) - c)) $(($(cat "$urbs") - u)) $(($(wc -l <trace) - t))"
}
mounting() { # mounting PROGRAM OPTION…: on m, until unmounted
	(setsid "$@" m >mount.log 2>&1 &)
	await mountpoint -q m && await eval '[ -n "$(ls m)" ]' || fail "$1 doesn't mount: $(cat mount.log)"
}
unmount() { fusermount -u m; await eval '! mountpoint -q m' && await eval '! pgrep -x "go-mtpfs|jmtpfs|aft-mtp-mount"'; }
rm_film() { ./cradle mtp rm /in/film.bin --phone $sel >o 2>&1 || fail "$1 sent no film.bin"; }
arrived() { await cmp -s film.bin $storage/in/film.bin || fail "$1: other bytes arrived"; }
came() { cmp -s film.bin got/film || fail "$1: other bytes came"; rm -f got/*; }
others=yes
[ "$phone" != qemu ] || others= # aft finds no names there, go-mtpfs brings QEMU down

# measured TEST: a test of mtp/usb on the phone, in the same run: what a bare loop of transfers takes.
measured() { CRADLE_HW=1 CRADLE_HW_SERIAL=LAB-$phone CRADLE_HW_ROUNDS=$rounds CRADLE_HW_FOLDER=cards "$share/usb.test" -test.v -test.run "^TestMeasure$1\$"; }

case $what in
film)
	head -c $((mib * 1048576 - 61)) /dev/urandom >film.bin
	head -c 1003 film.bin >tiny.bin
	backends='usbfs gousb'
	[ "$mib" -le 64 ] || backends=usbfs others= # ours beside libmtp's alone
	last=${backends##* }
	for _ in $(seq "$rounds"); do
		for backend in $backends; do
			export CRADLE_USB=$backend
			timed cradle-$backend tiny-put ./cradle mtp put tiny.bin --to /in/tiny.bin --phone $sel
			timed cradle-$backend tiny-get ./cradle mtp get /in/tiny.bin --to got/film --phone $sel
			rm -f got/*
			timed cradle-$backend tiny-read sh -c "./cradle mtp get /in/tiny.bin --to - --phone $sel >/dev/null"
			[ $backend = "$last" ] || ./cradle mtp rm /in/tiny.bin --phone $sel >o 2>&1 || fail "cradle rm"
			timed cradle-$backend put ./cradle mtp put film.bin --to /in/film.bin --phone $sel
			arrived cradle
			timed cradle-$backend get ./cradle mtp get /in/film.bin --to got/film --phone $sel
			came cradle
			timed cradle-$backend read sh -c "./cradle mtp get /in/film.bin --to - --phone $sel >/dev/null"
			[ $backend = "$last" ] || rm_film cradle
		done
		unset CRADLE_USB
		mtp-files >files 2>/dev/null
		id() { awk -v want="$1" '/File ID: / {id=$3} $1=="Filename:" && $2==want {print id; exit}' files; }
		timed libmtp tiny-get mtp-getfile "$(id tiny.bin)" got/tiny
		timed libmtp get mtp-getfile "$(id film.bin)" got/film
		came libmtp
		timed libmtp read mtp-getfile "$(id film.bin)" /dev/null
		timed libmtp tiny-read mtp-getfile "$(id tiny.bin)" /dev/null
		timed cp get cp film.bin got/film # what that file system takes of it
		came cp
		rm_film cradle
		./cradle mtp rm /in/tiny.bin --phone $sel >o 2>&1 || fail "cradle rm"
		# After a put on QEMU's phone it sometimes can't read what it sent, and says so. It is there.
		timed libmtp tiny-put sh -c 'mtp-sendfile tiny.bin /in || grep -q "Could not retrieve updated metadata" o'
		./cradle mtp rm /in/tiny.bin --phone $sel >o 2>&1 || fail "libmtp sent no tiny.bin"
		timed libmtp put mtp-sendfile film.bin /in # it says that it was well whatever became of it
		arrived libmtp
		[ -n "$others" ] || { rm_film libmtp; continue; }
		timed aft get aft-mtp-cli 'get in/film.bin got/film'
		came aft
		rm_film libmtp
		timed aft put aft-mtp-cli 'put film.bin in'
		arrived aft
		mounting go-mtpfs
		timed go-mtpfs get cp "$(echo m/*)/in/film.bin" got/film
		came go-mtpfs
		rm "$(echo m/*)/in/film.bin"
		timed go-mtpfs put cp film.bin "$(echo m/*)/in/film.bin" # it sends as the file is closed
		arrived go-mtpfs
		unmount
		rm_film go-mtpfs
	done
	rm -f film.bin tiny.bin
	[ "$mib" -gt 64 ] || measured Rates
	;;
list)
	want=$(tar -tf "$share/seed.tar" | grep -c '\.vcf$')
	all() { [ "$(grep -c "$2" o)" -ge "$want" ] || fail "$1 lists $(grep -c "$2" o) of $want files"; }
	for round in $(seq "$rounds"); do
		# Our phone reads a folder anew when it hasn't been asked for it for some seconds: that is nobody's.
		./cradle mtp ls -r / --phone $sel >o 2>&1 || fail "cradle ls"
		for backend in usbfs gousb; do
			export CRADLE_USB=$backend # by itself: one more program to start would take ours 20 ms
			timed cradle-$backend tiny-list ./cradle mtp ls /in --phone $sel
			timed cradle-$backend list ./cradle mtp ls -r / --phone $sel
			all cradle '\.vcf'
		done
		unset CRADLE_USB
		# Some tools list the whole device first, where libmtp trusts it by one request; this one then
		# asks for an object that isn't there.
		timed libmtp-cached list sh -c 'mtp-getfile 4000000000 got/none || true'
		[ "$want" -lt 2000 ] || [ "$round" = 1 ] || continue # object by object takes a minute
		timed libmtp list mtp-files
		all libmtp 'Filename: .*\.vcf'
		mounting go-mtpfs
		timed go-mtpfs list ls -l "$(echo m/*)/cards"
		all go-mtpfs '\.vcf'
		unmount
		[ -n "$others" ] || continue
		timed aft list aft-mtp-cli 'lsext cards' # with sizes and times, as the others
		all aft '\.vcf'
	done
	[ "$phone" = qemu ] || measured Listing # it has no property lists
	;;
cards)
	mkdir seed && tar -C seed -xf "$share/seed.tar"
	check() { diff -r got/cards seed/cards >o || fail "$1: other files came"; rm -rf got/cards; }
	for _ in $(seq "$rounds"); do
		limit=400
		for backend in usbfs gousb; do
			export CRADLE_USB=$backend
			timed cradle-$backend cards ./cradle mtp get -r /cards --to got --phone $sel
			check cradle
		done
		unset CRADLE_USB
		limit=60 # jmtpfs lists QEMU's folder for each of its files, which takes an hour
		mounting jmtpfs -f
		timed jmtpfs cards cp -r "$(echo m/*)/cards" got/ && check jmtpfs || rm -rf got/cards
		unmount
		mounting go-mtpfs
		timed go-mtpfs cards cp -r "$(echo m/*)/cards" got/ && check go-mtpfs || rm -rf got/cards
		unmount
		[ -n "$others" ] || continue
		timed aft cards aft-mtp-cli 'get cards got/cards' && check aft || rm -rf got/cards
	done
	;;
huge)
	peak() { # peak STEP PROGRAM COMMAND…: timed, and how much memory the program had at most
		local step=$1 name=$2 most=0 line pid c from=${EPOCHREALTIME/./} u
		shift 2
		c=$(cpu) u=$(cat "$urbs")
		rm -f came
		"$@" > >(wc -c >came) 2>o &
		pid=$!
		while line=$(grep VmHWM /proc/$pid/status 2>/dev/null); do
			most=${line//[!0-9]/}
			sleep 0.2
		done
		wait $pid || fail "$name $step: exit status $?"
		echo "speed: $step $name $(((${EPOCHREALTIME/./} - from) / 1000)) $(($(cpu) - c)) $(($(cat "$urbs") - u)) 0"
		echo "peak: $step $name $most"
	}
	truncate -s 64M $storage/in/64M
	truncate -s 4400M $storage/in/4400M 4400M
	truncate -s 64M 64M
	for backend in usbfs gousb; do
		export CRADLE_USB=$backend
		for size in 64M 4400M; do
			peak get-$size cradle-$backend ./cradle mtp get /in/$size --to - --phone $sel
			await grep -qx "$(stat -c %s $size)" came || fail "$size: $(cat came) bytes came"
			peak put-$size cradle-$backend ./cradle mtp put $size --to /in/new --phone $sel
			[ "$(stat -c %s $storage/in/new)" = "$(stat -c %s $size)" ] || fail "$size: $(stat -c %s $storage/in/new) bytes arrived"
			rm $storage/in/new
		done
	done
	echo "peak: all phone $(awk '/VmHWM/ {print $2}' /proc/"$(pgrep -f 'cradle phone serve')"/status)"
	;;
esac
echo "speed: done"
