package files_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/files"
	"cradle/mtp/responder"
)

func root(t *testing.T, tree *files.Tree) files.Node {
	t.Helper()
	return must(tree.Find(t.Context(), "/"))
}

// TestPutSameName: a name that is shown as another one is found again, and told as it is shown.
func TestPutSameName(t *testing.T) {
	for _, tt := range []struct{ name, shown string }{{"...", "/_..."}, {"a\tb", "/a_b"}, {"plain", "/plain"}} {
		t.Run(tt.shown, func(t *testing.T) {
			tree, phone := virtual(t, hwtest.Android, hwtest.Options{})
			put := func(text string, o files.Options) (files.Node, error) {
				return tree.Put(t.Context(), root(t, tree), tt.name, bytes.NewReader([]byte(text)), int64(len(text)), time.Time{}, o)
			}
			for i, step := range []struct {
				text, want string
				o          files.Options
				err        error
			}{
				{"old", "old", files.Options{}, nil},
				{"new!", "old", files.Options{}, files.ErrExists},
				{"new!", "new!", files.Options{Replace: true}, nil},
				{"last", "new!", files.Options{}, files.ErrExists},
			} {
				n, err := put(step.text, step.o)
				if !errors.Is(err, step.err) || n.Path != tt.shown {
					t.Errorf("%d: %q, %v; want %q, %v", i, n.Path, err, tt.shown, step.err)
				}
				if b, err := os.ReadFile(filepath.Join(phone, tt.name)); err != nil || string(b) != step.want {
					t.Errorf("%d: on the phone %q, %v; want %q", i, b, err, step.want)
				}
			}
			if n, err := tree.Find(t.Context(), tt.shown); err != nil || n.Entry.Name != tt.name {
				t.Errorf("found %+v, %v", n, err)
			}
		})
	}
	// Beside one that is shown by that name it gets the one that it will be shown by.
	tree, phone := virtual(t, hwtest.Android, hwtest.Options{})
	write(t, phone, "a_b")
	n, err := tree.Put(t.Context(), root(t, tree), "a\tb", bytes.NewReader([]byte("x")), 1, time.Time{}, files.Options{})
	if again, ferr := tree.Find(t.Context(), "/a_b (2)"); err != nil || n.Path != "/a_b (2)" || ferr != nil || again.Entry.Name != "a\tb" {
		t.Errorf("put as %q, %v; found %+v, %v", n.Path, err, again, ferr)
	}
}

