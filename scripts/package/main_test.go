package main

import (
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"

	"cradle/udev"
)

// TestPacked: nfpm's list takes every file that the program would install.
func TestPacked(t *testing.T) {
	b, err := os.ReadFile("../../packaging/nfpm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files, err := udev.Packaged(installed)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{installed, "/usr/share/man/man1/x", "/usr/share/doc/cradle/x"}
	for p := range files {
		want = append(want, p)
	}
	for _, paths := range completions {
		want = append(want, paths...)
	}
	for _, p := range want {
		if !strings.Contains(string(b), "dist/package"+path.Dir(p)+"/") {
			t.Errorf("packaging/nfpm.yaml has nothing of %s", path.Dir(p))
		}
	}
	for p, text := range files {
		if strings.HasSuffix(p, ".service") && !strings.Contains(string(text), "ExecStart="+installed+" ") {
			t.Errorf("%s doesn't run %s", p, installed)
		}
	}
}

// TestScripts: a shell reads what runs as root at installation.
func TestScripts(t *testing.T) {
	for _, s := range []string{"installed.sh", "removed.sh"} {
		if out, err := exec.Command("sh", "-n", "../../packaging/"+s).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", s, err, out)
		}
	}
}
