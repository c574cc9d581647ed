package mtp_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"cradle/mtp"
	"cradle/mtp/mtptest"
)

func TestTrace(t *testing.T) {
	d := opened(mtp.DeviceInfo{})
	d.command(mtp.OpDeleteObject, 9, 0)
	d.respond(mtp.ObjectWriteProtected)
	var log bytes.Buffer
	tr := mtp.Trace(mtptest.Play(d.steps, packet), slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	s, err := mtp.Open(t.Context(), tr, mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteObject(t.Context(), 9); err == nil {
		t.Error("delete succeeded")
	}
	tr.Close()
	s.Close(t.Context())
	for _, want := range []string{
		`msg="bulk out" bytes=20 container="command DeleteObject tx=2 [9 0]"`,
		`container="response ObjectWriteProtected tx=2 []"`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in\n%s", want, &log)
		}
	}
}