// TestPutNoRename: a phone that refuses to rename, or says that it did and didn't, has each file
// under its name all the same, and nothing beside it.
func TestPutNoRename(t *testing.T) {
	for name, o := range map[string]hwtest.Options{
		"refused": {Scenario: must2(hwtest.ParseScenario("on SetObjectPropValue: answer AccessDenied"))},
		"a lie":   {Lies: responder.LieRename},
	} {
		t.Run(name, func(t *testing.T) {
			tree, phone := virtual(t, hwtest.Android, o)
			for _, f := range []string{"a.bin", "b.bin"} {
				sent := 0
				n, err := tree.Put(t.Context(), root(t, tree), f, bytes.NewReader(body(1000)), 1000, time.Time{}, files.Options{Progress: func(_ files.Node, done, _ int64) { sent += int(done) }})
				if err != nil || n.Path != "/"+f {
					t.Fatalf("%s: %q, %v", f, n.Path, err)
				}
				if again := sent > 1000; again != (f == "a.bin") {
					t.Errorf("%s: %d bytes were sent; want the first file twice, the second once", f, sent)
				}
				if b, _ := os.ReadFile(filepath.Join(phone, f)); !bytes.Equal(b, body(1000)) {
					t.Errorf("%s: %d other bytes", f, len(b))
				}
			}
			if all, _ := os.ReadDir(phone); len(all) != 2 {
				t.Errorf("left behind: %v", all)
			}
			// Of a source that can't be read again the file stays, and its name is told.
			tree, phone = virtual(t, hwtest.Android, o)
			_, err := tree.Put(t.Context(), root(t, tree), "c.bin", io.MultiReader(bytes.NewReader(body(10))), 10, time.Time{}, files.Options{})
			if b, _ := os.ReadFile(filepath.Join(phone, "c.bin.cradle-new")); err == nil || !bytes.Equal(b, body(10)) {
				t.Errorf("%v, %d bytes aside", err, len(b))
			}
		})
	}
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestPutSizes: what is there with another size is said to be so.
func TestPutSizes(t *testing.T) {
	for _, kind := range []hwtest.Kind{hwtest.Android, hwtest.Basic} {
		tree, phone := virtual(t, kind, hwtest.Options{})
		write(t, phone, "stump")
		_, err := tree.Put(t.Context(), root(t, tree), "stump", bytes.NewReader(body(100)), 100, time.Time{}, files.Options{})
		if want := "/stump: is there already, with 5 bytes and not 100"; !errors.Is(err, files.ErrExists) || errors.Is(err, files.ErrCannotReplace) != (kind == hwtest.Basic) || !bytes.HasPrefix([]byte(err.Error()), []byte(want)) {
			t.Errorf("%s: %v, want %s", kind, err, want)
		}
	}
}

// TestPutCost holds what a small file costs: its two transactions, one that gives it its name, one
// that looks whether it's whole; and the list of the folder once in a while.
func TestPutCost(t *testing.T) {
	const n = 50
	for _, tt := range []struct {
		kind hwtest.Kind
		each int64
	}{{hwtest.Android, 4}, {hwtest.Basic, 3}} {
		phone := t.TempDir()
		p, err := hwtest.Open(tt.kind, phone, hwtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		var count int64
		s, err := mtp.Open(t.Context(), p.Transport(), mtp.Options{Observe: func(mtp.Transaction) { count++ }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close(t.Context()) })
		tree := must2(files.Open(t.Context(), s))
		folder := root(t, tree)
		count = 0
		for i := range n {
			if _, err := tree.Put(t.Context(), folder, fmt.Sprint(i), bytes.NewReader(body(100)), 100, time.Time{}, files.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		if most := n*tt.each + 20; count > most {
			t.Errorf("%s: %d transactions for %d files, want at most %d", tt.kind, count, n, most)
		}
	}
}

// TestRekeyed: a phone that counts its objects anew in the middle is listed again; one that was
// locked is said to be.
func TestRekeyed(t *testing.T) {
	for action, want := range map[string]error{"rekey": nil, "lock": files.ErrNoStorage} {
		t.Run(action, func(t *testing.T) {
			tree, phone := virtual(t, hwtest.Android, hwtest.Options{Scenario: must2(hwtest.ParseScenario("on GetObject nth 3 at end: " + action))})
			for i := range 8 {
				d := filepath.Join("d"+fmt.Sprint(i/4), "e")
				if err := os.MkdirAll(filepath.Join(phone, d), 0o700); err != nil {
					t.Fatal(err)
				}
				write(t, phone, filepath.Join(d, fmt.Sprint(i)))
			}
			dir := target(t)
			got := 0
			err := tree.Walk(t.Context(), root(t, tree), func(n files.Node, err error) error {
				switch {
				case err != nil:
					return err
				case n.IsFolder():
					return dir.MkdirAll("."+n.Path, 0o700)
				}
				got++
				_, err = tree.Get(t.Context(), n, dir, "."+n.Path, files.Options{})
				return err
			})
			switch {
			case !errors.Is(err, want):
				t.Errorf("%v, want %v", err, want)
			case want == nil && got != 8:
				t.Errorf("got %d of 8", got)
			case want != nil && got != 4:
				t.Errorf("%d tries, want to end at the 4th", got)
			}
			for i := range got {
				name := filepath.Join("d"+fmt.Sprint(i/4), "e", fmt.Sprint(i))
				b, err := dir.ReadFile(name)
				if orig, _ := os.ReadFile(filepath.Join(phone, name)); want == nil && (err != nil || !bytes.Equal(b, orig)) {
					t.Errorf("%s: %q, %v", name, b, err)
				}
			}
		})
	}
}

// TestReplaceCutOff: whatever becomes of the deletion of the old file, one of both is on the phone.
func TestReplaceCutOff(t *testing.T) {
	for _, tt := range []struct {
		what, scenario string
		old, new       string // what is there after
		err            error
	}{
		{"refused", "on DeleteObject nth 1: answer AccessDenied", "stump", "", mtp.AccessDenied},
		{"refused by a stall", "on DeleteObject nth 1: stall", "stump", "", mtp.ErrStalled},
		{"done, without an answer", "on DeleteObject nth 1 at response: drop", "new file", "", nil},
		{"done, and said to be refused", "on DeleteObject nth 1 at response: answer GeneralError", "new file", "", nil},
		{"done, and nothing answers", "on DeleteObject nth 1 at response: drop\non GetObjectInfo from 3: drop", "", "new file", mtp.ErrTimeout},
		{"done, and gone", "on DeleteObject nth 1 at end: pull", "", "new file", mtp.ErrDeviceGone},
	} {
		t.Run(tt.what, func(t *testing.T) {
			phone := t.TempDir()
			p, err := hwtest.Open(hwtest.Android, phone, hwtest.Options{Scenario: must2(hwtest.ParseScenario(tt.scenario))})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { p.Close() })
			if err := os.WriteFile(filepath.Join(phone, "f"), []byte("stump"), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := mtp.Open(t.Context(), p.Transport(), mtp.Options{Timeout: 200 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close(t.Context()) })
			tree := must2(files.Open(t.Context(), s))
			_, err = tree.Put(t.Context(), root(t, tree), "f", bytes.NewReader([]byte("new file")), 8, time.Time{}, files.Options{Replace: true})
			if !errors.Is(err, tt.err) {
				t.Errorf("%v, want %v", err, tt.err)
			}
			for name, want := range map[string]string{"f": tt.old, "f.cradle-new": tt.new} {
				if b, _ := os.ReadFile(filepath.Join(phone, name)); string(b) != want {
					t.Errorf("%s has %q, want %q; %v", name, b, want, err)
				}
			}
		})
	}
}

// TestPutRekeyed: files arrive, and no other is touched, though the phone counts its objects anew
// after any transaction of a put.
func TestPutRekeyed(t *testing.T) {
	for _, when := range []string{"GetObjectHandles nth 2", "SendObjectInfo nth 1", "SendObject nth 1", "SetObjectPropValue nth 1", "GetObjectInfo nth 1", "GetObjectInfo nth 2", "DeleteObject nth 1"} {
		for _, replace := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", when, replace), func(t *testing.T) {
				tree, phone := virtual(t, hwtest.Android, hwtest.Options{Scenario: must2(hwtest.ParseScenario("on " + when + " at end: rekey"))})
				if err := os.Mkdir(filepath.Join(phone, "d"), 0o700); err != nil {
					t.Fatal(err)
				}
				others := []string{"d/a", "d/c", "d/z", "top"}
				for _, name := range others {
					write(t, phone, name)
				}
				if replace {
					write(t, phone, "d/b")
				}
				folder := must(tree.Find(t.Context(), "/d"))
				for _, name := range []string{"b", "e"} {
					_, err := tree.Put(t.Context(), folder, name, bytes.NewReader(body(5000)), 5000, time.Time{}, files.Options{Replace: true})
					b, rerr := os.ReadFile(filepath.Join(phone, "d", name))
					if err != nil || rerr != nil || !bytes.Equal(b, body(5000)) {
						t.Errorf("%s: %v; on the phone %d bytes, %v", name, err, len(b), rerr)
					}
					if _, err := os.Stat(filepath.Join(phone, "d", name+".cradle-new")); err == nil {
						t.Errorf("%s: left aside", name)
					}
				}
				for _, name := range others {
					if b, err := os.ReadFile(filepath.Join(phone, name)); err != nil || string(b) != name {
						t.Errorf("%s: %q, %v", name, b, err)
					}
				}
			})
		}
	}
}

// TestPutAfterCutOff: what interrupted puts left, of which one may be whole and all there is of
// the file, stays until a new one is, or its room is wanted; its names aren't used again at once.
func TestPutAfterCutOff(t *testing.T) {
	const cut = "on SendObject nth 1 at data 3: pull"
	type step struct {
		scenario string
		left     []string // nil: as it was
		err      error
	}
	for _, tt := range []struct {
		what  string
		start []string
		steps []step
	}{
		{"until it is whole", []string{"f.cradle-new"}, []step{
			{cut, []string{"f-2.cradle-new", "f.cradle-new"}, mtp.ErrDeviceGone},
			{cut, []string{"f-2.cradle-new", "f-3.cradle-new", "f.cradle-new"}, mtp.ErrDeviceGone},
			{"", []string{"f"}, nil},
		}},
		{"room", []string{"f-2.cradle-new"}, []step{
			{"on SendObjectInfo nth 1: answer StoreFull", []string{"f"}, nil},
		}},
		{"the file is there", []string{"f", "f.cradle-new"}, []step{
			{cut, []string{"f", "f-2.cradle-new"}, mtp.ErrDeviceGone},
			{"", []string{"f"}, nil},
		}},
		{"nine", []string{"f-2.cradle-new", "f-3.cradle-new", "f-4.cradle-new", "f-5.cradle-new", "f-6.cradle-new", "f-7.cradle-new", "f-8.cradle-new", "f-9.cradle-new", "f.cradle-new"}, []step{
			{"", nil, files.ErrExists},
		}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			phone := t.TempDir()
			for _, name := range tt.start {
				write(t, phone, name)
			}
			for _, step := range tt.steps {
				p, err := hwtest.Open(hwtest.Android, phone, hwtest.Options{Scenario: must2(hwtest.ParseScenario(step.scenario))})
				if err != nil {
					t.Fatal(err)
				}
				tree := openTree(t, p.Transport())
				_, err = tree.Put(t.Context(), root(t, tree), "f", bytes.NewReader(body(10)), 10, time.Time{}, files.Options{Replace: true})
				if !errors.Is(err, step.err) {
					t.Errorf("%q: %v, want %v", step.scenario, err, step.err)
				}
				p.Close()
				var left []string
				for _, f := range must2(os.ReadDir(phone)) {
					left = append(left, f.Name())
				}
				if step.left == nil {
					step.left = tt.start
				}
				if !slices.Equal(left, step.left) {
					t.Errorf("%q: on the phone: %v, want %v", step.scenario, left, step.left)
				}
			}
		})
	}
}

