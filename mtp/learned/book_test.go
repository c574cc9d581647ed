package learned_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/mtp"
	"cradle/mtp/learned"
)

const noticed = mtp.QuirkNoPropList | mtp.QuirkNoOutZLP

func phone() mtp.DeviceInfo {
	return mtp.DeviceInfo{Manufacturer: "ACME", Model: "One", DeviceVersion: "1.0", SerialNumber: "S1", Operations: []mtp.OpCode{mtp.OpGetObject}}
}

func recall(t *testing.T, b *learned.Book, d mtp.DeviceInfo) mtp.Quirks {
	t.Helper()
	q, err := b.Recall(&d)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// TestRemembered: what was noticed holds for the model and its firmware, and for
// no other.
func TestRemembered(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := &learned.Book{Path: filepath.Join(t.TempDir(), "deep", "learned.json"), Now: func() time.Time { return now }}
	d := phone()
	if q := recall(t, b, d); q != 0 {
		t.Errorf("of a new device: %v", q)
	}
	if err := b.Learn(&d, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.Path); err == nil {
		t.Error("nothing was noticed, and there is a file")
	}
	if err := b.Learn(&d, mtp.QuirkNoPropList); err != nil {
		t.Fatal(err)
	}
	if err := b.Learn(&d, mtp.QuirkNoOutZLP); err != nil {
		t.Fatal(err)
	}
	other := phone()
	other.Model = "Two"
	if err := b.Learn(&other, mtp.QuirkLongTimeout); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*mtp.DeviceInfo)
		want   mtp.Quirks
	}{
		{"the same device", func(*mtp.DeviceInfo) {}, noticed},
		{"another of the model", func(d *mtp.DeviceInfo) { d.SerialNumber = "S2" }, noticed},
		{"another model", func(d *mtp.DeviceInfo) { d.Model = "Three" }, 0},
		{"another maker's", func(d *mtp.DeviceInfo) { d.Manufacturer = "Acme" }, 0},
		{"another firmware", func(d *mtp.DeviceInfo) { d.DeviceVersion = "1.1" }, 0},
		{"a firmware that offers more", func(d *mtp.DeviceInfo) { d.Operations = append(d.Operations, mtp.OpMoveObject) }, 0},
		{"the other device", func(d *mtp.DeviceInfo) { d.Model = "Two" }, mtp.QuirkLongTimeout},
	} {
		d := phone()
		tt.change(&d)
		if q := recall(t, b, d); q != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, q, tt.want)
		}
	}
	newer := phone()
	newer.DeviceVersion = "2.0"
	if err := b.Learn(&newer, mtp.QuirkNoSetPropList); err != nil {
		t.Fatal(err)
	}
	if q := recall(t, b, d); q != 0 {
		t.Errorf("the old firmware's, once there is a new one: %v", q)
	}
	if q := recall(t, b, newer); q != mtp.QuirkNoSetPropList {
		t.Errorf("the new firmware's: %v", q)
	}
	now = now.AddDate(1, 0, 0)
	if q := recall(t, b, newer); q != 0 {
		t.Errorf("a year later: %v", q)
	}
}

// TestWrongClock: what was noticed under a clock that ran years ahead isn't remembered
// until then.
func TestWrongClock(t *testing.T) {
	now := time.Date(2099, 3, 1, 12, 0, 0, 0, time.UTC)
	b := &learned.Book{Path: filepath.Join(t.TempDir(), "learned.json"), Now: func() time.Time { return now }}
	d := phone()
	if err := b.Learn(&d, noticed); err != nil {
		t.Fatal(err)
	}
	now = now.Add(-time.Hour) // the end of summer time, or a clock set right
	if q := recall(t, b, d); q != noticed {
		t.Errorf("an hour before: %v, want %v", q, noticed)
	}
	now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	if q := recall(t, b, d); q != 0 {
		t.Errorf("73 years before: %v, want none", q)
	}
}

