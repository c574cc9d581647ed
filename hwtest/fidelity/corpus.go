package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// file is one file of the corpus.
type file struct {
	name     string // vcard/PRODUCER_REST.vcf
	producer string
	data     []byte
}

// extensions are those of the files that are measured.
var extensions = []string{".vcf", ".vcard", ".vcs", ".ics", ".ical", ".vnt"}

// readCorpus reads the files of a corpus, sorted by name.
func readCorpus(dir string) ([]file, error) {
	var out []file
	for _, part := range []string{"vcard", "ical"} {
		entries, err := os.ReadDir(filepath.Join(dir, part))
		if err != nil {
			return nil, fmt.Errorf("reading the corpus: %w", err)
		}
		for _, e := range entries {
			if !slices.Contains(extensions, strings.ToLower(filepath.Ext(e.Name()))) {
				continue
			}
			data, err := os.ReadFile(filepath.Join(dir, part, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("reading the corpus: %w", err)
			}
			producer, _, _ := strings.Cut(e.Name(), "_")
			out = append(out, file{part + "/" + e.Name(), producer, data})
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no files in %s: it wants folders vcard and ical", dir)
	}
	return out, nil
}

// corpusDir is where the corpus lies, from the repository's root.
func corpusDir(root string) string {
	if dir := os.Getenv("CRADLE_CORPUS"); dir != "" {
		return dir
	}
	return filepath.Join(root, "..", "shared", "corpus")
}
