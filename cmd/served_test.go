package cmd

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/hwtest/usbip"
)

// TestServedPhoneWaitedFor: a phone that is served and that another client has is waited for; one
// that is off the bus is told to be, and not that none is served.
func TestServedPhoneWaitedFor(t *testing.T) {
	scenario, err := hwtest.ParseScenario("on OpenSession nth 2: pull 1h")
	if err != nil {
		t.Fatal(err)
	}
	phone, err := hwtest.Open(hwtest.Android, t.TempDir(), hwtest.Options{Scenario: scenario})
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- usbip.Serve(ctx, l, phone, usbip.ID{}, nil) }()
	defer func() { stop(); <-served }()
	run := func() (int, string) {
		var stderr bytes.Buffer
		code := Main(t.Context(), []string{"mtp", "ls", "--phone", "usbip:" + addr}, strings.NewReader(""), &bytes.Buffer{}, &stderr)
		return code, stderr.String()
	}
	other, err := attach(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	// Longer than the server waits itself for a client to leave.
	time.AfterFunc(1500*time.Millisecond, func() { _ = other.Close() })
	for _, want := range []struct {
		code int
		text string
	}{
		{exitDone, ""},
		{exitNoPhone, "the phone is gone in the middle"},
		{exitNoPhone, "the phone at " + addr + " is off the bus"},
	} {
		if code, text := run(); code != want.code || !strings.Contains(text, want.text) {
			t.Errorf("exit %d, want %d: %s, want %s", code, want.code, text, want.text)
		}
	}
}
