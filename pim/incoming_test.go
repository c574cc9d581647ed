package pim

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
	"testing"

	"cradle/valuebag"

	"pgregory.net/rapid"
)

// cardText writes a card of 3.0 with these lines, separated by |.
func cardText(lines string) string {
	return "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:u\r\n" + crlf(lines) + "END:VCARD\r\n"
}

// eventText writes an event with these lines.
func eventText(lines string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u\r\n" + crlf(lines) + "END:VEVENT\r\nEND:VCALENDAR\r\n"
}

func crlf(lines string) string {
	if lines == "" {
		return ""
	}
	return strings.ReplaceAll(lines, "|", "\r\n") + "\r\n"
}

func mustItem(t testing.TB, k *Kind, text string) *valuebag.Values {
	t.Helper()
	v, err := k.New([]byte(text), "c")
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v
}

// A photo of a given width, its left half dark, and the same compressed harder.
func photo(width, quality int, dark color.RGBA) string {
	img := image.NewRGBA(image.Rect(0, 0, width, width))
	for y := range width {
		for x := range width {
			c := color.RGBA{uint8(255 * y / width), 200, 120, 255}
			if x < width/2 {
				c = dark
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

// TestIncoming has a row for what the rules for peers that store only part say of one
// exchange: full is the item, was what the peer kept of it, now what it holds.
func TestIncoming(t *testing.T) {
	big := "PHOTO;ENCODING=b;TYPE=JPEG:" + photo(96, 95, color.RGBA{20, 20, 90, 255})
	small := "PHOTO;ENCODING=b;TYPE=JPEG:" + photo(48, 50, color.RGBA{20, 20, 90, 255})
	smaller := "PHOTO;ENCODING=b;TYPE=JPEG:" + photo(32, 30, color.RGBA{20, 20, 90, 255})
	other := "PHOTO;ENCODING=b;TYPE=JPEG:" + photo(48, 50, color.RGBA{250, 250, 10, 255})
	for _, c := range []struct {
		name           string
		full, was, now string // lines; was "-": not known
		want           string // "" full's
		event          bool
	}{
		{name: "rule 3, half the fields and no difference", full: "FN:Ada|N:Byron;Ada;;;|NOTE:n|X-A:1|TEL:1", was: "FN:Ada", now: "FN:Ada"},
		{name: "rule 3, one field changed", full: "FN:Ada|NOTE:n|TITLE:Countess|X-A:1", was: "FN:Ada|TITLE:Countess", now: "FN:Ada|TITLE:Lady",
			want: "FN:Ada|NOTE:n|TITLE:Lady|X-A:1"},
		{name: "rule 3, another line of the same unit", full: "FN:Ada|TITLE:Countess|ROLE:Author", was: "FN:Ada|TITLE:Countess", now: "FN:Ada|TITLE:Lady",
			want: "FN:Ada|TITLE:Lady|ROLE:Author"},
		{name: "rule 5, a field it returned is deleted", full: "FN:Ada|NOTE:n|TITLE:Countess|X-A:1", was: "FN:Ada|TITLE:Countess", now: "FN:Ada",
			want: "FN:Ada|NOTE:n|X-A:1"},
		{name: "rule 5, unknown what it had: nothing is deleted", full: "FN:Ada|NOTE:n|TITLE:Countess|TEL:1", was: "-", now: "FN:Ada"},
		{name: "rule 5, unknown what it had: an edit and an addition", full: "FN:Ada|NOTE:n|TITLE:Countess|TEL:1|TEL:2", was: "-", now: "FN:Ada|TITLE:Lady|TEL:1|TEL:3",
			want: "FN:Ada|NOTE:n|TITLE:Lady|TEL:1|TEL:2|TEL:3"},
		{name: "rule 6, cut", full: "FN:Ada|NOTE:a very long note", was: "FN:Ada|NOTE:a very", now: "FN:Ada|NOTE:a very"},
		{name: "rule 6, cut less than before", full: "FN:Ada|NOTE:a very long note", was: "FN:Ada|NOTE:a very", now: "FN:Ada|NOTE:a very long"},
		{name: "rule 6, edited within what it kept", full: "FN:Ada|NOTE:a very long note", was: "FN:Ada|NOTE:a very", now: "FN:Ada|NOTE:a most very",
			want: "FN:Ada|NOTE:a most very long note"},
		{name: "rule 6, written anew", full: "FN:Ada|NOTE:a very long note", was: "FN:Ada|NOTE:a very", now: "FN:Ada|NOTE:short",
			want: "FN:Ada|NOTE:short"},
		{name: "rule 6, cut within a character, edited before it", full: "FN:Ada|NOTE:ééééé and more", was: "FN:Ada|NOTE:ééé\xc3", now: "FN:Ada|NOTE:xééé\xc3", want: "FN:Ada|NOTE:xééééé and more"},
		{name: "rule 6, cut within a character, edited behind it", full: "FN:Ada|NOTE:€€€€€ and more", was: "FN:Ada|NOTE:€€€\xe2\x82", now: "FN:Ada|NOTE:€€€\xe2\x82!", want: "FN:Ada|NOTE:€€€!€€ and more"},
		{name: "rule 6, cut within a character, written anew", full: "FN:Ada|NOTE:ééééé and more", was: "FN:Ada|NOTE:ééé\xc3", now: "FN:Ada|NOTE:short", want: "FN:Ada|NOTE:short"},
		{name: "rule 6, a number with hyphens", full: "FN:Ada|TEL;TYPE=CELL;X-P=1:+49 30 123456", was: "FN:Ada|TEL;TYPE=CELL:+49-30-123456", now: "FN:Ada|TEL;TYPE=CELL:(+49) 30 12 34 56"},
		{name: "rule 6, an address without its last slash", full: "FN:Ada|URL:http://Example.org/", was: "FN:Ada|URL:http://example.org/", now: "FN:Ada|URL:http://example.org"},
		{name: "rule 7, the slot of a line", full: "FN:Ada|TEL;TYPE=HOME:1111|TEL;TYPE=HOME:2222|TEL;TYPE=CELL:3333", was: "FN:Ada|TEL;TYPE=HOME:1111|TEL;TYPE=CELL:3333", now: "FN:Ada|TEL;TYPE=HOME:1112|TEL;TYPE=CELL:3333",
			want: "FN:Ada|TEL;TYPE=HOME:1112|TEL;TYPE=HOME:2222|TEL;TYPE=CELL:3333"},
		{name: "rule 7, an emptied slot", full: "FN:Ada|TEL;TYPE=HOME:1111|TEL;TYPE=HOME:2222|TEL;TYPE=CELL:3333", was: "FN:Ada|TEL;TYPE=HOME:1111|TEL;TYPE=CELL:3333", now: "FN:Ada|TEL;TYPE=CELL:3333",
			want: "FN:Ada|TEL;TYPE=HOME:2222|TEL;TYPE=CELL:3333"},
		{name: "rule 7, a number that it could not store is typed again", full: "FN:Ada|TEL:1111|TEL:2222", was: "FN:Ada|TEL:1111", now: "FN:Ada|TEL:1111|TEL:22 22"},
		{name: "rule 7, a number changed into one that it could not store", full: "FN:Ada|TEL;TYPE=HOME:1111|TEL;TYPE=HOME;X-P=1:2222", was: "FN:Ada|TEL;TYPE=HOME:1111", now: "FN:Ada|TEL;TYPE=HOME:22 22",
			want: "FN:Ada|TEL;TYPE=HOME;X-P=1:2222"},
		{name: "rule 7, the same with another label", full: "FN:Ada|TEL;TYPE=HOME:1111|TEL;TYPE=WORK:2222", was: "FN:Ada|TEL;TYPE=HOME:1111", now: "FN:Ada|TEL;TYPE=HOME:2222",
			want: "FN:Ada|TEL;TYPE=HOME:2222|TEL;TYPE=WORK:2222"},
		{name: "rule 7, an address that it could not store is typed again", full: "FN:Ada|EMAIL:1@example.org|EMAIL:Ada@Example.org", was: "FN:Ada|EMAIL:1@example.org", now: "FN:Ada|EMAIL:1@example.org|EMAIL:ada@example.org"},
		{name: "rule 7, one deleted and another one added", full: "FN:Ada|TEL;TYPE=HOME;X-P=1:1111|TEL:2222", was: "FN:Ada|TEL;TYPE=HOME:1111", now: "FN:Ada|TEL;TYPE=CELL:3333",
			want: "FN:Ada|TEL;TYPE=CELL:3333|TEL:2222"},
		{name: "rule 8, label and parameters stay", full: "FN:Ada|item1.TEL;X-P=7;TYPE=VOICE:1111|item1.X-ABLabel:Castle", was: "FN:Ada|TEL:1111", now: "FN:Ada|TEL:1112",
			want: "FN:Ada|item1.TEL;X-P=7;TYPE=VOICE:1112|item1.X-ABLabel:Castle"},
		{name: "rule 8, what describes the old value goes", full: `FN:Ada|ADR;TYPE=HOME;LABEL="1 Old Rd";X-P=1:;;1 Old Rd;Town;;;UK`, was: "FN:Ada|ADR;TYPE=HOME:;;1 Old Rd;Town;;;", now: "FN:Ada|ADR;TYPE=HOME:;;2 New Rd;Town;;;",
			want: "FN:Ada|ADR;TYPE=HOME;X-P=1:;;2 New Rd;Town;;;UK"},
		{name: "rule 8, only the type changed", full: "FN:Ada|TEL;TYPE=HOME;X-P=7:1111", was: "FN:Ada|TEL;TYPE=HOME:1111", now: "FN:Ada|TEL;TYPE=WORK:1111",
			want: "FN:Ada|TEL;X-P=7;TYPE=work:1111"},
		{name: "rule 8, parts of a name", full: "FN:Ada Byron|N:Byron;Ada;Augusta;Dr.;Jr.", was: "FN:Ada Byron|N:Byron;Ada", now: "FN:Ada Byron|N:King;Ada",
			want: "FN:Ada Byron|N:King;Ada;Augusta;Dr.;Jr."},
		{name: "rule 9, lines that a peer writes for itself", full: "FN:Ada|REV:1|PRODID:a|NOTE:n", was: "FN:Ada|REV:2|PRODID:p|X-PHONE-ETAG:1", now: "FN:Ada|REV:3|PRODID:p|X-PHONE-ETAG:2|X-IRMC-LUID:4"},
		{name: "rule 9, what the phone made up and changed", full: "FN:Ada|NOTE:n", was: "FN:Ada|X-PHONE-ID:17", now: "FN:Ada|X-PHONE-ID:18"},
		{name: "rule 9, FN follows N where it was made from it", full: "FN:Ada Byron|N:Byron;Ada;;;|NOTE:n", was: "N:Byron;Ada;;;", now: "N:King;Ada;;;",
			want: "FN:Ada King|N:King;Ada;;;|NOTE:n"},
		{name: "rule 9, and stays where it wasn't", full: "FN:The Countess|N:Byron;Ada;;;", was: "N:Byron;Ada;;;", now: "N:King;Ada;;;",
			want: "FN:The Countess|N:King;Ada;;;"},
		{name: "rule 10, compressed anew", full: "FN:Ada|" + big, was: "FN:Ada|" + small, now: "FN:Ada|" + smaller},
		{name: "rule 10, another picture", full: "FN:Ada|" + big, was: "FN:Ada|" + small, now: "FN:Ada|" + other, want: "FN:Ada|" + other},
		{name: "rule 10, never stored", full: "FN:Ada|TITLE:a|" + big, was: "FN:Ada|TITLE:a", now: "FN:Ada|TITLE:b", want: "FN:Ada|TITLE:b|" + big},
		{name: "rule 10, deleted", full: "FN:Ada|" + big, was: "FN:Ada|" + small, now: "FN:Ada", want: "FN:Ada"},
		{name: "rule 10, unknown what it had", full: "FN:Ada|" + big, was: "-", now: "FN:Ada|" + smaller},
		{name: "rule 11, changed occurrences stay", event: true,
			full: "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|SUMMARY:s|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T100000Z|SUMMARY:later",
			was:  "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|SUMMARY:s", now: "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|SUMMARY:t",
			want: "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|SUMMARY:t|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T100000Z|SUMMARY:later"},
		{name: "rule 11, a changed occurrence of which it keeps part", event: true,
			full: "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T100000Z|COMMENT:c|SUMMARY:later",
			was:  "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T100000Z|SUMMARY:later",
			now:  "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T110000Z|SUMMARY:later",
			want: "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T110000Z|COMMENT:c|SUMMARY:later"},
		{name: "an exclusion that it can't store", event: true, full: "DTSTART:20260105T090000Z|EXDATE:20260107T090000Z|RRULE:FREQ=DAILY", was: "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY", now: "DTSTART:20260105T090000Z|RRULE:FREQ=WEEKLY",
			want: "DTSTART:20260105T090000Z|EXDATE:20260107T090000Z|RRULE:FREQ=WEEKLY"},
		{name: "a series moved, and what it doesn't hold of it", event: true,
			full: "DTSTART;TZID=Europe/Berlin:20260302T100000|RRULE:FREQ=DAILY|EXDATE;TZID=Europe/Berlin:20260304T100000,20260405T100000|EXDATE;VALUE=DATE:20260306|SUMMARY:s|END:VEVENT|" +
				"BEGIN:VEVENT|UID:u|RECURRENCE-ID;TZID=Europe/Berlin:20260305T100000|DTSTART;TZID=Europe/Berlin:20260305T100000|DTEND;TZID=Europe/Berlin:20260305T113000|SUMMARY:long|END:VEVENT|" +
				"BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260407T080000Z|DTSTART:20260407T160000Z|SUMMARY:late",
			was: "DTSTART:20260302T090000Z|RRULE:FREQ=DAILY|SUMMARY:s", now: "DTSTART:20260303T110000Z|RRULE:FREQ=DAILY|SUMMARY:s",
			want: "DTSTART;TZID=Europe/Berlin:20260303T120000|RRULE:FREQ=DAILY|EXDATE;TZID=Europe/Berlin:20260305T120000,20260406T120000|EXDATE;VALUE=DATE:20260307|SUMMARY:s|END:VEVENT|" +
				"BEGIN:VEVENT|UID:u|RECURRENCE-ID;TZID=Europe/Berlin:20260306T120000|DTSTART;TZID=Europe/Berlin:20260306T120000|DTEND;TZID=Europe/Berlin:20260306T133000|SUMMARY:long|END:VEVENT|" +
				"BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260408T100000Z|DTSTART:20260407T160000Z|SUMMARY:late"},
		{name: "a series moved of which it holds the rule and no changed occurrence", event: true,
			full: "DTSTART:20260302T100000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260305T100000Z|SUMMARY:x",
			was:  "DTSTART:20260302T100000Z|RRULE:FREQ=DAILY", now: "DTSTART:20260302T110000Z|RRULE:FREQ=DAILY",
			want: "DTSTART:20260302T110000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260305T110000Z|SUMMARY:x"},
		{name: "a series moved whose rule it doesn't hold, and that ends at a time", event: true,
			full: "DTSTART:20260105T100000Z|RRULE:FREQ=DAILY;UNTIL=20260108T100000Z", was: "DTSTART:20260105T100000Z", now: "DTSTART:20260105T140000Z",
			want: "DTSTART:20260105T140000Z|RRULE:FREQ=DAILY;UNTIL=20260108T140000Z"},
		{name: "the same on the clock of a zone, beyond a change of its clocks", event: true,
			full: "DTSTART;TZID=Europe/Berlin:20260320T100000|RRULE:FREQ=DAILY;UNTIL=20260401T080000Z;INTERVAL=2", was: "DTSTART:20260320T090000Z", now: "DTSTART:20260320T130000Z",
			want: "DTSTART;TZID=Europe/Berlin:20260320T140000|RRULE:FREQ=DAILY;UNTIL=20260401T120000Z;INTERVAL=2"},
		{name: "the same with an end that is a day, and one on no clock", event: true,
			full: "DTSTART:20260105T220000|RRULE:FREQ=DAILY;UNTIL=20260108|EXRULE:FREQ=WEEKLY;UNTIL=20260107T220000", was: "DTSTART:20260105T220000", now: "DTSTART:20260106T020000",
			want: "DTSTART:20260106T020000|RRULE:FREQ=DAILY;UNTIL=20260109|EXRULE:FREQ=WEEKLY;UNTIL=20260108T020000"},
		{name: "the same earlier", event: true,
			full: "DTSTART:20260105T100000Z|RRULE:FREQ=DAILY;UNTIL=20260108T100000Z", was: "DTSTART:20260105T100000Z", now: "DTSTART:20260104T100000Z",
			want: "DTSTART:20260104T100000Z|RRULE:FREQ=DAILY;UNTIL=20260107T100000Z"},
		{name: "a series of days moved", event: true, full: "DTSTART;VALUE=DATE:20260302|RRULE:FREQ=WEEKLY|EXDATE;VALUE=DATE:20260309", was: "DTSTART;VALUE=DATE:20260302|RRULE:FREQ=WEEKLY", now: "DTSTART;VALUE=DATE:20260303|RRULE:FREQ=WEEKLY",
			want: "DTSTART;VALUE=DATE:20260303|RRULE:FREQ=WEEKLY|EXDATE;VALUE=DATE:20260310"},
		{name: "a series moved with the exclusions that it holds", event: true, full: "DTSTART:20260302T100000Z|RRULE:FREQ=DAILY|EXDATE:20260304T100000Z|X-A:1", was: "DTSTART:20260302T100000Z|RRULE:FREQ=DAILY|EXDATE:20260304T100000Z",
			now: "DTSTART:20260302T110000Z|RRULE:FREQ=DAILY|EXDATE:20260304T110000Z", want: "DTSTART:20260302T110000Z|RRULE:FREQ=DAILY|EXDATE:20260304T110000Z|X-A:1"},
		{name: "a time that it writes in UTC moves on the item's own clock", event: true, full: "DTSTART;TZID=Europe/Berlin:20260105T100000|SUMMARY:s", was: "DTSTART:20260105T090000Z|SUMMARY:s", now: "DTSTART:20260705T090000Z|SUMMARY:s",
			want: "DTSTART;TZID=Europe/Berlin:20260705T110000|SUMMARY:s"},
		{name: "one of two alarms", event: true, full: "SUMMARY:s|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT5M|X-A:1|END:VALARM|BEGIN:VALARM|ACTION:EMAIL|TRIGGER:-PT1H|END:VALARM", was: "SUMMARY:s|BEGIN:VALARM|ACTION:DISPLAY|TRIGGER:-PT5M|END:VALARM", now: "SUMMARY:s|BEGIN:VALARM|ACTION:AUDIO|TRIGGER:-PT5M|END:VALARM",
			want: "SUMMARY:s|BEGIN:VALARM|ACTION:AUDIO|TRIGGER:-PT5M|X-A:1|END:VALARM|BEGIN:VALARM|ACTION:EMAIL|TRIGGER:-PT1H|END:VALARM"},
		{name: "categories one by one", full: "FN:Ada|CATEGORIES:a,b,c", was: "FN:Ada|CATEGORIES:a,b", now: "FN:Ada|CATEGORIES:b,d", want: "FN:Ada|CATEGORIES:b,c,d"},
		{name: "an end that it says by a duration moves with the start", event: true, full: "DTSTART;TZID=Europe/Berlin:20260105T100000|DTEND;TZID=Europe/Berlin:20260105T110000|SUMMARY:s", was: "DTSTART:20260105T090000Z|DURATION:PT1H|SUMMARY:s", now: "DTSTART:20260105T140000Z|DURATION:PT1H|SUMMARY:s",
			want: "DTSTART;TZID=Europe/Berlin:20260105T150000|DURATION:PT1H|SUMMARY:s"},
		{name: "a duration of its own takes the place of the end", event: true, full: "DTSTART:20260105T090000Z|DTEND:20260105T100000Z|SUMMARY:s", was: "DTSTART:20260105T090000Z|DURATION:PT1H|SUMMARY:s", now: "DTSTART:20260105T090000Z|DURATION:PT2H|SUMMARY:s",
			want: "DTSTART:20260105T090000Z|DURATION:PT2H|SUMMARY:s"},
		{name: "a duration that it says by an end, unchanged", event: true, full: "DTSTART:20260105T090000Z|DURATION:PT1H|SUMMARY:s", was: "DTSTART:20260105T090000Z|DTEND:20260105T100000Z|SUMMARY:s", now: "DTSTART:20260105T090000Z|DTEND:20260105T100000Z|SUMMARY:t",
			want: "DTSTART:20260105T090000Z|DURATION:PT1H|SUMMARY:t"},
		{name: "a duration that it says by an end, moved", event: true, full: "DTSTART:20260105T090000Z|DURATION:PT1H|SUMMARY:s", was: "DTSTART:20260105T090000Z|DTEND:20260105T100000Z|SUMMARY:s", now: "DTSTART:20260105T110000Z|DTEND:20260105T120000Z|SUMMARY:s",
			want: "DTSTART:20260105T110000Z|DTEND:20260105T120000Z|SUMMARY:s"},
		{name: "an end that it doesn't store moves with the start", event: true, full: "DTSTART:20260105T090000Z|DTEND:20260105T100000Z|SUMMARY:s", was: "DTSTART:20260105T090000Z|SUMMARY:s", now: "DTSTART:20260106T110000Z|SUMMARY:s",
			want: "DTSTART:20260106T110000Z|DTEND:20260106T120000Z|SUMMARY:s"},
		{name: "a duration, unknown what it had", event: true, full: "DTSTART:20260105T090000Z|DTEND:20260105T100000Z|SUMMARY:s", was: "-", now: "DTSTART:20260105T090000Z|DURATION:PT1H|SUMMARY:s"},
		{name: "another duration, unknown what it had", event: true, full: "DTSTART:20260105T090000Z|DTEND:20260105T100000Z|SUMMARY:s", was: "-", now: "DTSTART:20260105T090000Z|DURATION:PT2H|SUMMARY:s",
			want: "DTSTART:20260105T090000Z|DURATION:PT2H|SUMMARY:s"},
		{name: "a changed occurrence's end moves with its start", event: true,
			full: "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T100000Z|DTEND:20260106T110000Z|COMMENT:c",
			was:  "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T100000Z",
			now:  "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T120000Z",
			want: "DTSTART:20260105T090000Z|RRULE:FREQ=DAILY|END:VEVENT|BEGIN:VEVENT|UID:u|RECURRENCE-ID:20260106T090000Z|DTSTART:20260106T120000Z|DTEND:20260106T130000Z|COMMENT:c"},
		{name: "there is one birthday", full: "FN:Ada|BDAY;VALUE=date:--0102", was: "FN:Ada", now: "FN:Ada|BDAY:1990-01-02", want: "FN:Ada|BDAY:1990-01-02"},
		{name: "parts of a name in one", full: "FN:Ada Byron|N:Byron;Ada;;Dr.;", was: "N:Ada Byron;;;;", now: "N:Eva Byron;;;;", want: "FN:Eva Byron|N:Eva Byron;;;Dr.;"},
		{name: "a department in the company's line", full: "FN:Ada|ORG:Acme;Sales", was: "FN:Ada|ORG:Acme Sales", now: "FN:Ada|ORG:Other", want: "FN:Ada|ORG:Other;"},
		{name: "rule 14, the full object's dialect", full: "FN:Ada|NOTE:n|TEL;TYPE=CELL;X-P=1:1", was: "FN:Ada|TEL;TYPE=CELL:1", now: "FN:Ada|TEL;TYPE=CELL:1|EMAIL:a@b.c", want: "FN:Ada|NOTE:n|TEL;TYPE=CELL;X-P=1:1|EMAIL:a@b.c"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, write := Contacts, cardText
			if c.event {
				k, write = Events, eventText
			}
			full := mustItem(t, k, write(c.full))
			var was *valuebag.Values
			if c.was != "-" {
				was = k.Shadow(mustItem(t, k, write(c.was)))
			}
			got, err := k.Incoming(full, was, mustItem(t, k, write(c.now)))
			if err != nil {
				t.Fatal(err)
			}
			want := c.want
			if want == "" {
				want = c.full
			}
			plain := func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n ", ""), "\r\n", "\n") }
			if g, w := plain(string(k.Text(got))), plain(write(want)); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// TestIncomingKeepsWhatIsEqual: as long as a peer holds what it held, nothing changes,
// whatever that is.
func TestIncomingKeepsWhatIsEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		full, held := drawCard(t), drawCard(t)
		same := Contacts.SetCollection(held, Contacts.Collection(full))
		got, err := Contacts.Incoming(full, Contacts.Shadow(held), same)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(Contacts.Text(got), Contacts.Text(full)) {
			t.Errorf("got\n%s\nwant\n%s", Contacts.Text(got), Contacts.Text(full))
		}
		if got, err = Contacts.Incoming(full, nil, full); err != nil || !bytes.Equal(Contacts.Text(got), Contacts.Text(full)) {
			t.Errorf("of nothing known: got %v\n%s\nwant\n%s", err, Contacts.Text(got), Contacts.Text(full))
		}
	})
}

func FuzzIncoming(f *testing.F) {
	f.Add(cardText("FN:Ada|N:Byron;Ada|item1.TEL:1|item1.X-ABLabel:a|NOTE:long note"), cardText("FN:Ada|TEL:1|NOTE:long"), cardText("FN:Eve|TEL:2|NOTE:lung"))
	f.Add(eventText("DTSTART;TZID=Europe/Berlin:20260105T100000|CATEGORIES:a,b|BEGIN:VALARM|TRIGGER:-PT5M|END:VALARM"), eventText("DTSTART:20260105T090000Z|CATEGORIES:a"), eventText("DTSTART:20260106T090000Z|CATEGORIES:c"))
	f.Fuzz(func(t *testing.T, full, was, now string) {
		for _, k := range []*Kind{Contacts, Events} {
			a, err1 := k.New([]byte(full), "c")
			b, err2 := k.New([]byte(was), "c")
			c, err3 := k.New([]byte(now), "c")
			if err1 != nil || err2 != nil || err3 != nil {
				continue
			}
			for _, w := range []*valuebag.Values{k.Shadow(b), nil} {
				got, err := k.Incoming(a, w, c)
				if err != nil {
					continue
				}
				if _, err := k.New(k.Text(got), "c"); err != nil {
					t.Errorf("the result can't be read: %v\n%q", err, k.Text(got))
				}
			}
			if got, err := k.Incoming(a, k.Shadow(b), b); err == nil && !bytes.Equal(k.Text(got), k.Text(a)) {
				t.Errorf("nothing changed, got %q, want %q", k.Text(got), k.Text(a))
			}
			var caps Capabilities
			caps.Learn(k, a, b)
			if again, err := ParseCapabilities(k, caps.Text(k)); err != nil || again.Text(k) != caps.Text(k) {
				t.Errorf("capabilities %q read again: %q, %v", caps.Text(k), again.Text(k), err)
			}
		}
	})
}

// TestIncomingInnerAlarm: what the peer's user does to the alarms of a changed occurrence
// that it stores in part is done to the item's; what it doesn't store of them stays.
func TestIncomingInnerAlarm(t *testing.T) {
	const head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20260105T100000Z\r\nRRULE:FREQ=DAILY\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:20260106T100000Z\r\nSUMMARY:s\r\n"
	alarms := func(lines ...string) string {
		s := ""
		for _, l := range lines {
			s += "BEGIN:VALARM\r\n" + crlf(l) + "END:VALARM\r\n"
		}
		return s
	}
	text := func(rest string) string { return head + rest + "END:VEVENT\r\nEND:VCALENDAR\r\n" }
	const a, b = "ACTION:DISPLAY|TRIGGER:-PT5M|DESCRIPTION:five", "ACTION:EMAIL|TRIGGER:-PT9M|DESCRIPTION:nine|ATTENDEE:mailto:a@x|X-P:1"
	full := "ROLE:x\r\n" + alarms(a, b) // ROLE and X-P aren't stored
	was := alarms(a, "ACTION:EMAIL|TRIGGER:-PT9M|DESCRIPTION:nine")
	for _, c := range []struct{ name, now, want string }{
		{"nothing", was, full},
		{"one that it stores whole", alarms("ACTION:DISPLAY|TRIGGER:-PT5M|DESCRIPTION:six", "ACTION:EMAIL|TRIGGER:-PT9M|DESCRIPTION:nine"), "ROLE:x\r\n" + alarms("ACTION:DISPLAY|TRIGGER:-PT5M|DESCRIPTION:six", b)},
		{"one that it stores in part", alarms(a, "ACTION:EMAIL|TRIGGER:-PT9M|DESCRIPTION:ten"), "ROLE:x\r\n" + alarms(a, "ACTION:EMAIL|TRIGGER:-PT9M|DESCRIPTION:ten|ATTENDEE:mailto:a@x|X-P:1")},
		{"its time", alarms(a, "ACTION:EMAIL|TRIGGER:-PT30M|DESCRIPTION:nine"), "ROLE:x\r\n" + alarms(a, "ACTION:EMAIL|TRIGGER:-PT30M|DESCRIPTION:nine|ATTENDEE:mailto:a@x|X-P:1")},
		{"one taken away", alarms(a), "ROLE:x\r\n" + alarms(a)},
		{"one more", was + alarms("ACTION:DISPLAY|TRIGGER:-PT1M"), full + alarms("ACTION:DISPLAY|TRIGGER:-PT1M")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Events.Incoming(mustItem(t, Events, text(full)), Events.Shadow(mustItem(t, Events, text(was))), mustItem(t, Events, text(c.now)))
			if err != nil {
				t.Fatal(err)
			}
			if g, w := string(Events.Text(got)), text(c.want); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// TestIncomingOwnRule: a rule that the peer's user makes where the peer showed none takes
// the place of the one that it didn't store.
func TestIncomingOwnRule(t *testing.T) {
	const start = "DTSTART:20260105T100000Z|"
	for _, c := range []struct{ name, full, was, now, want string }{
		{"made there", start + "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1|EXDATE:20260202T100000Z", start, start + "RRULE:FREQ=DAILY", start + "RRULE:FREQ=DAILY|EXDATE:20260202T100000Z"},
		{"the same one", start + "RRULE:FREQ=DAILY", start, start + "RRULE:FREQ=DAILY", start + "RRULE:FREQ=DAILY"},
		{"none made", start + "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", start, start + "SUMMARY:x", start + "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1|SUMMARY:x"},
		{"two that it didn't store", start + "RRULE:FREQ=YEARLY|RRULE:FREQ=MONTHLY", start, start + "RRULE:FREQ=DAILY", start + "RRULE:FREQ=YEARLY|RRULE:FREQ=MONTHLY|RRULE:FREQ=DAILY"},
		{"one of two that it stored", start + "RRULE:FREQ=YEARLY|RRULE:FREQ=MONTHLY", start + "RRULE:FREQ=YEARLY", start + "RRULE:FREQ=DAILY", start + "RRULE:FREQ=DAILY|RRULE:FREQ=MONTHLY"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Events.Incoming(mustItem(t, Events, eventText(c.full)), Events.Shadow(mustItem(t, Events, eventText(c.was))), mustItem(t, Events, eventText(c.now)))
			if err != nil {
				t.Fatal(err)
			}
			if g, w := string(Events.Text(got)), eventText(c.want); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}

// TestIncomingDone: whoever finishes a task on a peer that doesn't store how far it was,
// or takes it up again, doesn't leave one that says both.
func TestIncomingDone(t *testing.T) {
	text := func(lines string) string {
		return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:u\r\n" + crlf(lines) + "END:VTODO\r\nEND:VCALENDAR\r\n"
	}
	for _, c := range []struct{ name, full, was, now, want string }{
		{"finished", "SUMMARY:s|STATUS:IN-PROCESS|PERCENT-COMPLETE:30", "SUMMARY:s", "SUMMARY:s|STATUS:COMPLETED|COMPLETED:20260101T100000Z", "SUMMARY:s|STATUS:COMPLETED|COMPLETED:20260101T100000Z"},
		{"taken up", "SUMMARY:s|STATUS:COMPLETED|PERCENT-COMPLETE:100|COMPLETED:20260101T100000Z", "SUMMARY:s|STATUS:COMPLETED", "SUMMARY:s|STATUS:NEEDS-ACTION", "SUMMARY:s|STATUS:NEEDS-ACTION"},
		{"taken up, by a date that is gone", "SUMMARY:s|STATUS:COMPLETED|COMPLETED:20260101T100000Z", "SUMMARY:s|COMPLETED:20260101T100000Z", "SUMMARY:s|STATUS:IN-PROCESS", "SUMMARY:s|STATUS:IN-PROCESS"},
		{"a mark that is gone says nothing of the others", "SUMMARY:s|STATUS:COMPLETED|COMPLETED:20260101T100000Z", "SUMMARY:s|STATUS:COMPLETED", "SUMMARY:s", "SUMMARY:s|COMPLETED:20260101T100000Z"},
		{"still done", "SUMMARY:s|STATUS:COMPLETED|PERCENT-COMPLETE:100", "SUMMARY:s|STATUS:COMPLETED", "SUMMARY:t|STATUS:COMPLETED", "SUMMARY:t|STATUS:COMPLETED|PERCENT-COMPLETE:100"},
		{"still half done", "SUMMARY:s|STATUS:NEEDS-ACTION|PERCENT-COMPLETE:30|CLASS:PUBLIC", "SUMMARY:s|STATUS:NEEDS-ACTION|CLASS:PUBLIC", "SUMMARY:s|STATUS:IN-PROCESS|CLASS:PRIVATE", "SUMMARY:s|STATUS:IN-PROCESS|PERCENT-COMPLETE:30|CLASS:PRIVATE"},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := Tasks.Shadow(mustItem(t, Tasks, text(c.was)))
			got, err := Tasks.Incoming(mustItem(t, Tasks, text(c.full)), was, mustItem(t, Tasks, text(c.now)))
			if err != nil {
				t.Fatal(err)
			}
			if g, w := string(Tasks.Text(got)), text(c.want); g != w {
				t.Errorf("got\n%s\nwant\n%s", g, w)
			}
		})
	}
}
