package hwtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// practice is what devices were seen to do, and what shows that Cradle lives with
// it: scenarios by their names, tests as "package Test", scripts as "script NAME".
var practice = []struct {
	symptom string
	shown   []string
	not     string // why nothing is done about it
}{
	// What a virtual device has to be able to do.
	{"stalls at the command", []string{"stall-command", "stall-command-explained", "stall-open"}, ""},
	{"stalls in the data phase to the phone", []string{"stall-data-out", "stall-data-out-explained"}, ""},
	{"stalls in the data phase from the phone", []string{"stall-data-in", "stall-data-in-explained"}, ""},
	{"stalls in place of the response", []string{"stall-response"}, ""},
	{"ZLP after a full packet: there", []string{"mtp/responder TestPacketsIn", "mtp TestReceiveDeviations"}, ""},
	{"ZLP after a full packet: not there", []string{"lie-no-zlp"}, ""},
	{"a dummy byte in place of the ZLP (NO_ZERO_READS)", []string{"lie-dummy-byte"}, ""},
	{"the header of its data in a packet of its own", []string{"lie-split-header"}, ""},
	{"garbage code and transaction in the header (IGNORE_HEADER_ERRORS)", []string{"header-ids", "mtp TestRemedies"}, ""},
	{"short reads", []string{"short-body", "short-body-full-packet", "short-list"}, ""},
	{"a length in the header that is wrong", []string{"length-too-long", "length-too-short", "length-unknown"}, ""},
	{"a dataset or response that is dirt", []string{"garbled-info", "garbled-response"}, ""},
	{"loses the command", []string{"drop-command", "drop-open"}, ""},
	{"loses the response", []string{"drop-response-get", "drop-response-put", "drop-response-rm"}, ""},
	{"falls silent in each phase", []string{"silent-command", "silent-data-in", "silent-data-out", "silent-response", "basic-silent"}, ""},
	{"hangs after a cancellation", []string{"dead-after-cancel", "cancel-busy", "cancel-ignored", "cancel-refused", "cancel-pull"}, ""},
	{"hangs for good in each phase", []string{"dead", "dead-after", "dead-at-open", "dead-at-response", "basic-dead"}, ""},
	{"no storage, then some, with StoreAdded", []string{"locked", "mtp TestUnlockEvent"}, ""},
	{"locked in the middle of things", []string{"locked-midway"}, ""},
	{"a session is open already", []string{"session-open", "hwtest TestLeftOpen", "mtp TestSessionLeftOpen"}, ""},
	{"the session is gone", []string{"forget", "session-forgotten"}, ""},
	{"other handles under way", []string{"rekey"}, ""},
	{"other handles in another session", []string{"lie-handles"}, ""},
	{"one object that can't be described", []string{"lie-bad-object", "basic-one-object"}, ""},
	{"a property list that ignores the depth", []string{"lie-proplist-depth"}, ""},
	{"a property list with mixed formats", []string{"lie-proplist-mixed"}, ""},
	{"impossible dates", []string{"lie-bad-dates"}, ""},
	{"sizes of all ones", []string{"lie-size", "mtp TestBeyond4GiB", "mtp/responder TestBeyond4GiB"}, ""},
	{"drops off the bus and is back after 5 s", []string{"pull-and-back", "pull-put", "pull-command", "basic-pull-listing"}, ""},
	{"latency by operation", []string{"slow-listing", "basic-slow-info", "slow-data"}, ""},
	{"bandwidth", []string{"slow"}, ""},
	{"lists of handles that aren't whole", []string{"lie-handles-short", "lie-partial-list", "lie-handles-fail"}, ""},
	{"lists that name an object twice", []string{"lie-duplicate-list"}, ""},
	{"busy for a while", []string{"busy-open", "lie-busy"}, ""},
	{"events in the middle of things, or never", []string{"events", "lie-no-events"}, ""},
	{"capabilities as the operations it advertises say", []string{"hwtest TestCapabilities", "hwtest TestWithout", "mtp/responder TestNotAdvertised"}, ""},
	{"extensions of its choice", []string{"hwtest TestExtensions"}, ""},

	// libmtp's flags.
	{"BROKEN_MTPGETOBJPROPLIST_ALL", []string{"lie-proplist-short"}, ""},
	{"BROKEN_MTPGETOBJPROPLIST", []string{"lie-proplist-empty", "lie-proplist-fail", "list-timeout", "prop-none", "prop-missing"}, ""},
	{"PROPLIST_OVERRIDES_OI", []string{"lie-wide-info", "mtp TestObjectInfoWideSize"}, ""},
	{"SAMSUNG_OFFSET_BUG", []string{"lie-partial-end", "mtp TestPartialObject"}, ""},
	{"NO_ZERO_READS", []string{"lie-dummy-byte"}, ""},
	{"IGNORE_HEADER_ERRORS", []string{"header-ids"}, ""},
	{"BROKEN_SEND_OBJECT_PROPLIST", []string{"mtp TestRemedies"}, ""},
	{"BROKEN_SET_OBJECT_PROPLIST", []string{"set-prop-list", "mtp TestRemedies"}, ""},
	{"CANNOT_HANDLE_DATEMODIFIED", []string{"lie-set-date"}, ""},
	{"LONG_TIMEOUT", []string{"slow-basic", "slow-listing", "mtp TestRemedies"}, ""},
	{"UNLOAD_DRIVER", []string{"mtp/usb TestUsbfsClose", "mtp/usb TestHardwareBusy"}, ""},
	{"FORCE_RESET_ON_CLOSE", []string{"no-new-session"}, ""},
	{"DONT_CLOSE_SESSION", []string{"close-refused"}, ""},
	{"NO_RELEASE_INTERFACE", nil, "the endpoints' status is never asked for, and to release an interface of one setting moves nothing on the bus"},
	{"ALWAYS_PROBE_DESCRIPTOR", []string{"mtp/usb TestOSDescriptor"}, ""},
	{"SWITCH_MODE_BLACKBERRY", nil, "two models of 2009 in storage mode, which are no MTP device until a vendor's request"},
	{"UNIQUE_FILENAMES", []string{"name-refused"}, ""},
	{"ONLY_7BIT_FILENAMES", []string{"hwtest TestNames", "script names"}, ""},
	{"OGG_IS_UNKNOWN", nil, "what an object is, is seen from its name and text, never from its format"},
	{"IRIVER_OGG_ALZHEIMER", nil, "the same"},
	{"FLAC_IS_UNKNOWN", nil, "the same"},
	{"PLAYLIST_SPL_V1", nil, "no playlists are written"},
	{"PLAYLIST_SPL_V2", nil, "the same"},
	{"BROKEN_BATTERY_LEVEL", []string{"battery", "mtp TestRemedies"}, ""},

	// What stands in no list.
	{"wants the header of data in a packet of its own (Garmin, Zune)", []string{"mtp TestRemedies", "mtp TestSendDataPhases"}, ""},
	{"parent 0 is everything (Kindle)", []string{"mtp TestListFolder"}, ""},
	{"parent 0 is the top folder (QEMU)", []string{"lie-root-zero"}, ""},
	{"parent 0 is refused (Samsung)", []string{"samsung-root"}, ""},
	{"objects at the top have the storage for a parent (Switch responders)", []string{"lie-root-parent"}, ""},
	{"OpenSession has to have transaction 0 (Kindle)", []string{"mtp/responder TestSessionRules"}, ""},
	{"a stall that outlives programs (Lumix)", []string{"stall-open", "mtp/usb TestUsbfsStall"}, ""},
	{"idle seconds are needed between sessions", []string{"idle-needed", "rest-after"}, ""},
	{"a ZLP halts the OUT pipe (QEMU)", []string{"lie-stall-zlp", "mtp TestZLPRefused"}, ""},
	{"all storages at once wedge it (umtprd)", []string{"lie-all-storages", "mtp TestRemedies"}, ""},
	{"leaves MTP mode on CloseSession (TP-7)", []string{"leaves-mtp-mode", "mtp TestRemedies"}, ""},
	{"stamps its own time on new objects", []string{"lie-sendinfo-date"}, ""},
	{"moves and copies that fail", []string{"lie-move"}, ""},
	{"a storage that is full late", []string{"lie-full-late"}, ""},
	{"a response that says the contrary", []string{"answer-late"}, ""},
	{"responses with zeros behind them", []string{"lie-pad-response"}, ""},
	{"names that lead out of the folder", []string{"mtp/files TestHostileNames"}, ""},
}

