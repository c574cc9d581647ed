package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The picture of docs/architecture.md as a table. Imports are parsed here, in process: a test
// that asked the go tool could pass from the test cache with a violation in place.

// module is this module's name, the first segment of every import path of ours.
const module = "cradle"

// row is one tree of the picture. A tree is a folder and what lies below it, as far as no other
// row names something deeper.
type row struct {
	tree  string   // path from the repository's root; "." is package main alone
	uses  []string // the trees of ours that its code may import, besides itself
	tests []string // the further trees that its tests may import
}

// all stands in row.tests for every tree but cmd and main.
const all = "*"

var picture = []row{
	{tree: "."},
	{tree: "valuebag"},
	{tree: "mtp", tests: []string{"hwtest", "mtp/responder"}},
	{tree: "mtp/usb", uses: []string{"mtp"}, tests: []string{"hwtest"}},
	{tree: "mtp/responder", uses: []string{"mtp"}},
	{tree: "udev"},
	{tree: "pim", uses: []string{"valuebag"}, tests: []string{"engine"}},
	{tree: "engine", uses: []string{"valuebag"}, tests: []string{"pim"}},
	{tree: "devprovider", uses: []string{"engine", "pim", "valuebag", "mtp"}, tests: []string{all}},
	{tree: "hostprovider", uses: []string{"engine", "pim", "valuebag"}},
	{tree: "hwtest", uses: []string{"mtp", "mtp/responder"}, tests: []string{all}},
	{tree: "hwtest/fidelity", uses: []string{"hwtest", "pim", "valuebag"}, tests: []string{all}},
	{tree: "hwtest/bench", uses: []string{"hwtest", "pim", "valuebag"}, tests: []string{all}},
	{
		tree:  "cmd",
		uses:  []string{"valuebag", "mtp", "mtp/usb", "pim", "engine", "devprovider", "hostprovider", "hwtest", "udev"},
		tests: []string{"mtp/responder"},
	},
	{tree: "scripts", uses: []string{"udev"}},
}

// mains may import cmd: the program, and the tool that writes its man pages.
var mains = []string{".", "scripts"}

// cgo holds the imports that make a package need a C compiler, each with the trees it is kept in.
var cgo = []struct {
	path  string // an import path, or what it starts with
	trees []string
}{
	{"C", []string{"mtp/usb", "hostprovider"}},
	{"github.com/google/gousb", []string{"mtp/usb"}},
	{"github.com/mattn/go-sqlite3", []string{"hostprovider"}},
}

// imports is one file's import list.
type imports struct {
	file  string // slash-separated path from the root
	test  bool   // a _test.go file
	paths []string
}

// treeOf is the deepest row that holds dir, or nil.
func treeOf(dir string) *row {
	var best *row
	for i := range picture {
		r := &picture[i]
		holds := dir == r.tree || r.tree != "." && strings.HasPrefix(dir, r.tree+"/")
		if holds && (best == nil || len(r.tree) > len(best.tree)) {
			best = r
		}
	}
	return best
}

// violations compares files with the picture; each answer is a sentence.
func violations(files []imports) []string {
	var out []string
	for _, f := range files {
		dir := path.Dir(f.file)
		from := treeOf(dir)
		if from == nil {
			out = append(out, fmt.Sprintf("%s: %s is in no row of the picture", f.file, dir))
			continue
		}
		for _, p := range f.paths {
			if why := judge(from, f.test, p); why != "" {
				out = append(out, fmt.Sprintf("%s imports %q: %s", f.file, p, why))
			}
		}
	}
	return out
}

// judge says why from may not import p, or nothing.
func judge(from *row, test bool, p string) string {
	for _, c := range cgo {
		if p == c.path || strings.HasPrefix(p, c.path+"/") {
			if !slices.Contains(c.trees, from.tree) {
				return "it needs cgo, which stays in " + strings.Join(c.trees, " and ")
			}
		}
	}
	rest, ours := strings.CutPrefix(p, module+"/")
	if p == module {
		rest, ours = ".", true
	}
	if !ours {
		return ""
	}
	to := treeOf(rest)
	switch {
	case to == nil:
		return "it is in no row of the picture"
	case to == from:
		return ""
	case to.tree == ".":
		return "nothing imports package main"
	case to.tree == "cmd" && slices.Contains(mains, from.tree):
		return ""
	case to.tree == "cmd":
		return "only main imports cmd"
	case slices.Contains(from.uses, to.tree):
		return ""
	case test && (slices.Contains(from.tests, to.tree) || slices.Contains(from.tests, all)):
		return ""
	}
	may := "nothing of ours"
	if len(from.uses) > 0 {
		may = strings.Join(from.uses, ", ")
	}
	return fmt.Sprintf("%s may import %s", from.tree, may)
}

