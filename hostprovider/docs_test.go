package hostprovider

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The examples of docs/store.md, run as they stand by the sqlite3 program; the
// comments after a statement are what it prints.
func TestDocumentedExamples(t *testing.T) {
	doc, err := os.ReadFile("../docs/store.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newTestStore(t)
	ctx := context.Background()
	for _, text := range []string{card("ada@example.org", "Ada Example", "TEL:+4930111"), card("bob@example.org", "Bob")} {
		if _, err := s.Create(ctx, "contacts", "", []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	examples := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(doc), -1)
	if len(examples) < 3 {
		t.Fatalf("%d examples found, want at least 3", len(examples))
	}
	for _, e := range examples {
		var sql, want []string
		for _, l := range strings.Split(e[1], "\n") {
			if out, ok := strings.CutPrefix(l, "-- "); ok {
				want = append(want, out)
			} else {
				sql = append(sql, l)
			}
		}
		if got := mustSQL(t, s.Path(), strings.Join(sql, "\n")); got != strings.Join(want, "\n") {
			t.Errorf("got:\n%s\nwant:\n%s\nof:\n%s", got, strings.Join(want, "\n"), strings.Join(sql, "\n"))
		}
		settle(t, s)
		checked(t, s)
	}
	if it := mustShow(t, s, "grace@example.org"); it.Collection != "work" {
		t.Errorf("grace: %+v", it)
	}
	if cs, _ := s.Conflicts(ctx, true); len(cs) != 0 {
		t.Errorf("conflicts: %+v", cs)
	}
}

// The documented columns are the views' columns.
func TestDocumentedColumns(t *testing.T) {
	doc, err := os.ReadFile("../docs/store.md")
	if err != nil {
		t.Fatal(err)
	}
	s := newTestStore(t)
	for _, view := range []string{"items", "properties"} {
		_, section, ok := strings.Cut(string(doc), "\n## "+view+"\n")
		if !ok {
			t.Fatalf("no section on %s", view)
		}
		section, _, _ = strings.Cut(section, "\n## ")
		var want []string
		for _, m := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\|").FindAllStringSubmatch(section, -1) {
			want = append(want, m[1])
		}
		var got []string
		if err := s.w.query(func(r row) error { got = append(got, r.str(0)); return nil }, "SELECT name FROM pragma_table_info(?)", view); err != nil {
			t.Fatal(err)
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: columns %v, documented %v", view, got, want)
		}
	}
}
