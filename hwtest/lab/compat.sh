# compat.sh PHONE, in the guest: programs that others wrote, on a phone. Each client detects it, lists
# it, gets, deletes and sends a file; a cell is well if what came, or what the phone holds then, is
# right. PHONE is qemu or umtprd, which the lab has plugged in, or own or plain: our virtual phone on
# USB/IP, as Android and without android.com.
#
# In the shared folder: ./cradle, seed/ and seed.tar (what the phone holds), big.bin, small.bin and full.bin (to be sent;
# with its header full.bin fills its last packet); out/ takes cells (a line each: client, step, ok or failed),
# CLIENT.STEP.log, trace and versions. It ends with "compat: done".
set -u
phone=$1
share=$PWD
out=$share/out
[ "${2-}" = gio ] || cp cradle /tmp/ # later our phone runs from there
cd /tmp || exit
export XDG_RUNTIME_DIR=/tmp/run HOME=/tmp/home
mkdir -pm 700 $XDG_RUNTIME_DIR $HOME
mkdir -p m got

. "$share/ours.sh"

cell() { # cell CLIENT STEP COMMAND…
	local client=$1 step=$2 verdict=ok
	shift 2
	[ "$phone $step" != "qemu sendfull" ] || return 0 # QEMU dies of it
	echo "== $client $step" >>"$out/trace"
	echo "$client $step" >"$out/now" # what a machine that died was doing
	rm -f got/*
	(set -e; "$@") >"$out/$client.$step.log" 2>&1 </dev/null
	[ $? = 0 ] || verdict=failed
	echo "$client $step $verdict" >>"$out/cells"
	# What failed may have left the phone, or a program that has it, in disorder: the next cell
	# is not to suffer from it.
	[ $verdict = ok ] || touch again
}

well() { # after a client: a fresh phone where something failed
	fusermount -uz m 2>/dev/null
	[ ! -e again ] || { unplug; plug; }
	rm -f again
}

sent() { await cmp -s "$share/$1.bin" "$storage/$2" || { echo "the phone holds: $(ls -l "$storage/$2" 2>&1)"; return 1; }; }
removed() { await [ ! -e "$storage/$1" ] || { echo "the phone still holds $1"; return 1; }; }
same() { cmp "$1" "$share/seed/$2"; }
limit() { timeout -k 3 120 "$@"; }

# check_list FILE: the names that a listing has to have.
check_list() {
	cat "$1"
	local name
	for name in IMG_0001.jpg note.txt full.bin 'Zoë Grün 名.txt'; do
		grep -qF "$name" "$1" || { echo "the listing lacks $name"; return 1; }
	done
}

# One function a client and step.
libmtp_detect() {
	limit mtp-detect >o 2>&1 || { tail -40 o; return 1; }
	grep -E 'Device 0|Manufacturer|Model:|Serial number|StorageDescription' o
	grep -q 'Serial number' o
}
libmtp_list() { limit mtp-files >libmtp.files 2>&1; check_list libmtp.files; }
libmtp_id() { awk -v want="$1" '/File ID: / {id=$3} $1=="Filename:" && $2==want {print id; exit}' libmtp.files; }
libmtp_get() { limit mtp-getfile "$(libmtp_id IMG_0001.jpg)" got/p; same got/p DCIM/Camera/IMG_0001.jpg; }
libmtp_full() { limit mtp-getfile "$(libmtp_id full.bin)" got/f; same got/f full.bin; }
libmtp_delete() { limit mtp-delfile -f /remove-libmtp.txt; removed remove-libmtp.txt; }
libmtp_put() { # libmtp_put FILE FOLDER: mtp-sendfile says that it was well whatever became of it
	cp "$share/$1.bin" "libmtp-$1.bin"
	limit mtp-sendfile "libmtp-$1.bin" "$2" 2>&1 | tr '\r' '\n' | grep -v Progress
	sent "$1" "$2/libmtp-$1.bin"
}
libmtp_send() { libmtp_put big /Music; }
libmtp_sendfull() { libmtp_put full /Music; }
libmtp_top() { libmtp_put small /; }

# Programs that mount; the storage is the only folder at the top.
mounted() { await mountpoint -q m || { echo "nothing is mounted"; return 1; }; await eval '[ -n "$(ls m)" ]' || { echo "the mounted folder is empty"; return 1; }; ls m; }
top() { echo m/*; }
mount_list() { limit find "$(top)" >o 2>&1 || { cat o; return 1; }; check_list o; }
mount_get() { limit cp "$(top)/DCIM/Camera/IMG_0001.jpg" got/p; same got/p DCIM/Camera/IMG_0001.jpg; }
mount_full() { limit cp "$(top)/full.bin" got/f; same got/f full.bin; }
mount_delete() { limit rm "$(top)/remove-$1.txt"; removed "remove-$1.txt"; }
mount_put() { limit cp "$share/$1.bin" "$(top)/$2"; sync "$(top)/$2" || true; sent "$1" "$2"; }
mount_send() { mount_put big "Music/$1-big.bin"; }
mount_sendfull() { mount_put full "Music/$1-full.bin"; }
mount_top() { mount_put small "$1-top.bin"; }
mounting() { # mounting CLIENT: its cells, mount_detect being done by CLIENT_detect
	cell "$1" detect "${1}_detect"
	local step
	for step in list get full delete send sendfull top; do
		cell "$1" $step mount_$step "$1"
		# Each step is judged by itself: aft-mtp-mount sometimes dies of one that failed.
		timeout 5 ls m 2>&1 | grep -q 'not connected' && { fusermount -uz m; "${1}_detect"; } >/dev/null 2>&1
	done
}
jmtpfs_detect() { limit jmtpfs -l; limit jmtpfs m; mounted; }
gompts_log=/tmp/go-mtpfs.log
gomtpfs_detect() { (setsid go-mtpfs m >$gompts_log 2>&1 &); mounted || { cat $gompts_log; return 1; }; }
aftmount_detect() { limit aft-mtp-mount m; mounted; }

aftcli() { limit aft-mtp-cli "$@"; }
aftcli_detect() { aftcli device-info; }
aftcli_list() { { aftcli ls; aftcli 'ls DCIM/Camera'; } >o 2>&1 || { cat o; return 1; }; check_list o; }
aftcli_get() { aftcli 'get DCIM/Camera/IMG_0001.jpg got/p'; same got/p DCIM/Camera/IMG_0001.jpg; }
aftcli_full() { aftcli 'get full.bin got/f'; same got/f full.bin; }
aftcli_delete() { aftcli 'rm remove-aftcli.txt'; removed remove-aftcli.txt; }
aftcli_put() { cp "$share/$1.bin" "aftcli-$1.bin"; aftcli "put aftcli-$1.bin $2"; sent "$1" "$2/aftcli-$1.bin"; }
aftcli_send() { aftcli_put big Music; }
aftcli_sendfull() { aftcli_put full Music; }
aftcli_top() { cp "$share/small.bin" aftcli-top.bin; aftcli 'put aftcli-top.bin'; sent small aftcli-top.bin; }

gp() { limit gphoto2 "$@"; }
gphoto_number() { gp --folder "$1" --list-files 2>&1 | awk -v want="$2" '$2==want {sub("#","",$1); print $1; exit}'; }
gphoto_top() { gp --list-folders | grep -om1 'store_[0-9a-f]*'; }
gphoto2_detect() { gp --auto-detect | grep usb:; gp --summary >o 2>&1 || { tail -40 o; return 1; }; grep -E 'Manufacturer|Model|Version|Serial' o; }
gphoto2_list() { gp --list-files >o 2>&1 || { cat o; return 1; }; check_list o; }
gphoto2_get() { local d; d=/$(gphoto_top); gp --folder "$d/DCIM/Camera" --get-file 1 --filename got/p; same got/p DCIM/Camera/IMG_0001.jpg; }
gphoto2_full() { local d; d=/$(gphoto_top); gp --folder "$d" --get-file "$(gphoto_number "$d" full.bin)" --filename got/f; same got/f full.bin; }
gphoto2_delete() { local d; d=/$(gphoto_top); gp --folder "$d" --delete-file "$(gphoto_number "$d" remove-gphoto2.txt)"; removed remove-gphoto2.txt; }
gphoto2_put() { local d; d=/$(gphoto_top); gp --folder "$d${2%/*}" --upload-file "$share/$1.bin" --filename "${2##*/}"; sent "$1" "$2"; }
gphoto2_send() { gphoto2_put big /Music/gphoto2-big.bin; }
gphoto2_sendfull() { gphoto2_put full /Music/gphoto2-full.bin; }
gphoto2_top() { gphoto2_put small /gphoto2-top.bin; }

