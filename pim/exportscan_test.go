package pim

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What the lines alone say of a calendar's entries, the parser says too.
func TestLawScanEntries(t *testing.T) {
	entry := "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\n y\r\nEND:VEVENT\r\n"
	parts := []string{
		entry, entry, strings.ReplaceAll(entry, "\r\n", "\n"), "BEGIN:VTODO\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VTODO\r\n", "END:VCALENDAR\r\n", "END:VCALENDAR\r\n",
		"BEGIN:VEVENT\r\n", "END:VEVENT\r\n", "END:VCALENDAR", "end:vcalendar\r\n", "BEGIN:VALARM\r\n", "END:VALARM\r\n", "ATTENDEE:a\r\n", "DESCRIPTION;ENCODING=QUOTED-PRINTABLE:x=\r\n",
		"ATTACH;ENCODING=BASE64:AAAA\r\nBBBB\r\n", "ATTACH;ENCODING=BASE64;X=\"", " fold\r\n", "\r\n", "junk\r\n", "BEGIN;X=1:VEVENT\r\n", "BEGIN :VEVENT\r\n", bom + "BEGIN:VEVENT\r\n", "a\rb\r\n", "ENDING:1\r\n",
		"AGENT:BEGIN:VCARD\r\n", "BEGIN:VTIMEZONE\r\n", "BEGIN:VNOTE\r\n", " END:VEVENT\r\n", "X:1\r\n", "BEGIN:VEVENT \r\n", "BEGIN:X-Y\r\nEND:X-Y\r\n",
	}
	yes := 0
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(rapid.SampledFrom([]string{"", entry}).Draw(t, "first") + strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 6).Draw(t, "parts"), "") + rapid.SampledFrom([]string{"", "END:VCALENDAR\r\n"}).Draw(t, "end"))
		end, ok := scanEntries(text)
		if !ok {
			return
		}
		yes++
		got, ok := parsedEntries(new(parser), text)
		if !ok || !bytes.Equal(got, text[:end]) {
			t.Fatalf("of %q the lines say %q, the parser %v %q", text, text[:end], ok, got)
		}
	})
	if yes == 0 {
		t.Error("never")
	}
	if _, ok := scanEntries([]byte(entry + "END:VCALENDAR\r\n")); !ok {
		t.Error("an ordinary entry is left to the parser")
	}
}
