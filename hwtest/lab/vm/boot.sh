# Sourced by build: the part of the machine that is made of our own files. make_boot DIR leaves there
# initramfs.cpio: the first process, the modules that it loads, and what it takes to the root.
make_boot() {
	local to=$1 tree=$1/tree
	mkdir -p "$tree"/{bin,dev,proc,system,boot}
	cp "$root_part/busybox" "$tree/bin/busybox"
	cp -r "$root_part/early" "$tree/early"
	cp -r "$vm/guest/boot/." "$tree/boot/"
	mv "$tree/boot/init" "$tree/init"
	chmod -R u=rwX,go=rX "$tree"
	chmod 755 "$tree/init" "$tree"/boot/{first,prepare,handover}
	(cd "$tree" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) >"$to/initramfs.cpio"
	rm -rf "$tree"
}