gio_detect() { limit gio mount -li >o 2>/dev/null; cat o; sed -n 's/.*activation_root=\(mtp:.*\)/\1/p' o | head -1 >gio.uri; grep -q mtp: gio.uri; limit gio mount "$(cat gio.uri)" 2>&1 | grep -v GVFS-Remote || true; gio_at; }
gio_at() { limit gio list -u "$(cat gio.uri)" | head -1 >gio.at; grep . gio.at; }
gio_list() { { limit gio list "$(cat gio.at)"; limit gio list "$(cat gio.at)/DCIM/Camera"; } >o 2>&1 || { cat o; return 1; }; check_list o; }
gio_get() { limit gio copy "$(cat gio.at)/DCIM/Camera/IMG_0001.jpg" got/p; same got/p DCIM/Camera/IMG_0001.jpg; }
gio_full() { limit gio copy "$(cat gio.at)/full.bin" got/f; same got/f full.bin; }
gio_delete() { limit gio remove "$(cat gio.at)/remove-gio.txt"; removed remove-gio.txt; }
gio_put() { limit gio copy "$share/$1.bin" "$(cat gio.at)/$2"; sent "$1" "$2"; }
gio_send() { gio_put big Music/gio-big.bin; }
gio_sendfull() { gio_put full Music/gio-full.bin; }
gio_top() { gio_put small gio-top.bin; }

