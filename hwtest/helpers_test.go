package hwtest_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// plug opens the phone that a selector names, with DIR replaced by dir, and a
// session with it.
func plug(t testing.TB, kind hwtest.Kind, dir, switches string) (*hwtest.Phone, *mtp.Session) {
	t.Helper()
	p := open(t, kind, dir, switches)
	return p, session(t, p)
}

func open(t testing.TB, kind hwtest.Kind, dir, switches string) *hwtest.Phone {
	t.Helper()
	text := "virtual:" + string(kind) + ":" + dir
	if switches != "" {
		text += "?" + switches
	}
	sel, err := hwtest.ParseSelector(text)
	if err != nil {
		t.Fatal(err)
	}
	p, err := sel.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func session(t testing.TB, p *hwtest.Phone, quirks ...mtp.Quirks) *mtp.Session {
	t.Helper()
	var opt mtp.Options
	for _, q := range quirks {
		opt.Quirks |= q
	}
	tr := p.Transport()
	s, err := mtp.Open(context.Background(), tr, opt)
	if err != nil {
		t.Fatalf("open session: %v", err)
	}
	t.Cleanup(func() { s.Close(context.Background()); tr.Close() })
	return s
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// names lists a folder of the host.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// top is the first storage.
func top(t testing.TB, s *mtp.Session) mtp.StorageID {
	t.Helper()
	ids, err := s.GetStorageIDs(context.Background())
	if err != nil || len(ids) == 0 {
		t.Fatalf("storages: %v, %v", ids, err)
	}
	return ids[0]
}

// handle finds an object at the top by its name.
func handle(t testing.TB, s *mtp.Session, name string) mtp.ObjectHandle {
	t.Helper()
	ctx := context.Background()
	all, err := s.GetObjectHandles(ctx, top(t, s), 0, mtp.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range all {
		if info, err := s.GetObjectInfo(ctx, h); err == nil && info.FileName == name {
			return h
		}
	}
	t.Fatalf("no object %q", name)
	return 0
}

func send(s *mtp.Session, storage mtp.StorageID, parent mtp.ObjectHandle, name, body string) (mtp.Created, error) {
	return s.CreateObject(context.Background(), storage, parent,
		&mtp.ObjectInfo{Format: mtp.FormatUndefined, FileName: name}, []byte(body))
}

var noon = time.Date(2026, 3, 1, 12, 0, 1, 0, time.Local)

const noonText = "20260301T120001"

func stamp(t testing.TB, path string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}