// TestPractice: nothing of the table is without a scenario or test, and those are
// there; and every scenario shows something.
func TestPractice(t *testing.T) {
	scenarios := map[string]bool{}
	for _, f := range scenarioFiles(t) {
		scenarios[f.name] = false
	}
	tests := map[string]map[string]bool{}
	for _, p := range practice {
		if (len(p.shown) == 0) != (p.not != "") {
			t.Errorf("%s: want something that shows it, or a reason", p.symptom)
		}
		for _, s := range p.shown {
			where, name, isTest := strings.Cut(s, " ")
			switch {
			case where == "script":
				if _, err := os.Stat(filepath.Join("..", "cmd", "testdata", "script", name+".txtar")); err != nil {
					t.Errorf("%s: %v", p.symptom, err)
				}
			case isTest:
				if tests[where] == nil {
					tests[where] = testsOf(t, where)
				}
				if !tests[where][name] {
					t.Errorf("%s: no %s in %s", p.symptom, name, where)
				}
			default:
				if _, ok := scenarios[s]; !ok {
					t.Errorf("%s: no scenario %s", p.symptom, s)
				}
				scenarios[s] = true
			}
		}
	}
	for name, shows := range scenarios {
		if !shows {
			t.Errorf("scenario %s shows nothing of the table", name)
		}
	}
}

var testName = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// testsOf are the tests of a package of this module.
func testsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests in %s, %v", dir, err)
	}
	all := map[string]bool{}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testName.FindAllSubmatch(src, -1) {
			all[string(m[1])] = true
		}
	}
	return all
}
