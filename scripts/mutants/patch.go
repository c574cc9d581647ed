package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// mutant is one patch and what became of it.
type mutant struct {
	name, path string
	rule       string
	pkg        string
	run        string
	args       []string

	verdict verdict
	detail  string
	took    time.Duration
}

// load reads all patches of a folder, by name.
func load(dir string) ([]*mutant, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no patches; run it at the top of the tree", dir)
	}
	var all []*mutant
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			return nil, err
		}
		m, err := parse(string(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p, err)
		}
		m.name = strings.TrimSuffix(filepath.Base(p), ".patch")
		if m.path, err = filepath.Abs(p); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// parse reads the header of a patch.
func parse(text string) (*mutant, error) {
	m := &mutant{}
	header, diff, ok := strings.Cut(text, "\n--- a/")
	if !ok || !strings.Contains(diff, "\n@@ ") {
		return nil, fmt.Errorf("no unified diff of a/FILE below the header")
	}
	for i, line := range strings.Split(strings.TrimSpace(header), "\n") {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "rule":
			m.rule = value
		case "package":
			m.pkg = value
		case "run":
			m.run = value
			if _, err := regexp.Compile(value); err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
		case "args":
			m.args = strings.Fields(value)
		default:
			return nil, fmt.Errorf("line %d: %q: want rule, package, run or args", i+1, line)
		}
	}
	if m.rule == "" || m.run == "" || !strings.HasPrefix(m.pkg, "./") {
		return nil, fmt.Errorf("the header has no rule, run or package that begins with ./")
	}
	return m, nil
}
