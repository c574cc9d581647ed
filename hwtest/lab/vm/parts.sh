# Sourced by build and run: the parts of the machine and where they are kept. Each is a folder in
# the cache, named after a digest of all that it is made of, so that a changed file here means
# another folder and never a stale one.
cache=${CRADLE_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cradle-lab}

digest() { sha256sum | cut -c1-12; }

# contents FILE|FOLDER…: their names and what is in them.
contents() {
	local f
	for f; do
		if [ -d "$vm/$f" ]; then
			(cd "$vm" && find "$f" -type f -print0 | LC_ALL=C sort -z | xargs -0 tail -v -c +1 --)
		else
			(cd "$vm" && tail -v -c +1 -- "$f")
		fi
	done
}

release() { sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null || true; }

# root: the kernel and a disk with Debian's packages. LAB_PACKAGES names more of them.
root_part=$cache/root-$({ contents packages packages.session modules image.sh utf8.c; echo "$(release) ${LAB_PACKAGES-}"; } | digest)
# boot: the initramfs, with the files of the guest's own first steps.
boot_part=$cache/boot-$({ contents boot.sh guest/boot; echo "$root_part"; } | digest)

# KVM only on a processor's own virtualization: other kinds of /dev/kvm open as well, and stop
# at the first instruction that they don't know.
accel=${LAB_ACCEL-}
if [ -z "$accel" ]; then
	accel=tcg
	if [ -w /dev/kvm ] && { [ -d /sys/module/kvm_intel ] || [ -d /sys/module/kvm_amd ]; }; then accel=kvm; fi
fi

# state_part KIND: a snapshot of the booted guest, plain or session.
state_part() {
	echo "$cache/$1-$({ contents machine.sh; echo "$boot_part $accel"; qemu-system-x86_64 --version; } | digest)"
}
