# Sourced by build: the part of the machine that is made of packages. make_root DIR leaves there
# vmlinux, root.img, early/ and busybox (for the initramfs), utf8.so.

lines() { sed 's/#.*//' "$@" | xargs; }

# sources prints Debian's own entries of this machine's apt, no others.
sources() {
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)|$(ORIGIN)' 'Created-By: Packages' |
		sed -n 's/|Debian$//p'
}

# kernel_package is the package behind linux-image-amd64.
kernel_package() { apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1; }

# unpack_kernel BZIMAGE: the bare ELF out of it. QEMU starts that by PVH, and an emulated processor
# is spared the unpacking. Offsets: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header".
unpack_kernel() {
	local from size magic
	field() { od -An -t "u$2" -j "$1" -N "$2" "$3" | tr -d ' '; }
	from=$((($(field $((0x1f1)) 1 "$1") + 1) * 512 + $(field $((0x248)) 4 "$1")))
	size=$(($(field $((0x24c)) 4 "$1") - 4)) # the last four bytes are the unpacked size
	payload() { dd if="$1" bs=1M iflag=skip_bytes,count_bytes skip=$from count=$size status=none; }
	magic=$(od -An -tx1 -j "$from" -N 4 "$1" | tr -d ' ')
	case $magic in
	fd377a58) payload "$1" | xz -dc ;;
	28b52ffd) payload "$1" | zstd -dc ;;
	1f8b08*) payload "$1" | gzip -dc ;;
	*)
		say "$1 is packed in a way that isn't known here ($magic)"
		return 1
		;;
	esac
}

# modules KERNEL VERSION NAME…: the files of these modules and of those they need, in load order.
modules() {
	local kernel=$1 version=$2 name
	shift 2
	for name; do modprobe -d "$kernel" -S "$version" --show-depends "$name" || return; done |
		sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}

make_root() {
	local to=$1 work kernel version package file n=10
	work=$(mktemp -d "$cache/work.XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf --one-file-system '$work'" EXIT

	[ -n "$(kernel_package)" ] || apt-get -qq update >/dev/null
	package=$(kernel_package)
	[ -n "$package" ] && [ -n "$(sources)" ] || cannot "this machine's apt has no Debian to make it of (linux-image-amd64)"
	version=${package#linux-image-}
	kernel=$work/kernel root=$work/root
	mkdir "$work/deb"
	(cd "$work/deb" && apt-get -qq download "$package" android-file-transfer 2>/dev/null) || {
		# lists older than the archive
		apt-get -qq update >/dev/null
		(cd "$work/deb" && apt-get -qq download "$package" android-file-transfer)
	}
	dpkg -x "$work"/deb/linux-image-*.deb "$kernel"
	depmod -b "$kernel" "$version"
	unpack_kernel "$kernel/boot/vmlinuz-$version" >"$to/vmlinux"

	# dpkg's path exclusions would hold for packages that the guest installs too, and so they are
	# taken out again.
	sources | mmdebstrap --quiet --mode=root --variant=apt \
		--aptopt='APT::Install-Recommends "false"' --dpkgopt=force-unsafe-io \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--include="$(lines "$vm/packages" "$vm/packages.session" | tr ' ' ,)${LAB_PACKAGES:+,${LAB_PACKAGES// /,}}" \
		"$(release)" "$root" - >&2
	rm -f "$root/etc/dpkg/dpkg.cfg.d/99mmdebstrap"
	dpkg -x "$work"/deb/android-file-transfer_*.deb "$work/aft"
	cp "$work"/aft/usr/bin/aft-mtp-* "$root/usr/bin/"

	# Without their debug data, and so without their signatures, which take an emulated processor
	# long to check.
	local under=lib/modules/$version
	mkdir -p "$root/$under" "$to/early"
	cp "$kernel/$under"/modules.{order,builtin,builtin.modinfo} "$root/$under/"
	modules "$kernel" "$version" $(lines "$vm/modules" | sed 's/\<early //g') >"$work/all"
	while read -r file; do
		mkdir -p "$(dirname "$root/${file#"$kernel/"}")"
		strip --strip-debug -o "$root/${file#"$kernel/"}" "$file"
	done <"$work/all"
	modules "$kernel" "$version" $(sed -n 's/#.*//; s/^early //p' "$vm/modules") >"$work/early"
	while read -r file; do # numbered: a folder has no order of its own
		strip --strip-debug -o "$to/early/$n-${file##*/}" "$file"
		n=$((n + 1))
	done <"$work/early"
	depmod -b "$root" "$version"
	cp -L "$root/bin/busybox" "$to/busybox"

	# Two people, so that there can be somebody else. Neither is in plugdev: what they may use is
	# what a seat gives them.
	local uid=1000 user
	for user in ada bob; do
		chroot "$root" useradd -m -u $uid -s /bin/bash $user
		uid=$((uid + 1))
	done
	echo lab >"$root/etc/hostname"
	printf '127.0.0.1 localhost lab\n10.0.2.2 host\n' >"$root/etc/hosts"
	echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
	: >"$root/etc/fstab"
	: >"$root/etc/resolv.conf"
	mkdir -p "$root/share" "$root/phone" "$root/var/log/journal"

	truncate -s 8G "$to/root.img"
	mke2fs -q -t ext4 -O '^has_journal,^metadata_csum,^64bit' -E lazy_itable_init=1,nodiscard -m 0 -L lab \
		-d "$root" "$to/root.img"
	if command -v cc >/dev/null; then cc -shared -fPIC -o "$to/utf8.so" "$vm/utf8.c"; fi
	rm -rf --one-file-system "$work"
	trap - EXIT
}