cradle() { limit ./cradle mtp "$@" --phone "serial:LAB-$phone"; }
cradle_detect() { cradle info; }
cradle_list() { cradle ls -r / >o 2>&1 || { cat o; return 1; }; check_list o; }
cradle_get() { cradle get /DCIM/Camera/IMG_0001.jpg --to got/p; same got/p DCIM/Camera/IMG_0001.jpg; }
cradle_full() { cradle get /full.bin --to got/f; same got/f full.bin; }
cradle_delete() { cradle rm /remove-cradle.txt; removed remove-cradle.txt; }
cradle_put() { cradle put "$share/$1.bin" --to "$2"; sent "$1" "$2"; }
cradle_send() { cradle_put big /Music/cradle-big.bin; }
cradle_sendfull() { cradle_put full /Music/cradle-full.bin; }
cradle_top() { cradle_put small /cradle-top.bin; }

all() { # all CLIENT: the cells of functions CLIENT_STEP
	local step
	for step in detect list get full delete send sendfull top; do
		cell "$1" $step "$1_$step"
	done
}

if [ "${2-}" = gio ]; then # by itself again, with a bus of its own: gvfs goes by D-Bus
	all gio
	limit gio mount -u "$(cat gio.uri)" >/dev/null 2>&1
	exit 0
fi

ours "$share/seed.tar"
cp "$share/compat.sh" .
for package in mtp-tools jmtpfs simple-mtpfs go-mtpfs android-file-transfer gphoto2 gvfs-backends umtp-responder; do
	dpkg-query -W -f '${Package} ${Version}\n' $package 2>/dev/null
done >"$out/versions"
gvfs() { (cd "$share" && dbus-run-session -- bash /tmp/compat.sh "$phone" gio) 2>"$out/gvfs.log"; }
run() { # run CLIENT COMMAND…: its cells, unless $COMPAT_CLIENTS names others alone
	case " ${COMPAT_CLIENTS:-$1} " in
	*" $1 "*)
		shift
		"$@"
		well
		;;
	esac
}
run cradle all cradle
run libmtp all libmtp
run jmtpfs mounting jmtpfs
run aftcli all aftcli
run aftmount mounting aftmount
run gio gvfs
run gphoto2 all gphoto2
run gomtpfs mounting gomtpfs # the last one: it may bring QEMU's phone, and so its machine, down
rm -f "$out/now"
echo "compat: done"
