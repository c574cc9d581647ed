package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// standard are the folders at the root of every Linux system and of the phones' own: a path below
// them says nothing about the machine that the text was written on.
var standard = []string{
	"bin", "boot", "data", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc",
	"run", "sbin", "sdcard", "share", "srv", "storage", "sys", "tmp", "usr", "var",
}

// privatePaths are the paths that only this machine has: the checkout, its owner's home and the
// folder at the file system's root that holds the checkout.
func privatePaths(root, home string) []string {
	paths := []string{root}
	if home != "" && home != "/" {
		paths = append(paths, home)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(filepath.ToSlash(root), "/"), "/")
	if first != "" && !slices.Contains(standard, first) {
		paths = append(paths, "/"+first)
	}
	return paths
}

// pathPattern finds one of paths as a whole path or the start of one: for a folder /a neither
// /ab nor b/a.
func pathPattern(paths []string) *regexp.Regexp {
	quoted := make([]string, len(paths))
	for i, p := range paths {
		quoted[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile(`(?:^|[^A-Za-z0-9_.~/-])(?:` + strings.Join(quoted, "|") + `)(?:/|["'\s)` + "`" + `]|$)`)
}

// trackedFiles are git's, or every file below root where there is no git to ask.
func trackedFiles(root string) ([]string, error) {
	cmd := exec.Command("git", "-C", root, "ls-files", "-z")
	if out, err := cmd.Output(); err == nil && len(out) > 0 {
		return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00"), nil
	}
	var names []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && (d.Name() == ".git" || d.Name() == ".cache" || d.Name() == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err == nil && rel != "cradle" { // the built program holds the paths of its sources
			names = append(names, rel)
		}
		return err
	})
	return names, err
}

// TestNoPrivatePaths: nothing in the repository names a folder of the machine it was written on.
func TestNoPrivatePaths(t *testing.T) {
	root := repository(t)
	home, _ := os.UserHomeDir() // without a home there is none to find
	pattern := pathPattern(privatePaths(root, home))
	names, err := trackedFiles(root)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names, "go.mod") {
		t.Fatalf("go.mod is not among the %d files looked at", len(names))
	}
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted, and not committed yet
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if !utf8.Valid(text) && bytes.IndexByte(text, 0) >= 0 {
			continue
		}
		for n, line := range bytes.Split(text, []byte("\n")) {
			if found := pattern.Find(line); found != nil {
				t.Errorf("%s:%d names a path of this machine: %s", name, n+1, bytes.TrimSpace(line))
			}
		}
	}
}

func TestPathPattern(t *testing.T) {
	pattern := pathPattern(privatePaths("/build/ada/cradle", "/home/ada"))
	tests := []struct {
		line string
		want bool
	}{
		{"see /build/ada/cradle/mtp", true},
		{`path := "/build/shared"`, true},
		{"cd /build", true},
		{"/home/ada/.config", true},
		{"(/home/ada)", true},
		{"/home/adam/.config", false},
		{"/builder/x", false},
		{"home/build/x", false},
		{"../build/x", false},
		{"/usr/build/x", false},
		{"/tmp/x and /dev/bus/usb", false},
	}
	for _, tt := range tests {
		if got := pattern.MatchString(tt.line); got != tt.want {
			t.Errorf("%q: got %v, want %v", tt.line, got, tt.want)
		}
	}
	if got := privatePaths("/srv/cradle", "/"); len(got) != 1 {
		t.Errorf("a checkout in a standard folder: got %q, want the checkout alone", got)
	}
}
