# Sourced by run: QEMU's arguments. A snapshot and the runs that go on from it must have the same
# devices in the same order, hence the fixed slots for host folders.

share_slots=4

# machine RUN: appends to the array args. RUN is the run's folder; mem, smp, disk and append say the
# rest, slots[] are the folders behind the tags lab, share0, share1…
machine() {
	local run=$1 n tag
	case $accel in
	kvm) args+=(-accel kvm -cpu "host,migratable=on") ;;
	# Without "fast short rep movsb": the kernel and Go would copy with it, which a real processor
	# does by the line and an emulated one by the byte. With it a copy is a third as fast.
	tcg) args+=(-accel "tcg,thread=multi,tb-size=512" -cpu max,-erms,-fsrm) ;;
	*) die "LAB_ACCEL=$accel: kvm or tcg" ;;
	esac
	args+=(-name lab -M "pc,usb=off,vmport=off" -m "$mem" -smp "$smp"
		-nodefaults -no-user-config -no-reboot -display none -vga none
		-kernel "$root_part/vmlinux" -initrd "$boot_part/initramfs.cpio" -append "$append"
		-drive "file=$disk,if=none,id=root,cache=unsafe,aio=threads" -device virtio-blk-pci,drive=root
		-device virtio-rng-pci
		-netdev user,id=net -device virtio-net-pci,netdev=net,romfile=
		-device qemu-xhci,id=xhci,p2=8,p3=8)
	# The command's output, the guest's own way to QEMU's monitor, the word to go, and the host's
	# way to the monitor.
	args+=(-device virtio-serial-pci
		-chardev "file,id=out,path=$run/out" -device virtserialport,chardev=out,name=lab.out
		-chardev "file,id=err,path=$run/err" -device virtserialport,chardev=err,name=lab.err
		-chardev "socket,id=monitor,path=$run/monitor.guest,server=on,wait=off" -mon chardev=monitor,mode=control
		-chardev "socket,id=qmp,path=$run/monitor.guest" -device virtserialport,chardev=qmp,name=lab.qmp
		-chardev "pipe,id=go,path=$run/go" -device virtserialport,chardev=go,name=lab.go
		-chardev "socket,id=host,path=$run/monitor,server=on,wait=off" -mon chardev=host,mode=control)
	for n in "${!slots[@]}"; do
		tag=lab
		[ "$n" = 0 ] || tag=share$((n - 1))
		args+=(-fsdev "local,id=$tag,path=${slots[n]},security_model=none,multidevs=remap"
			-device "virtio-9p-pci,fsdev=$tag,mount_tag=$tag")
	done
}

# kernel_line MODE: the kernel's command line for a guest of mode plain, systemd or session.
kernel_line() {
	local words="lab=$1 console=ttyS0 panic=-1 oops=panic no_timer_check tsc=reliable mitigations=off nokaslr apparmor=0 selinux=0
		audit=0 random.trust_cpu=on cryptomgr.notests net.ifnames=0
		systemd.mask=serial-getty@ttyS0.service systemd.mask=apt-daily.timer systemd.mask=apt-daily-upgrade.timer
		systemd.mask=e2scrub_all.timer systemd.mask=e2scrub_reap.service systemd.mask=fstrim.timer
		systemd.mask=dpkg-db-backup.timer systemd.mask=systemd-tmpfiles-clean.timer
		systemd.mask=systemd-update-utmp.service systemd.mask=systemd-update-utmp-runlevel.service"
	# the user's journal, and the system's, are part of what a desktop shows
	[ "$1" = session ] || words+=" systemd.log_level=err"
	echo $words
}
