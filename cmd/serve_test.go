package cmd

import "testing"

func TestAttachCommand(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:3240": "usbip attach -r 127.0.0.1 -b 1-1",
		"10.0.0.7:3300":  "usbip --tcp-port 3300 attach -r 10.0.0.7 -b 1-1",
		"[::]:4000":      "usbip --tcp-port 4000 attach -r 127.0.0.1 -b 1-1",
		"0.0.0.0:3240":   "usbip attach -r 127.0.0.1 -b 1-1",
		"[::1]:3240":     "usbip attach -r ::1 -b 1-1",
	} {
		if got := attachCommand(addr); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}
