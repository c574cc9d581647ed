package cmd

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// fullPipe is standard output that nobody reads.
type fullPipe struct{ stuck, released chan struct{} }

func (p fullPipe) Write(b []byte) (int, error) {
	p.stuck <- struct{}{}
	<-p.released
	return len(b), nil
}

// TestInterruptedBesidePipe: Ctrl-C ends a get to a pipe that nobody reads.
func TestInterruptedBesidePipe(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "big.bin"), make([]byte, 8<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	out := fullPipe{make(chan struct{}, 1), make(chan struct{})}
	defer close(out.released)
	code := make(chan int, 1)
	var stderr bytes.Buffer
	go func() {
		code <- Main(ctx, []string{"mtp", "get", "--phone", "virtual:android:" + dir, "/big.bin", "--to", "-"}, bytes.NewReader(nil), out, &stderr)
	}()
	<-out.stuck
	interrupt()
	select {
	case c := <-code:
		if c != exitInterrupted {
			t.Errorf("exit %d, want %d\n%s", c, exitInterrupted, stderr.String())
		}
	case <-time.After(10 * time.Second):
		t.Error("still there 10 s after the interruption")
	}
}
