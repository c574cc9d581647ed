package hwtest

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func lines(s string) string { return strings.ReplaceAll(s, "|", "\r\n") + "\r\n" }

func TestStorageKeep(t *testing.T) {
	for _, c := range []struct{ name, stores, text, want string }{
		{"names", "FN,TEL", "BEGIN:VCARD|VERSION:3.0|UID:u|FN:a|NOTE:n|TEL:1|END:VCARD", "BEGIN:VCARD|VERSION:3.0|UID:u|FN:a|TEL:1|END:VCARD"},
		{"all but", "-NOTE,-X-*", "BEGIN:VCARD|FN:a|NOTE:n|X-A:1|x-b;P=1:2|END:VCARD", "BEGIN:VCARD|FN:a|END:VCARD"},
		{"no UID", "FN,-UID", "BEGIN:VCARD|UID:u|FN:a|END:VCARD", "BEGIN:VCARD|FN:a|END:VCARD"},
		{"a count", "TEL:2", "BEGIN:VCARD|FN:a|TEL:1|TEL:2|TEL:3|END:VCARD", "BEGIN:VCARD|FN:a|TEL:1|TEL:2|END:VCARD"},
		{"a length", "NOTE/3", `BEGIN:VCARD|NOTE:äöü1|NOTE:a\,b\;c|NOTE:ab|END:VCARD`, `BEGIN:VCARD|NOTE:äöü|NOTE:a\,b|NOTE:ab|END:VCARD`},
		{"numbers", "TEL~", "BEGIN:VCARD|TEL:+49 30 123456|TEL:12|TEL:*100#|END:VCARD", "BEGIN:VCARD|TEL:+493-012-3456|TEL:12|TEL:*100#|END:VCARD"},
		{"labels", "+nolabels", `BEGIN:VCARD|item1.TEL;TYPE=HOME;X-P="a:b":1|item1.X-ABLabel:l|TEL;CELL:2|END:VCARD`, "BEGIN:VCARD|TEL;TYPE=HOME:1|TEL;CELL:2|END:VCARD"},
		{"slots", "+slots", "BEGIN:VCARD|TEL;TYPE=HOME:1|TEL;TYPE=home:2|TEL:3|END:VCARD", "BEGIN:VCARD|TEL;TYPE=HOME:1|TEL:3|END:VCARD"},
		{"order", "+order", "BEGIN:VCARD|VERSION:3.0|TEL:2|FN:a|TEL:1|END:VCARD", "BEGIN:VCARD|VERSION:3.0|FN:a|TEL:2|TEL:1|END:VCARD"},
		{"stamp", "+stamp", "BEGIN:VCARD|REV:1|FN:a|END:VCARD", "BEGIN:VCARD|FN:a|REV:20260102T030405Z|PRODID:-//Lossy Phone//1|END:VCARD"},
		{"fold", "+fold", "BEGIN:VCARD|NOTE:" + strings.Repeat("0123456789", 7) + "|END:VCARD", "BEGIN:VCARD|NOTE:" + strings.Repeat("0123456789", 5) + "01234| 5678901234567" + "89|END:VCARD"},
		{"components", "SUMMARY,VALARM:1,TRIGGER", "BEGIN:VCALENDAR|BEGIN:VEVENT|SUMMARY:s|LOCATION:l|BEGIN:VALARM|TRIGGER:1|END:VALARM|BEGIN:VALARM|TRIGGER:2|END:VALARM|END:VEVENT|END:VCALENDAR",
			"BEGIN:VCALENDAR|BEGIN:VEVENT|SUMMARY:s|BEGIN:VALARM|TRIGGER:1|END:VALARM|END:VEVENT|END:VCALENDAR"},
		{"changed occurrences", "-RECURRENCE-ID", "BEGIN:VCALENDAR|BEGIN:VEVENT|SUMMARY:s|END:VEVENT|BEGIN:VEVENT|RECURRENCE-ID:1|SUMMARY:t|END:VEVENT|END:VCALENDAR", "BEGIN:VCALENDAR|BEGIN:VEVENT|SUMMARY:s|END:VEVENT|END:VCALENDAR"},
		{"quoted-printable", "NOTE", "BEGIN:VCARD|NOTE;ENCODING=QUOTED-PRINTABLE:a=|b|END:VCARD", "BEGIN:VCARD|NOTE;ENCODING=QUOTED-PRINTABLE:ab|END:VCARD"},
		{"what it can't read", "FN", "BEGIN:VCARD|NOTE:n", "BEGIN:VCARD|NOTE:n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := ParseStorage(c.stores)
			if err != nil {
				t.Fatal(err)
			}
			at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
			got := string(s.Keep([]byte(lines(c.text)), at))
			if got != lines(c.want) {
				t.Errorf("got\n%s\nwant\n%s", got, lines(c.want))
			}
			if again := string(s.Keep([]byte(got), at)); again != got {
				t.Errorf("kept again: got\n%s\nwant\n%s", again, got)
			}
		})
	}
}

func TestStorageMakesPhotosSmaller(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 200, 100)), nil); err != nil {
		t.Fatal(err)
	}
	s, err := ParseStorage("PHOTO~")
	if err != nil {
		t.Fatal(err)
	}
	text := lines("BEGIN:VCARD|PHOTO;ENCODING=b;TYPE=JPEG:" + base64.StdEncoding.EncodeToString(b.Bytes()) + "|END:VCARD")
	_, value, _ := strings.Cut(string(s.Keep([]byte(text), time.Time{})), "JPEG:")
	value, _, _ = strings.Cut(value, "\r\n")
	raw, err := base64.StdEncoding.DecodeString(value)
	if err != nil {
		t.Fatal(err)
	}
	if c, _, err := image.DecodeConfig(bytes.NewReader(raw)); err != nil || c.Width != 48 || c.Height != 48 {
		t.Errorf("got %v, %v, want 48 by 48", c, err)
	}
}

func TestParseStorageRefuses(t *testing.T) {
	for _, bad := range []string{"", ",", "FN,,TEL", "+no", "-", "NOTE/", "NOTE/x", "NOTE/0", "TEL:0", "TEL:x", "~", "FN,TEL~:2", "TEL:2/5x", "N OTE", "TEL:2,TEL~"} {
		if _, err := ParseStorage(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	s, err := ParseStorage(DefaultStorage)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][2]bool{"FN": {true, true}, "tel": {false, true}, "NOTE": {false, true}, "GENDER": {false, false}, "UID": {true, true}} {
		if all, some := s.Stores(name); [2]bool{all, some} != want {
			t.Errorf("%s: got %v, %v, want %v", name, all, some, want)
		}
	}
}

// TestLossyPhoneStoresPart sends a card over MTP: the phone takes it, and tells the size of
// what it made of it. Other files stay as they are.
func TestLossyPhoneStoresPart(t *testing.T) {
	dir := t.TempDir()
	phone, err := Open(Lossy, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer phone.Close()
	text := []byte(lines("BEGIN:VCARD|VERSION:3.0|FN:a|GENDER:F|END:VCARD"))
	for name, kept := range map[string]bool{"a.vcf": true, "a.state": false} {
		k := &sink{s: phone.s, n: &node{name: name, parent: phone.s.volumes[0].root, vol: phone.s.volumes[0]}}
		if k.f, err = os.Create(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		phone.s.add(k.n)
		if _, err := k.Write(text); err != nil {
			t.Fatal(err)
		}
		if err := k.Commit(); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(got, []byte("GENDER")) == kept || k.n.size != int64(len(got)) {
			t.Errorf("%s: %d bytes told, holds\n%s", name, k.n.size, got)
		}
	}
}
