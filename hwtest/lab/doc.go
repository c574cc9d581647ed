// Package lab is the suite on the real USB stack: the built program in a small virtual machine,
// against MTP responders that other people wrote, QEMU's usb-mtp and umtp-responder on a gadget
// of the kernel's.
//
// It holds tests alone. run-suite (make vmtest) builds the machine and the program and starts them;
// without it they are skipped. The machine is vm/, or what CRADLE_LAB names, a folder with two
// programs:
//
//	vm/build                         makes what runs need, once
//	vm/run [options] -- COMMAND…     boots, runs COMMAND as root in the guest, exits as it does
//
// of whose options the suite uses --phone NAME (a phone that is plugged in), --seed DIR (what its
// storage holds at first), --share DIR (a host folder at /share, where COMMAND starts), --env and
// --timeout. In the guest, `phone plug|unplug NAME` pulls and plugs the cable, and the phone's
// storage lies at /phone/NAME. vm/README.md says what else it can do.
//
// story.sh is what happens in the guest. It judges nothing: each step leaves the program's
// answer, its exit status and a listing of the phone in a file, and the tests compare those on
// the host, with a comparer that shares no code with the program. CRADLE_VM_KEEP names a folder
// that keeps what the stories leave, to look at it afterwards.
//
// tool.sh is `cradle mtp` and syncs through each backend to USB, and usb.test are the tests of mtp/usb that
// want a phone, again through each: with both responders and with the program's own virtual phone over
// USB/IP. They pull the cable at some points of a session; CRADLE_VM_CUTS says at how many, and a large
// number means at each transfer. scenarios.sh is what goes wrong with our phone (a sample of
// hwtest/testdata/scenarios, judged as in process), and desk.sh the suite for a phone on a desk with it. With
// CRADLE_VM_RATE=1 (make bench) their speed is measured, beside a bare loop of transfers, and speed.sh
// measures whole commands beside programs that others wrote.
//
// compat.sh (make compat) has those programs use the phones, ours among them; docs/compatibility.md is what
// came of it. Without CRADLE_COMPAT libmtp's tools and gvfs use our phones, which is the part that make vmtest,
// and so the CI, has time for.
//
// session_*.sh are the stories of a guest with a desktop (run --session), told with the package that
// make package builds: a phone that is plugged in and syncs by itself, the file manager, other users,
// install, doctor. They judge themselves.
package lab
