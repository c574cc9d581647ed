package lab

import (
	_ "embed"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed desk.sh
var desk []byte

// TestDesk runs desk.sh: the suite for a phone on a desk, on the program's own phone.
func TestDesk(t *testing.T) {
	l := open(t)
	share := t.TempDir()
	for _, name := range []string{"cradle", "device.test"} {
		copyFile(t, filepath.Join(share, name), filepath.Join(l.bin, name))
	}
	write(t, filepath.Join(share, "desk.sh"), string(desk))
	said, err := l.run(t, "--share", share, "--timeout", storyTimeout, "--", "bash", "desk.sh")
	if err != nil || !strings.Contains(said, "desk: done") || strings.Count(said, "--- PASS: TestWrites (") != 2 {
		t.Fatalf("the guest: %v\n%s", err, said)
	}
}
