package pim

import (
	"errors"
	"strings"
	"testing"
)

func TestProperties(t *testing.T) {
	text := calendar("X-WR-CALNAME:Home\\, sweet\r\n"+berlin+
		"BEGIN:VEVENT\r\nUID:a\r\nSUMMARY;LANGUAGE=de:Eins\\, zwei\\nDrei\r\nCATEGORIES:a\\,b,c\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nBEGIN:VALARM\r\nTRIGGER:-PT9M\r\nEND:VALARM\r\nEND:VEVENT\r\n"+
		"BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID;TZID=Europe/Berlin:20260101T100000\r\nBEGIN:VALARM\r\nTRIGGER:-PT1M\r\nEND:VALARM\r\nEND:VEVENT\r\n") +
		""
	var got []string
	for _, p := range Properties([]byte(text)) {
		got = append(got, p.Component+"|"+p.Name+"|"+p.Params+"|"+p.Value)
	}
	want := []string{
		"calendar|VERSION||2.0", "calendar|PRODID||x", "calendar|X-WR-CALNAME||Home, sweet",
		"timezone:Europe/Berlin|TZID||Europe/Berlin",
		"timezone:Europe/Berlin/standard:1|DTSTART||19701025T030000", "timezone:Europe/Berlin/standard:1|TZOFFSETFROM||+0200", "timezone:Europe/Berlin/standard:1|TZOFFSETTO||+0100",
		"|UID||a", "|SUMMARY|LANGUAGE=de|Eins, zwei\nDrei", `|CATEGORIES||a\,b,c`,
		"alarm:1|TRIGGER||-PT5M", "alarm:2|TRIGGER||-PT9M",
		"override:20260101T100000|UID||a", "override:20260101T100000|RECURRENCE-ID|TZID=Europe/Berlin|20260101T100000",
		"override:20260101T100000/alarm:1|TRIGGER||-PT1M",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	card := Properties([]byte(v21("N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=84;b\\;c\r\nitem1.TEL;HOME;PREF:1\r\nPHOTO;ENCODING=BASE64;JPEG:AA\r\n AA\r\n\r\n")))
	for i, w := range []Property{
		{1, "", "", "VERSION", "", "2.1"}, {2, "", "", "N", "", `Ä;b\;c`}, {3, "", "item1", "TEL", "TYPE=HOME;TYPE=PREF", "1"}, {4, "", "", "PHOTO", "ENCODING=BASE64;TYPE=JPEG", "AAAA"},
	} {
		if card[i] != w {
			t.Errorf("row %d: got %+v, want %+v", i, card[i], w)
		}
	}
}

func TestEditProperties(t *testing.T) {
	row := func(component, name, params, value string) Property {
		return Property{Component: component, Name: name, Params: params, Value: value}
	}
	at := func(pos int, p Property) Property { p.Pos = pos; return p }
	insert := func(p Property) PropertyEdit { return PropertyEdit{Op: EditInsert, New: p} }
	update := func(old, p Property) PropertyEdit { return PropertyEdit{Op: EditUpdate, Old: old, New: p} }
	del := func(p Property) PropertyEdit { return PropertyEdit{Op: EditDelete, Old: p} }
	event := "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\nEND:VEVENT\r\n"
	tests := []struct {
		name, in, want string
		edits          []PropertyEdit
		errs           []error
	}{
		{"update", v30("FN:a\r\nTEL;type=HOME:1\r\n"), v30("FN:a\r\nTEL;TYPE=HOME:2\r\n"),
			[]PropertyEdit{update(at(3, row("", "TEL", "TYPE=HOME", "1")), at(3, row("", "TEL", "TYPE=HOME", "2")))}, nil},
		{"text is escaped", v30("FN:a\r\n"), v30("FN:a\r\nNOTE:a\\, b\\;\\nc\r\n"), []PropertyEdit{insert(row("", "NOTE", "", "a, b;\nc"))}, nil},
		{"parts are not", v30("FN:a\r\n"), v30("FN:a\r\nN:a\\;b;c,d\r\n"), []PropertyEdit{insert(row("", "n", "", "a\\;b;c,d"))}, nil},
		{"in the dialect", v21("FN:a\r\n"), v21("FN:a\r\nNOTE;HOME;LANGUAGE=de;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=A4;\r\n"), []PropertyEdit{insert(row("", "NOTE", "TYPE=HOME;LANGUAGE=de", "ä;"))}, nil},
		{"group", v30(""), v30("item1.TEL:1\r\nitem1.X-ABLABEL:x\r\n"), []PropertyEdit{insert(Property{Group: "item1", Name: "TEL", Value: "1"}), insert(Property{Group: "item1", Name: "X-ABLABEL", Value: "x"})}, nil},
		{"delete", v30("FN:a\r\nTEL:1\r\nNOTE:x\r\n"), v30("FN:a\r\nNOTE:x\r\n"), []PropertyEdit{del(Property{Pos: 3})}, nil},
		{"moved row", v30("NOTE:x\r\nTEL:1\r\n"), v30("NOTE:x\r\n"), []PropertyEdit{del(at(2, row("", "TEL", "", "1")))}, nil},
		{"stale", v30("TEL:1\r\n"), v30("TEL:1\r\n"), []PropertyEdit{del(at(2, row("", "TEL", "", "9"))), update(Property{Pos: 7}, row("", "TEL", "", "1"))}, []error{ErrStale, ErrStale}},
		{"in order", v30("TEL:1\r\n"), v30("TEL:3\r\n"), []PropertyEdit{update(Property{Pos: 2}, row("", "TEL", "", "2")), update(at(2, row("", "TEL", "", "2")), row("", "TEL", "", "3")), update(at(2, row("", "TEL", "", "1")), row("", "TEL", "", "9"))}, []error{nil, nil, ErrStale}},
		{"position taken", v30("TEL:1\r\n"), v30("TEL:1\r\nTEL:3\r\n"), []PropertyEdit{insert(at(2, row("", "TEL", "", "2"))), insert(at(9, row("", "TEL", "", "3"))), insert(at(9, row("", "TEL", "", "4")))}, []error{ErrPosTaken, nil, ErrPosTaken}},
		{"bad rows", v30(""), v30(""), []PropertyEdit{insert(row("", "", "", "x")), insert(row("", "A B", "", "x")), insert(row("", "END", "", "VCARD")), insert(row("", "X", "A=\n", "x")), insert(row("", "X", "", "\xff")), {Op: 9}, insert(row("alarm:1", "TRIGGER", "", "x"))},
			[]error{ErrBadRow, ErrBadRow, ErrBadRow, ErrBadRow, ErrBadRow, ErrBadRow, ErrNoPlace}},
		{"version", v30(""), v30(""), []PropertyEdit{del(Property{Pos: 1})}, []error{ErrProtected}},
		{"new alarm", calendar(event), calendar("BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n"),
			[]PropertyEdit{insert(row("alarm:1", "ACTION", "", "DISPLAY")), insert(row("alarm:1", "TRIGGER", "", "-PT5M"))}, nil},
		{"last row of an alarm", calendar("BEGIN:VEVENT\r\nUID:a\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n"), calendar("BEGIN:VEVENT\r\nUID:a\r\nEND:VEVENT\r\n"), []PropertyEdit{del(Property{Pos: 4})}, nil},
		{"new override with alarm", calendar(event), calendar(event + "BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20260101T100000Z\r\nSUMMARY:y\r\nBEGIN:VALARM\r\nTRIGGER:PT0S\r\nEND:VALARM\r\nEND:VEVENT\r\n"),
			[]PropertyEdit{insert(row("override:20260101T100000Z", "SUMMARY", "", "y")), insert(row("override:20260101T100000Z/alarm:1", "TRIGGER", "", "PT0S"))}, nil},
		{"new zone", calendar(event), calendar("BEGIN:VTIMEZONE\r\nTZID:A/B\r\nTZURL:x\r\nEND:VTIMEZONE\r\n" + event), []PropertyEdit{insert(row("timezone:A/B", "TZURL", "", "x"))}, nil},
		{"calendar line of a bare event", event, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:" + ProductID + "\r\nMETHOD:PUBLISH\r\n" + event + "END:VCALENDAR\r\n", []PropertyEdit{insert(row("calendar", "METHOD", "", "PUBLISH"))}, nil},
		{"UID of the series", calendar(event + "BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20260101\r\nEND:VEVENT\r\n"), strings.ReplaceAll(calendar(event+"BEGIN:VEVENT\r\nUID:a\r\nRECURRENCE-ID:20260101\r\nEND:VEVENT\r\n"), "UID:a", "UID:b"),
			[]PropertyEdit{update(at(3, row("", "UID", "", "a")), row("", "UID", "", "b")), update(at(5, row("override:20260101", "UID", "", "a")), row("override:20260101", "UID", "", "b"))}, nil},
		{"move to an alarm", calendar("BEGIN:VEVENT\r\nUID:a\r\nACTION:AUDIO\r\nEND:VEVENT\r\n"), calendar("BEGIN:VEVENT\r\nUID:a\r\nBEGIN:VALARM\r\nACTION:AUDIO\r\nEND:VALARM\r\nEND:VEVENT\r\n"),
			[]PropertyEdit{update(Property{Pos: 4}, row("alarm:1", "ACTION", "", "AUDIO"))}, nil},
		{"behind an open soft break", "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\r\nEND:VCARD\r\n", "BEGIN:VCARD\r\nVERSION:2.1\r\nNOTE;ENCODING=QUOTED-PRINTABLE:a=\r\n\r\nTEL:1\r\nEND:VCARD\r\n", []PropertyEdit{insert(row("", "TEL", "", "1"))}, nil},
		{"before a line that would be a fold", v30("TEL:1\r\n\r\n junk\r\n"), v30("\r\n junk\r\n"), []PropertyEdit{del(Property{Pos: 2})}, nil},
		{"no text", "hello", "hello", []PropertyEdit{insert(row("", "TEL", "", "1"))}, []error{ErrNoCalendar}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, errs := EditProperties([]byte(tt.in), tt.edits)
			if string(got) != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			for i, err := range errs {
				var want error
				if tt.errs != nil {
					want = tt.errs[i]
				}
				if !errors.Is(err, want) {
					t.Errorf("edit %d: %v, want %v", i, err, want)
				}
			}
		})
	}
}
