# ours.sh, sourced in the guest: the phone that $phone names, one of the lab's or one of ours on USB/IP.
# Wants $share, $out and cradle in the current folder; sets $storage, where what the phone holds lies.
case $phone in
own | plain) storage=/tmp/phone ;;
*) storage=/phone/$phone ;;
esac

await() { # await COMMAND…: until it succeeds, 30 s at most, for a machine may be busy
	local end=$((SECONDS + 30))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

enumerated() { grep -qx "LAB-$phone" /sys/bus/usb/devices/*/serial; }
gone() { ! enumerated; }

plug() {
	case $phone in
	own | plain)
		usbip attach -r 127.0.0.1 -b 1-1 && await enumerated && udevadm settle --timeout=20
		;;
	*) phone plug "$phone" ;;
	esac
}

unplug() {
	case $phone in
	own | plain) usbip detach -p 00 && await gone ;;
	*) phone unplug "$phone" ;;
	esac
}

serve() { # serve SEED OPTION…: our phone; SEED is an archive, since many small files take their time over 9p
	mkdir $storage && tar -C $storage -xf "$1"
	shift
	modprobe vhci_hcd
	./cradle phone serve --dir $storage --usbip 127.0.0.1:3240 --trace "$out/trace" "$@" >serve.log 2>&1 &
	await grep -q . serve.log
	plug
}

# ours SEED: serves the phone over what the archive SEED holds, if it is one of ours.
ours() {
	case $phone in
	own) serve "$1" --kind android --switches serial=LAB-own ;;
	plain) serve "$1" --kind android --id 1d6b:0100 --switches "serial=LAB-plain&extensions=microsoft.com: 1.0;" ;;
	esac
}
