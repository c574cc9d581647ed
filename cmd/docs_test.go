package cmd

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestDocs holds docs/cli.md against the program: it names every command, flag,
// error code and exit code, and its examples are documents of the program's types,
// key for key.
func TestDocs(t *testing.T) {
	b, err := os.ReadFile("../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(b)
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" { // cobra's own
			return
		}
		if !strings.Contains(doc, c.CommandPath()) && !strings.Contains(doc, c.Name()+" ") {
			t.Errorf("docs/cli.md doesn't name %s", c.CommandPath())
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !strings.Contains(doc, "--"+f.Name) {
				t.Errorf("docs/cli.md doesn't name --%s of %s", f.Name, c.CommandPath())
			}
		})
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(New())
	codes := regexp.MustCompile(`Code(?:: |, [a-zA-Z., ]*= )"([a-z-]+)"`)
	for _, name := range []string{"fail.go", "mtp_fail.go", "edit.go", "lock.go", "phone.go", "report.go", "reset.go", "settings.go", "folders.go", "collections.go"} {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range codes.FindAllStringSubmatch(string(src), -1) {
			if !strings.Contains(doc, "`"+m[1]+"`") {
				t.Errorf("docs/cli.md doesn't name the error code %s of %s", m[1], name)
			}
		}
	}
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(doc, -1)
	types := []func() any{
		func() any { return &statusDocument{} }, func() any { return &syncDocument{} }, func() any { return &devicesDocument{} }, func() any { return &listDocument{} },
		func() any { return &showDocument{} }, func() any { return &changeDocument{} }, func() any { return &importDocument{} },
		func() any { return &exportDocument{} }, func() any { return &conflictsDocument{} }, func() any { return &historyDocument{} },
		func() any { return &undoDocument{} }, func() any { return &resetDocument{} }, func() any { return &doctorDocument{} },
		func() any { return &collectionsDocument{} }, func() any { return &collectionChangeDocument{} },
		func() any { return &serveDocument{} }, func() any { return &autoDocument{} }, func() any { return &installDocument{} }, func() any { return &errorDocument{} },
		func() any { return &mtpInfoDocument{} }, func() any { return &mtpListDocument{} }, func() any { return &mtpMoveDocument{} },
	}
	if len(examples) != len(types) {
		t.Errorf("%d examples, want one of each of %d documents", len(examples), len(types))
	}
	for _, ex := range examples {
		if !fitsOne(ex[1], types) {
			t.Errorf("no document of the program reads and prints as\n%s", ex[1])
		}
	}
}

// fitsOne reports whether an example, read as one of the types, prints as it is.
func fitsOne(example string, types []func() any) bool {
	var want bytes.Buffer
	if json.Compact(&want, []byte(example)) != nil {
		return false
	}
	for _, make := range types {
		v := make()
		d := json.NewDecoder(strings.NewReader(example))
		d.DisallowUnknownFields()
		if d.Decode(v) != nil {
			continue
		}
		var got bytes.Buffer
		e := json.NewEncoder(&got)
		e.SetEscapeHTML(false) // as print has it
		if e.Encode(v) == nil && bytes.Equal(bytes.TrimSpace(got.Bytes()), want.Bytes()) {
			return true
		}
	}
	return false
}
