//go:build linux && !nousb

package usb_test

import (
	"io"
	"log/slog"
	"os"
	"os/exec"
	"testing"
)

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func newTraceLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func pull(t *testing.T) {
	out, err := exec.Command("sh", "-c", os.Getenv("CRADLE_HW_UNPLUG")).CombinedOutput()
	if err != nil {
		t.Errorf("unplug: %v: %s", err, out)
	}
}
