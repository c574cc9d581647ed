package pim

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"cradle/valuebag"
)

// benchCard is a made-up card of about 1 KB.
func benchCard(i int) []byte {
	return fmt.Appendf(nil, "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Example Corp.//Example 1.0//EN\r\n"+
		"UID:3f1c9a2e-%08d\r\nN:Lovelace;Ada;Augusta King;Countess;\r\nFN:Ada Lovelace %d\r\nNICKNAME:Enchantress of Numbers\r\n"+
		"ORG:Analytical Engines Ltd;Research\r\nTITLE:Analyst\r\nTEL;TYPE=CELL,VOICE,PREF:+44 20 7946 %04d\r\n"+
		"TEL;TYPE=HOME,VOICE:+44 20 7946 1842\r\nTEL;TYPE=WORK,FAX:+44 20 7946 1843\r\n"+
		"EMAIL;TYPE=INTERNET,HOME:ada.%d@example.org\r\nEMAIL;TYPE=INTERNET,WORK:lovelace@engines.example\r\n"+
		"ADR;TYPE=HOME:;;12 St James's Square;London;;SW1Y 4JH;United Kingdom\r\n"+
		"ADR;TYPE=WORK:;;1 Dorset Street;London;;W1U 4EA;United Kingdom\r\n"+
		"item1.URL:https://example.org/ada\r\nitem1.X-ABLabel:_$!<HomePage>!$_\r\n"+
		"BDAY:1815-12-10\r\nNOTE:First programmer\\, and more.\\nSecond line of the note that is long enou\r\n gh to be folded over two physical lines\r\n"+
		"CATEGORIES:Friends,Mathematics\r\nREV:2026-01-02T03:04:05Z\r\nX-ABUID:1234\\:ABPerson\r\nEND:VCARD\r\n", i, i, i%10000, i)
}

func BenchmarkNewAndDigests(b *testing.B) {
	card := benchCard(7)
	b.SetBytes(int64(len(card)))
	b.ReportAllocs()
	for b.Loop() {
		item, err := Contacts.New(card, "personal")
		if err != nil {
			b.Fatal(err)
		}
		for _, u := range Contacts.Units() {
			Contacts.Digest(item, u)
		}
	}
}

func BenchmarkElements(b *testing.B) {
	item, err := Contacts.New(benchCard(7), "personal")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, u := range Contacts.Units() {
			Contacts.Elements(item, u)
		}
	}
}

func BenchmarkReplace(b *testing.B) {
	one, _ := Contacts.New(benchCard(7), "personal")
	two, _ := Contacts.New(benchCard(8), "personal")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Contacts.Replace(one, two, []string{"tel"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadBundle(b *testing.B) {
	var all []byte
	for i := range 1000 {
		all = append(all, benchCard(i)...)
	}
	b.SetBytes(int64(len(all)))
	b.ReportAllocs()
	for b.Loop() {
		if n := len(Read(all).Objects); n != 1000 {
			b.Fatal(n)
		}
	}
}

func BenchmarkProperties(b *testing.B) {
	card := benchCard(7)
	b.ReportAllocs()
	for b.Loop() {
		Properties(card)
	}
}

func BenchmarkSummary(b *testing.B) {
	item, _ := Contacts.New(benchCard(7), "personal")
	b.ReportAllocs()
	for b.Loop() {
		Contacts.Summary(item)
	}
}

// bigPhoto is a card with a folded photo of n bytes.
func bigPhoto(n int) []byte {
	data := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff, 0xd8, 0x12}, n/3))
	var b strings.Builder
	b.WriteString("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nPHOTO;ENCODING=b;TYPE=JPEG:\r\n")
	for len(data) > 74 {
		b.WriteString(" " + data[:74] + "\r\n")
		data = data[74:]
	}
	b.WriteString(" " + data + "\r\nEND:VCARD\r\n")
	return []byte(b.String())
}

func BenchmarkPhoto20MB(b *testing.B) {
	card := bigPhoto(20 << 20)
	b.SetBytes(int64(len(card)))
	b.ReportAllocs()
	for b.Loop() {
		var item *valuebag.Values
		item, err := Contacts.New(card, "")
		if err != nil {
			b.Fatal(err)
		}
		Contacts.Digest(item, "photo")
	}
}

// benchEvents is a calendar of n events, each with an alarm and in a zone.
func benchEvents(n int) []byte {
	b := []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nX-WR-CALNAME:Home\r\n" + berlin)
	for i := range n {
		b = fmt.Appendf(b, "BEGIN:VEVENT\r\nUID:event-%d@example.org\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260301T%02d0000\r\n"+
			"DTEND;TZID=Europe/Berlin:20260301T%02d3000\r\nRRULE:FREQ=WEEKLY;COUNT=10\r\nSUMMARY:Meeting %d\r\nLOCATION:Room 3\\, upstairs\r\n"+
			"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT\r\n", i, i%24, i%24, i)
	}
	return append(b, "END:VCALENDAR\r\n"...)
}

func BenchmarkReadCalendar10000(b *testing.B) {
	all := benchEvents(10_000)
	b.SetBytes(int64(len(all)))
	for b.Loop() {
		if n := len(Read(all).Objects); n != 10_000 {
			b.Fatal(n)
		}
	}
}

func BenchmarkNewEvent(b *testing.B) {
	one := benchEvents(1)
	b.ReportAllocs()
	for b.Loop() {
		item, err := Events.New(one, "personal")
		if err != nil {
			b.Fatal(err)
		}
		for _, u := range Events.Units() {
			Events.Digest(item, u)
		}
	}
}

// A series of 20,000 overrides, and 20,000 calendars in one file: nothing may
// take quadratic time.
func BenchmarkHostileFiles(b *testing.B) {
	series := []byte("BEGIN:VCALENDAR\n")
	var calendars []byte
	for i := range 20_000 {
		series = fmt.Appendf(series, "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:%d\nEND:VEVENT\n", i)
		calendars = fmt.Appendf(calendars, "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:%d\nEND:VEVENT\nEND:VCALENDAR\n", i)
	}
	series = append(series, "END:VCALENDAR\n"...)
	for b.Loop() {
		if _, err := Events.New(Read(series).Objects[0].Text, ""); err != nil {
			b.Fatal(err)
		}
		if n := len(Read(calendars).Objects); n != 20_000 {
			b.Fatal(n)
		}
		Properties(series)
	}
}
