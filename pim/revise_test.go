package pim

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

func TestLawRevise(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		have, given := drawItem(t, k), drawItem(t, k)
		got := k.Revise(have, given)
		if !k.Equal(got, k.SetCollection(given, k.Collection(have))) {
			t.Fatalf("not what was given\nhave %q\ngiven %q\ngot %q\n%s", k.Text(have), k.Text(given), k.Text(got), differing(k, got, given))
		}
		fresh, err := k.New(k.Text(got), k.Collection(got))
		if err != nil || !fresh.Equal(got) {
			t.Fatalf("the bag isn't that of its text: %v", err)
		}
		if same := k.Revise(have, k.SetCollection(have, "elsewhere")); !bytes.Equal(k.Text(same), k.Text(have)) || k.Collection(same) != k.Collection(have) {
			t.Fatalf("of equal content, and yet\n%q\nbecame\n%q", k.Text(have), k.Text(same))
		}
	})
}

// A card that went through another version and got one more line there gets that line, and
// no other of its lines is touched.
func TestLawReviseConverted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := Contacts
		have := drawCard(t)
		d := rapid.SampledFrom([]Dialect{VCard21, VCard30, VCard40}).Draw(t, "version")
		there, err := k.Convert(have, d)
		if err != nil {
			t.Skip(err)
		}
		text, errs := EditProperties(k.Text(there), []PropertyEdit{{Op: EditInsert, New: Property{Name: "X-LAW", Value: "one more"}}})
		given, err := k.New(text, "")
		if errs[0] != nil || err != nil {
			t.Skip(errs[0], err)
		}
		got := k.Text(k.Revise(have, given))
		without := bytes.Replace(got, []byte("X-LAW:one more"+lineEnd(string(k.Text(have)))), nil, 1)
		if len(without) == len(got) || !bytes.Equal(without, k.Text(k.Close(have))) {
			t.Fatalf("more than a line was written\nhave %q\ngot  %q", k.Text(have), got)
		}
	})
}

func TestReviseEdition(t *testing.T) {
	event := func(lines string) string {
		return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//A//B//EN\r\nBEGIN:VEVENT\r\nUID:e\r\nDTSTART:20270101T100000Z\r\n" + lines + "END:VEVENT\r\nEND:VCALENDAR\r\n"
	}
	for _, c := range []struct{ name, have, given, want string }{
		{"a newer edition", "SEQUENCE:1\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Was\r\n", "SEQUENCE:2\r\nDTSTAMP:20260202T000000Z\r\nSUMMARY:Is\r\n",
			"SEQUENCE:2\r\nDTSTAMP:20260202T000000Z\r\nSUMMARY:Is\r\n"},
		{"one that says none", "SEQUENCE:1\r\nSUMMARY:Was\r\n", "SUMMARY:Is\r\n", "SEQUENCE:1\r\nSUMMARY:Is\r\n"},
		{"the first that says one", "SUMMARY:Was\r\n", "SEQUENCE:2\r\nSUMMARY:Is\r\n", "SUMMARY:Is\r\nSEQUENCE:2\r\n"},
		{"the same said in another edition", "SEQUENCE:1\r\nSUMMARY:Is\r\n", "SEQUENCE:2\r\nSUMMARY:Is\r\n", "SEQUENCE:1\r\nSUMMARY:Is\r\n"},
	} {
		have, err := Events.New([]byte(event(c.have)), "")
		if err != nil {
			t.Fatal(err)
		}
		given, err := Events.New([]byte(event(c.given)), "")
		if err != nil {
			t.Fatal(err)
		}
		if got := string(Events.Text(Events.Revise(have, given))); got != event(c.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, event(c.want))
		}
	}
}
