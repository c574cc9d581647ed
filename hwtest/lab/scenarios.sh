# scenarios.sh, in the guest: a sample of the scenarios of hwtest, played over USB/IP and the kernel's USB
# stack, through each backend. It ends with "scenarios: done".
set -eu
mkdir -p /tmp/hwtest && cp -r hwtest.test testdata /tmp/hwtest/ && cd /tmp/hwtest
export XDG_RUNTIME_DIR=/tmp CRADLE_SCENARIOS_USB=1
modprobe vhci_hcd
for backend in usbfs gousb; do
	CRADLE_USB=$backend ./hwtest.test -test.v -test.run '^TestScenariosOnUSB$' -test.timeout 400s
done
echo "scenarios: done"
