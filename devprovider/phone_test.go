package devprovider

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// plug opens a virtual phone and a session with it.
func plug(t testing.TB, kind hwtest.Kind, dir string, o hwtest.Options) (*hwtest.Phone, *mtp.Session) {
	t.Helper()
	phone, err := hwtest.Open(kind, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { phone.Close() })
	return phone, session(t, phone)
}

func session(t testing.TB, phone *hwtest.Phone) *mtp.Session {
	t.Helper()
	s, err := mtp.Open(context.Background(), phone.Transport(), mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

// write puts a file into a virtual phone's folder, as its user.
func write(t testing.TB, dir, path, body string, age time.Duration) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(body), 0o666); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-age)
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}

func TestPhonesTakeAndGive(t *testing.T) {
	for _, kind := range hwtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "Cradle/contacts/personal/ada.vcf", card("u1", "Ada"), time.Hour)
			phone, s := plug(t, kind, dir, hwtest.Options{})
			opt := Options{Serial: phone.Serial()}
			a := newPC(t, 'A')
			a.must(a.open(NewMTPStore(s), opt))
			sv, err := a.take()
			a.must(err)
			wantTold(t, "first", sv, "contacts object Cradle/contacts/personal/ada.vcf", "contacts present 1")
			a.must(a.write("contacts", uidOf("u1"), "personal", card("u1", "Ada Lovelace")))
			a.must(a.write("contacts", uidOf("u2"), "work", card("u2", "Bob")))
			a.must(a.write("contacts", uidOf("u3"), "", card("u3", "Eve")))
			a.must(a.commit())
			a.must(a.write("contacts", uidOf("u3"), "", ""))
			a.must(a.write("contacts", uidOf("u2"), "home", card("u2", "Bob")))
			a.must(a.commit())

			b := newPC(t, 'B')
			b.must(b.open(NewMTPStore(session(t, phone)), opt))
			sv, err = b.take()
			b.must(err)
			wantTold(t, "other PC", sv, "contacts present 2")
			files, _ := filepath.Glob(filepath.Join(dir, "Cradle/*/*/*"))
			for _, f := range files {
				t.Log(f)
			}
			_ = files
		})
	}
}
