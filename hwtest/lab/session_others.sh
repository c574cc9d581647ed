# session_others.sh: what isn't this user's and paired isn't touched.
. ./session.sh
install_package
hints() { told "isn't paired with this computer" | wc -l; }
mkdir -p /phone/qemu/Music
cards qemu 1 3
tree qemu >before.txt

for _ in 1 2; do
	phone plug qemu
	sleep 1
	await "the sync's end" idle ada
	phone unplug qemu
done
tree qemu >after.txt
cmp before.txt after.txt || fail "an unpaired phone was written to"
[ "$(hints)" = 1 ] || fail "$(hints) hints, want one"
[ ! -e /home/ada/.local/share/cradle/store.db ] || fail "a store was made"
[ "$(lines ada 'Finished cradle-sync@')" -ge 2 ] || fail "the rule started nothing"
step "an unpaired phone: one hint, nothing touched"

# A camera shares a phone's class, and libgphoto2's rules know it.
gadget=/sys/kernel/config/usb_gadget/umtprd
sed -i 's/^interface .*/interface "PTP Camera"/' /run/umtprd.conf
echo 0x04a9 >$gadget/idVendor # an EOS 7D
echo 0x319a >$gadget/idProduct
echo 'Canon Inc.' >$gadget/strings/0x409/manufacturer
echo 'Canon Digital Camera' >$gadget/strings/0x409/product
mkdir -p /phone/umtprd/DCIM
tree umtprd >before.txt
phone plug umtprd
sleep 1
await "the sync's end" idle ada
tree umtprd >after.txt
cmp before.txt after.txt || fail "a camera was written to"
udevadm info "$(phone where umtprd)" | grep -q 'ID_GPHOTO2=1' || fail "udev takes it for no camera"
! told Canon >/dev/null || fail "a camera was hinted at: $(told .)"
phone unplug umtprd
step "a camera: nothing touched, nothing told"

# Another user is at the screen: the phone is theirs to use, and ada's store stays as it is.
pair qemu
has 3 || fail "pairing brought $(items) items"
seat bob
cards qemu 4 4
tree qemu >before.txt
: >$notices
phone plug qemu
await "bob's manager saw it" at_least bob 'Finished cradle-sync@' 1
await "ada's sync ends" idle ada
tree qemu >after.txt
cmp before.txt after.txt || fail "a phone of nobody's at the seat was written to"
has 3 || fail "ada's store has $(items) items"
! told Notify >/dev/null || fail "ada was told: $(told .)"
well ada && well bob || fail "a unit failed"
[ ! -e /home/bob/.local/share/cradle/store.db ] || fail "bob got a store"
at_least bob "isn't paired with this computer" 1 || fail "bob got no hint"
step "a second user's session: nothing touched"
echo "session: done"