// TestLongName: a model whose name is cut within a character is known again, and has one
// place in the file.
func TestLongName(t *testing.T) {
	b := &learned.Book{Path: filepath.Join(t.TempDir(), "learned.json")}
	for _, name := range []string{"x" + strings.Repeat("é", 100), "\xff" + strings.Repeat("\xe4", 200)} {
		d := phone()
		d.Model = name
		for _, q := range []mtp.Quirks{mtp.QuirkNoPropList, mtp.QuirkNoOutZLP} {
			if err := b.Learn(&d, q); err != nil {
				t.Fatal(err)
			}
		}
		if q := recall(t, b, d); q != noticed {
			t.Errorf("%q: %v, want %v", name, q, noticed)
		}
	}
	raw, err := os.ReadFile(b.Path)
	if n := strings.Count(string(raw), `"model"`); err != nil || n != 2 {
		t.Errorf("%d models, %v; want 2", n, err)
	}
}

// TestBadBook: a file that can't be read is told of, believed in nothing, and
// written anew.
func TestBadBook(t *testing.T) {
	d := phone()
	for name, text := range map[string]string{
		"no JSON":       "what?",
		"a new version": `{"version": 2, "devices": []}`,
		"too long":      strings.Repeat(" ", 1<<20+1),
	} {
		t.Run(name, func(t *testing.T) {
			b := &learned.Book{Path: filepath.Join(t.TempDir(), "learned.json")}
			if err := os.WriteFile(b.Path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if q, err := b.Recall(&d); err == nil || q != 0 {
				t.Errorf("%v, %v", q, err)
			}
			if err := b.Learn(&d, noticed); err != nil {
				t.Fatal(err)
			}
			if q := recall(t, b, d); q != noticed {
				t.Errorf("afterwards %v", q)
			}
		})
	}
}

// TestOnlyWhatIsNoticed: a file can't give a device a quirk that no session
// notices, such as that its sessions stay open.
func TestOnlyWhatIsNoticed(t *testing.T) {
	b := &learned.Book{Path: filepath.Join(t.TempDir(), "learned.json")}
	d := phone()
	if err := b.Learn(&d, noticed|mtp.QuirkNoCloseSession); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(b.Path)
	if err != nil || !strings.Contains(string(raw), "no-close-session") {
		t.Fatalf("%s, %v", raw, err)
	}
	if err := os.WriteFile(b.Path, []byte(strings.ReplaceAll(string(raw), "no-close-session", "levitates")), 0o600); err != nil {
		t.Fatal(err)
	}
	if q := recall(t, b, d); q != noticed {
		t.Errorf("%v, want %v", q, noticed)
	}
}

// TestManyDevices: the file doesn't grow for ever; the oldest go.
func TestManyDevices(t *testing.T) {
	b := &learned.Book{Path: filepath.Join(t.TempDir(), "learned.json")}
	d := phone()
	d.Manufacturer = strings.Repeat("m", 250)
	for i := range 230 {
		d.Model = fmt.Sprint(i)
		if err := b.Learn(&d, noticed); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range map[int]mtp.Quirks{0: 0, 29: 0, 30: noticed, 229: noticed} {
		if d.Model = fmt.Sprint(i); recall(t, b, d) != want {
			t.Errorf("device %d: %v, want %v", i, recall(t, b, d), want)
		}
	}
}

// FuzzBook: no file makes it panic, and after Learn there is one that reads.
func FuzzBook(f *testing.F) {
	f.Add([]byte(`{"version":1,"devices":[{"manufacturer":"ACME","model":"One","quirks":["no-prop-list","x"],"noticed":"2026-03-01T12:00:00Z"}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b := &learned.Book{Path: filepath.Join(t.TempDir(), "learned.json")}
		if err := os.WriteFile(b.Path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		d := phone()
		_, _ = b.Recall(&d)
		if err := b.Learn(&d, noticed); err != nil {
			t.Fatal(err)
		}
		if q, err := b.Recall(&d); err != nil || !q.Has(noticed) {
			t.Errorf("%v, %v", q, err)
		}
	})
}
