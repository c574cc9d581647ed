package lab

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed scenarios.sh
var scenarios []byte

// TestScenarios runs scenarios.sh: a phone that stalls, lies and drops off the bus, behind the
// guest's kernel.
func TestScenarios(t *testing.T) {
	l := open(t)
	t.Parallel() // for the most part it waits
	share := t.TempDir()
	copyFile(t, filepath.Join(share, "hwtest.test"), filepath.Join(l.bin, "hwtest.test"))
	files := filepath.Join("testdata", "scenarios")
	if err := os.CopyFS(filepath.Join(share, files), os.DirFS(filepath.Join("..", files))); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(share, "scenarios.sh"), string(scenarios))
	said, err := l.run(t, "--share", share, "--timeout", "900", "--", "bash", "scenarios.sh")
	// With the test renamed or skipped it would be green as well.
	if err != nil || !strings.Contains(said, "scenarios: done") || strings.Count(said, "--- PASS: TestScenariosOnUSB (") != 2 {
		t.Fatalf("the guest: %v\n%s", err, said)
	}
	for line := range strings.Lines(said) {
		if strings.Contains(line, "--- PASS: ") {
			t.Log(strings.TrimSpace(line))
		}
	}
}
