package udev

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestRule runs the rule over events as udev shows them. The little evaluator
// below knows what the rule uses: ==, !=, +=, GOTO and LABEL.
func TestRule(t *testing.T) {
	const wants = "cradle-sync@.service"
	phone := map[string]string{"SUBSYSTEM": "usb", "ENV{DEVTYPE}": "usb_device"}
	with := func(more ...string) map[string]string {
		out := map[string]string{}
		for k, v := range phone {
			out[k] = v
		}
		for _, kv := range more {
			k, v, _ := strings.Cut(kv, "=")
			out[k] = v
		}
		return out
	}
	for _, c := range []struct {
		name  string
		event map[string]string
		acts  bool
	}{
		{"MTP by class, add", with("ACTION=add", "ENV{ID_USB_INTERFACES}=:060101:ff4201:"), true},
		{"MTP by class, bind", with("ACTION=bind", "ENV{ID_USB_INTERFACES}=:060101:"), true},
		{"found by libmtp", with("ACTION=bind", "ENV{ID_MTP_DEVICE}=1", "ENV{ID_USB_INTERFACES}=:ffff00:"), true},
		{"vendor class of a phone maker", with("ACTION=add", "ENV{ID_USB_INTERFACES}=:ffff00:ff4201:", "ATTR{idVendor}=22b8"), true},
		{"vendor class of another", with("ACTION=add", "ENV{ID_USB_INTERFACES}=:ffff00:", "ATTR{idVendor}=046d"), false},
		{"change, as udevadm trigger has it", with("ACTION=change", "ENV{ID_USB_INTERFACES}=:060101:"), true},
		{"unplugged", with("ACTION=remove", "ENV{ID_USB_INTERFACES}=:060101:"), false},
		{"its interface", with("ACTION=bind", "ENV{DEVTYPE}=usb_interface", "ENV{ID_USB_INTERFACES}=:060101:"), false},
		{"only charging", with("ACTION=add", "ENV{ID_USB_INTERFACES}=:ff4201:"), false},
		{"a disk", with("ACTION=add", "ENV{ID_USB_INTERFACES}=:080650:"), false},
		{"another subsystem", with("ACTION=add", "SUBSYSTEM=block", "ENV{ID_MTP_DEVICE}=1"), false},
	} {
		got := runRule(t, c.event)
		if acts := strings.Contains(got["ENV{SYSTEMD_USER_WANTS}"], wants); acts != c.acts {
			t.Errorf("%s: starts the unit: got %v, want %v", c.name, acts, c.acts)
		}
		for _, tag := range []string{"uaccess", "systemd"} {
			if has := strings.Contains(got["TAG"], tag); has != c.acts {
				t.Errorf("%s: tag %s: got %v, want %v", c.name, tag, has, c.acts)
			}
		}
	}
	if !(Rule > "69-libmtp.rules" && Rule < "73-seat-late.rules") {
		t.Errorf("%s doesn't sort after libmtp's rules and before the seat's", Rule)
	}
}

var rulePart = regexp.MustCompile(`^([A-Z_]+(?:\{[A-Za-z_]+\})?)(==|!=|\+=|=)"([^"]*)"$`)

// runRule runs an event through the rule and returns what was assigned.
func runRule(t *testing.T, event map[string]string) map[string]string {
	t.Helper()
	b, err := embedded.ReadFile("files/" + Rule)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	label := ""
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		holds := true
		for part := range strings.SplitSeq(line, ", ") {
			m := rulePart.FindStringSubmatch(part)
			if m == nil {
				t.Fatalf("not a rule: %s", part)
			}
			key, op, value := m[1], m[2], m[3]
			switch {
			case key == "LABEL":
				if value == label {
					label = ""
				}
			case label != "":
				holds = false
			case op == "==" || op == "!=":
				holds = holds && globs(value, event[key]) == (op == "==")
			case !holds:
			case key == "GOTO":
				label = value
			default:
				out[key] += " " + value
			}
		}
	}
	if label != "" {
		t.Errorf("GOTO %s leads nowhere", label)
	}
	return out
}

// globs matches as udev does: alternatives between |.
func globs(pattern, s string) bool {
	for p := range strings.SplitSeq(pattern, "|") {
		if ok, _ := path.Match(p, s); ok {
			return true
		}
	}
	return false
}
