package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestKept: each patch that is kept names a test that there is.
func TestKept(t *testing.T) {
	top := filepath.Join("..", "..")
	all, err := load(filepath.Join(top, kept))
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 15 {
		t.Errorf("%d mutants, want at least 15", len(all))
	}
	name := regexp.MustCompile(`^\^?(Test\w+)`)
	for _, m := range all {
		n := name.FindStringSubmatch(m.run)
		if n == nil {
			t.Errorf("%s: run %q begins with no test's name", m.name, m.run)
			continue
		}
		files, err := filepath.Glob(filepath.Join(top, m.pkg, "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(b), "\nfunc "+n[1]+"(t *testing.T)")
		}
		if !found {
			t.Errorf("%s: %s has no test %s", m.name, m.pkg, n[1])
		}
	}
}

const diff = "\n--- a/engine/x.go\n+++ b/engine/x.go\n@@ -1 +1 @@\n-a\n+b\n"

func TestParse(t *testing.T) {
	head := "rule: a rule: with a colon\npackage: ./engine\nrun: ^TestX$\n"
	m, err := parse(head + "args: -seeds 3\n" + diff)
	if err != nil || m.rule != "a rule: with a colon" || m.pkg != "./engine" || m.run != "^TestX$" || strings.Join(m.args, "|") != "-seeds|3" {
		t.Errorf("got %+v, %v", m, err)
	}
	for name, text := range map[string]string{
		"no diff":       head,
		"no rule":       "package: ./engine\nrun: TestX\n" + diff,
		"no run":        "rule: r\npackage: ./engine\n" + diff,
		"no package":    "rule: r\nrun: TestX\n" + diff,
		"another key":   head + "test: TestX\n" + diff,
		"a bad pattern": "rule: r\npackage: ./engine\nrun: (\n" + diff,
	} {
		if _, err := parse(text); err == nil {
			t.Errorf("%s: want an error", name)
		}
	}
}

func TestJudge(t *testing.T) {
	for _, tt := range []struct {
		name   string
		passed bool
		out    string
		want   verdict
	}{
		{"it fails", false, "--- FAIL: TestX", killed},
		{"it panics", false, "panic: boom", killed},
		{"it passes", true, "PASS", survived},
		{"there is none", true, "testing: warning: no tests to run\nPASS", unnamed},
	} {
		if got := judge(tt.passed, tt.out); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
}
