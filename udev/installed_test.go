package udev

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestLook(t *testing.T) {
	o := options(t.TempDir())
	in, err := o.Look()
	if err != nil || in.Rule != "" || in.Unit != "" || in.Triggers != nil {
		t.Errorf("nothing installed: got %+v, %v", in, err)
	}
	o.Command = Command{"/opt/my 100% tools/cradle", "--store", "x y"}
	o.Triggers = map[Trigger]bool{Every: true}
	install(t, o)
	in, err = o.Look()
	if err != nil || in.Rule != "/etc/udev/rules.d/70-cradle.rules" || in.Edited || in.Old || in.Program != "/opt/my 100% tools/cradle" || !slices.Equal(in.Triggers, []Trigger{Every}) {
		t.Errorf("installed: got %+v, %v", in, err)
	}
	put(t, filepath.Join(o.Root, rulesFolder, Rule), mark(Rule, []byte("# older\n")))
	if in, err = o.Look(); err != nil || !in.Old || in.Edited {
		t.Errorf("an older rule: got %+v, %v", in, err)
	}
	put(t, filepath.Join(o.Root, rulesFolder, Rule), []byte("# mine\n"))
	if in, err = o.Look(); err != nil || in.Old || !in.Edited {
		t.Errorf("a rule by hand: got %+v, %v", in, err)
	}

	o = options(t.TempDir())
	packaged, err := Packaged("/usr/bin/cradle")
	if err != nil {
		t.Fatal(err)
	}
	for p, b := range packaged {
		put(t, filepath.Join(o.Root, p), b)
	}
	in, err = o.Look()
	if err != nil || in.Rule != "/usr/lib/udev/rules.d/70-cradle.rules" || in.Edited || in.Old || in.Program != "/usr/bin/cradle" {
		t.Errorf("a package's: got %+v, %v", in, err)
	}
}

func TestOnSeat(t *testing.T) {
	root := t.TempDir()
	if on, known := OnSeat(root, 1000); on || known {
		t.Errorf("without logind: got %v, %v", on, known)
	}
	put(t, filepath.Join(root, "/run/systemd/seats/seat0"), []byte("# private\nIS_SEAT0=1\nACTIVE=2\nACTIVE_UID=1000\nUIDS=1000 1001\n"))
	for uid, want := range map[int]bool{1000: true, 1001: false, 100: false} {
		if on, known := OnSeat(root, uid); on != want || !known {
			t.Errorf("user %d: got %v, %v; want %v", uid, on, known, want)
		}
	}
}

func TestProperties(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "/run/udev/data/c189:132"), []byte("I:1\nE:ID_SERIAL=Google_Pixel=8\nE:ID_MTP_DEVICE=1\nG:uaccess\n"))
	got := Properties(root, 2, 5)
	if got["ID_SERIAL"] != "Google_Pixel=8" || got["ID_MTP_DEVICE"] != "1" || len(got) != 2 {
		t.Errorf("got %v", got)
	}
	if got := Properties(root, 1, 5); got != nil {
		t.Errorf("of a device that udev doesn't know: got %v", got)
	}
}
