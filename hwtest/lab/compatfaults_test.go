package lab

import "regexp"

// compatFault is a fault of a client's, or of another's phone, that keeps a cell from being well.
type compatFault struct {
	client string
	steps  []string
	phones []string
	title  string
	why    string
	shows  *regexp.Regexp // in the client's log or our phone's trace
}

// compatIntro is how docs/compatibility.md begins.
const compatIntro = `# Compatibility

Programs that others wrote, on Cradle's virtual phone (` + "`cradle phone serve --usbip`" + `) in a virtual machine with a real kernel,
and the same on two phones that others wrote: QEMU's usb-mtp and umtp-responder on a gadget (dummy_hcd). This page is
made by ` + "`CRADLE_COMPAT=write make compat`" + `; ` + "`make compat`" + ` fails when a cell differs from it. ` + "`make vmtest`" + `, and so the CI,
has libmtp's tools and gvfs use our phone, and fails likewise.

Our phone comes in two forms: as Android (` + "`--kind android`" + `), which libmtp knows by its USB numbers and by "android.com" in the
extensions, and then treats with care (it lists object by object and resets the bus at the end); and the same without "android.com" and with numbers that nobody knows.

Each client detects the phone, lists it (a name that isn't ASCII among them), gets a photo, gets a file that fills its last
packet, deletes a file, sends a file of 200 kB to a folder, one that fills its last packet, and one to the top folder. What came,
and what the phone holds then, is compared byte by byte. (Sending whole packets isn't tried on QEMU's phone: it takes the end
of a body for the middle, and ends in an assertion, and the machine with it.)
`

var compatFaults = []compatFault{
	{
		"libmtp",
		[]string{"top"},
		[]string{"own"},
		"libmtp's mtp-sendfile names 0 for the top folder",
		"A new object of the top folder has 0xffffffff for its parent (MTP 1.1, D.2.13); 0 is no object, and Android since 9 refuses it " +
			"(`MtpStorageManager.getObject`: \"Can't get root storages\"), as our phone does where it is Android. The others take both.",
		regexp.MustCompile(`SendObjectInfo \[10001 0\].*InvalidObjectHandle`),
	},
	{
		"jmtpfs",
		[]string{"top"},
		[]string{"own"},
		"jmtpfs names 0 for the top folder",
		"As libmtp's tools do it.",
		regexp.MustCompile(`SendObjectInfo \[10001 0\].*InvalidObjectHandle`),
	},
	{
		"aftcli",
		[]string{"list", "get", "full", "delete"},
		[]string{"qemu"},
		"QEMU's phone has no file names as properties",
		"aft-mtp-cli asks for ObjectFileName (0xdc07), which every phone has and QEMU's hasn't: nothing is found by name there.",
		regexp.MustCompile(`InvalidObjectPropCode`),
	},
	{
		"aftcli",
		[]string{"send"},
		[]string{"qemu"},
		"QEMU's phone has no file names as properties, so the folder isn't found",
		"aft-mtp-cli then takes the folder's name for the file's, and QEMU can't write a file where a folder is.",
		regexp.MustCompile(`SendObjectInfo: invalid response code StoreFull`),
	},
	{
		"aftmount",
		[]string{"full"},
		[]string{"qemu"},
		"QEMU's phone sends no zero-length packet after whole packets",
		"aft-mtp-mount can't read such a file there; every other client can, and aft-mtp-mount can on our phone, which sends it.",
		regexp.MustCompile(`error reading .*: Input/output error`),
	},
	{
		"aftmount",
		[]string{"send", "top"},
		[]string{"qemu"},
		"aft-mtp-mount writes with Android's edit operations alone",
		"QEMU's phone hasn't got them, and says so; aft-mtp-mount mounts it read-only.",
		regexp.MustCompile(`error writing .*: Input/output error`),
	},
	{
		"aftmount",
		[]string{"list", "get", "full", "delete", "send", "sendfull", "top"},
		[]string{"umtprd"},
		"umtprd hangs when it is asked for the objects of all storages (aft-mtp-mount)",
		"aft-mtp-mount asks for a folder's objects in storage 0xffffffff; umtprd 1.3.10 calls that an invalid storage and never answers again.",
		regexp.MustCompile(`Input/output error|cannot (stat|create|open|remove)|the mounted folder|No such file|Killed`),
	},
	{
		"gphoto2",
		[]string{"detect", "list", "get", "full", "delete", "send", "sendfull", "top"},
		[]string{"umtprd"},
		"umtprd hangs when it is asked for the objects of all storages (gphoto2)",
		"gphoto2 asks that as it connects.",
		regexp.MustCompile(`PTP Timeout|Timeout reading|the phone (still )?holds|cannot open|No such file|EOF`),
	},
}