// readImports parses the imports of every Go file below root, whatever its build tags.
func readImports(root string) ([]imports, error) {
	var files []imports
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := d.Name()
		if d.IsDir() {
			if name != root && (strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") || base == "testdata" || base == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		tree, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		f := imports{file: filepath.ToSlash(rel), test: strings.HasSuffix(base, "_test.go")}
		for _, spec := range tree.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return fmt.Errorf("%s: import %s: %w", rel, spec.Path.Value, err)
			}
			f.paths = append(f.paths, p)
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// repository is the root of the checkout: the folder of this file, which is where tests run.
func repository(t *testing.T) string {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatalf("no go.mod where the test runs: %v", err)
	}
	return root
}

func TestPicture(t *testing.T) {
	files, err := readImports(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	trees := map[string]bool{}
	for _, f := range files {
		if r := treeOf(path.Dir(f.file)); r != nil {
			trees[r.tree] = true
		}
	}
	// A walk that saw next to nothing would find nothing wrong either.
	for _, want := range []string{".", "valuebag", "mtp", "pim", "engine"} {
		if !trees[want] {
			t.Errorf("the walk found no Go file in %s", want)
		}
	}
	for _, v := range violations(files) {
		t.Error(v)
	}
}

// TestPictureCatches feeds the checker made-up files: a checker that lets everything pass would
// be green as well.
func TestPictureCatches(t *testing.T) {
	tests := []struct {
		name, file, imports string
		want                string // a part of the answer; "" means allowed
	}{
		{"bag is the bottom", "valuebag/values.go", "cradle/pim", "valuebag may import nothing of ours"},
		{"own subpackage", "valuebag/values.go", "cradle/valuebag/keys", ""},
		{"protocol knows no sync", "mtp/session.go", "cradle/engine", "mtp may import nothing of ours"},
		{"protocol knows no transport", "mtp/session.go", "cradle/mtp/usb", "mtp may import nothing of ours"},
		{"protocol knows no transport in tests", "mtp/session_test.go", "cradle/mtp/usb", "mtp may import nothing of ours"},
		{"responder on datasets", "mtp/responder/responder.go", "cradle/mtp", ""},
		{"responder knows no cable", "mtp/responder/responder.go", "cradle/mtp/usb", "mtp/responder may import mtp"},
		{"pim knows no engine", "pim/schema.go", "cradle/engine", "pim may import valuebag"},
		{"pim's schema through the engine's suite", "pim/schema_test.go", "cradle/engine/enginetest", ""},
		{"engine knows no pim", "engine/plan.go", "cradle/pim", "engine may import valuebag"},
		{"engine's suite with pim's schema", "engine/enginetest/pim_test.go", "cradle/pim", ""},
		{"providers are strangers", "devprovider/folder.go", "cradle/hostprovider", "devprovider may import"},
		{"providers meet in tests", "devprovider/folder_test.go", "cradle/hostprovider", ""},
		{"the store knows no phone", "hostprovider/store.go", "cradle/mtp", "hostprovider may import"},
		{"the store knows no phone in tests", "hostprovider/store_test.go", "cradle/devprovider", "hostprovider may import"},
		{"the phone's provider knows no cable", "devprovider/folder.go", "cradle/mtp/usb", "devprovider may import"},
		{"virtual phone", "hwtest/phone.go", "cradle/mtp/responder", ""},
		{"virtual phone knows no sync", "hwtest/phone.go", "cradle/engine", "hwtest may import"},
		{"acceptance", "hwtest/acceptance_test.go", "cradle/devprovider", ""},
		{"wiring", "cmd/sync.go", "cradle/hostprovider", ""},
		{"main", "main.go", "cradle/cmd", ""},
		{"main only", "main.go", "cradle/engine", ". may import nothing of ours"},
		{"cmd from below", "hostprovider/store.go", "cradle/cmd", "only main imports cmd"},
		{"cmd from a test", "hwtest/acceptance_test.go", "cradle/cmd", "only main imports cmd"},
		{"main from below", "cmd/sync.go", "cradle", "nothing imports package main"},
		{"no such tree", "cmd/sync.go", "cradle/util", "in no row"},
		{"a new tree", "util/util.go", "fmt", "in no row"},
		{"cgo in the engine", "engine/plan.go", "C", "needs cgo"},
		{"cgo in mtp", "mtp/session.go", "C", "needs cgo"},
		{"gousb in mtp/usb", "mtp/usb/device.go", "github.com/google/gousb", ""},
		{"gousb in cmd", "cmd/devices.go", "github.com/google/gousb/usbid", "needs cgo"},
		{"SQLite in the store", "hostprovider/db.go", "github.com/mattn/go-sqlite3", ""},
		{"SQLite in the command", "cmd/list.go", "github.com/mattn/go-sqlite3", "needs cgo"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := imports{file: tt.file, test: strings.HasSuffix(tt.file, "_test.go"), paths: []string{tt.imports}}
			got := violations([]imports{f})
			switch {
			case tt.want == "" && len(got) > 0:
				t.Errorf("%s importing %s: got %q, want it allowed", tt.file, tt.imports, got)
			case tt.want != "" && len(got) != 1:
				t.Errorf("%s importing %s: got %q, want one answer with %q", tt.file, tt.imports, got, tt.want)
			case tt.want != "" && !strings.Contains(got[0], tt.want):
				t.Errorf("%s importing %s: got %q, want %q in it", tt.file, tt.imports, got[0], tt.want)
			}
		})
	}
}

// TestPictureRows keeps the table itself in order: one row a tree, and no circle.
func TestPictureRows(t *testing.T) {
	uses := map[string][]string{}
	for _, r := range picture {
		if _, twice := uses[r.tree]; twice {
			t.Errorf("two rows for %s", r.tree)
		}
		uses[r.tree] = r.uses
	}
	for _, r := range picture {
		seen := map[string]bool{}
		todo := slices.Clone(r.uses)
		for len(todo) > 0 {
			u := todo[0]
			todo = todo[1:]
			if _, known := uses[u]; !known {
				t.Errorf("%s uses %s, which has no row", r.tree, u)
			}
			if u == r.tree {
				t.Errorf("%s uses itself in a circle", r.tree)
				break
			}
			if !seen[u] {
				seen[u] = true
				todo = append(todo, uses[u]...)
			}
		}
	}
}