// TestGetOverFolder: a folder isn't replaced by a file, and nothing is fetched in vain.
func TestGetOverFolder(t *testing.T) {
	tree, phone := virtual(t, hwtest.Android, hwtest.Options{})
	write(t, phone, "x")
	dir := target(t)
	if err := dir.Mkdir("x", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, o := range []files.Options{{}, {Replace: true}} {
		if _, err := tree.Get(t.Context(), must(tree.Find(t.Context(), "/x")), dir, "x", o); !errors.Is(err, files.ErrFolder) {
			t.Errorf("%+v: %v, want ErrFolder", o.Replace, err)
		}
	}
	if all, _ := os.ReadDir(dir.Name()); len(all) != 1 {
		t.Errorf("left behind: %v", all)
	}
}

// TestPutGrown: a source that has more than it was said to have is told of, with what is there.
func TestPutGrown(t *testing.T) {
	for _, size := range []int64{0, 10, 1 << 20} {
		for _, replace := range []bool{false, true} {
			tree, phone := virtual(t, hwtest.Android, hwtest.Options{})
			if replace {
				write(t, phone, "log")
			}
			_, err := tree.Put(t.Context(), root(t, tree), "log", bytes.NewReader(body(int(size)+3)), size, time.Time{}, files.Options{Replace: replace})
			if want := fmt.Sprintf("/log: grew while it was sent: the phone has the first %d bytes", size); !errors.Is(err, files.ErrGrown) || err.Error() != want {
				t.Errorf("%v, want %s", err, want)
			}
			if b, err := os.ReadFile(filepath.Join(phone, "log")); err != nil || !bytes.Equal(b, body(int(size))) {
				t.Errorf("on the phone %d bytes, %v", len(b), err)
			}
		}
	}
}
