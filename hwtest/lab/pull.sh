# pull.sh, sourced by the stories that pull the cable in the middle of a sync.
exec {never}<> <(:) # nothing ever comes: to wait without starting a program for it

# pull NAME COMMAND…: pulls the phone's cable as soon as COMMAND is true while the program runs. From then on
# the program stands still until the phone is gone: a pull takes longer than the rest of many a sync. 1: it was
# done before, or COMMAND isn't true within a minute.
pull() {
	local name=$1 end=$((SECONDS + 60)) still=0 all
	shift
	until all=$(pgrep -x cradle) || [ $SECONDS -ge $end ]; do
		read -rt 0.01 -u $never || true
	done
	until "$@" || [ $SECONDS -ge $end ]; do
		read -rt 0.002 -u $never || true
	done
	# By the shell itself: to start a program takes as long as many a transfer.
	kill -STOP $all || pkill -STOP -x cradle || still=1
	phone unplug "$name" || still=1
	pkill -CONT -x cradle || true
	return $still
}

# more DIR N: it holds more than N cards.
more() {
	local all=("$1"/*.vcf)
	[ ${#all[@]} -gt "$2" ]
}

# past AT N: the kernel has made more than N transfers with a phone at AT, a pattern of names below
# /sys/bus/usb/devices, since it came.
past() {
	local n=0
	for n in /sys/bus/usb/devices/$1/urbnum; do
		{ read -r n <"$n"; } 2>/dev/null && [ "$n" -gt "$2" ] && return
	done
	return 1
}
