package pim

import (
	"bytes"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"cradle/valuebag"

	"pgregory.net/rapid"
)

// word draws a value that every escape and encoding has to cope with.
func word() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "a", "Ada", "x;y", "x,y", `back\slash`, `\`, `a\;b`, `ends\`, "two\nlines", "Äpfel", "日本", " lead", "trail ", "=3D", "a:b", "\"q\"", "END:VCARD", "BEGIN:VCARD", "tab\there", "^n", strings.Repeat("long ", 30), strings.Repeat("ö", 60)}),
		rapid.StringOf(rapid.SampledFrom([]rune(`ab ;,:\=n"äB`))),
	)
}

func esc(s string) string { return escapeText(s) }

// cardLine draws a line of a modern card.
func cardLine(t *rapid.T, d Dialect) string {
	w := word()
	types := rapid.SampledFrom([]string{"", ";TYPE=HOME", ";TYPE=WORK,VOICE", ";TYPE=cell;TYPE=pref", ";TYPE=X-My-Label", ";LANGUAGE=de", `;X-P="a;b,c"`}).Draw(t, "params")
	group := rapid.SampledFrom([]string{"", "", "", "item1.", "item2."}).Draw(t, "group")
	switch rapid.IntRange(0, 13).Draw(t, "line") {
	case 0:
		return group + "TEL" + types + ":" + esc(w.Draw(t, "v"))
	case 1:
		return group + "EMAIL" + types + ":" + esc(w.Draw(t, "v"))
	case 2:
		return "FN" + ":" + esc(w.Draw(t, "v"))
	case 3:
		return "N:" + esc(w.Draw(t, "f")) + ";" + esc(w.Draw(t, "g")) + ";" + esc(w.Draw(t, "m"))
	case 4:
		return group + "ADR" + types + ":;;" + esc(w.Draw(t, "s")) + ";" + esc(w.Draw(t, "c")) + ";;;"
	case 5:
		return "ORG:" + esc(w.Draw(t, "o")) + ";" + esc(w.Draw(t, "u"))
	case 6:
		return "NOTE" + ":" + esc(w.Draw(t, "v"))
	case 7:
		return "CATEGORIES:" + esc(w.Draw(t, "a")) + "," + esc(w.Draw(t, "b"))
	case 8:
		return group + "X-ABLabel:" + esc(w.Draw(t, "v"))
	case 9:
		if d == VCard40 {
			return "PHOTO:data:image/jpeg;base64,/9j/4AAQSkZJRgAB"
		}
		return "PHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgAB"
	case 10:
		return group + "URL:http://example.org/" + rapid.SampledFrom([]string{"a", "b;c", "d,e", `x\y`}).Draw(t, "u")
	case 11:
		return "X-THING" + types + ":" + esc(w.Draw(t, "v")) + ";" + esc(w.Draw(t, "v2"))
	case 12:
		return "BDAY:1815-12-10"
	default:
		return "NICKNAME:" + esc(w.Draw(t, "a")) + "," + esc(w.Draw(t, "b"))
	}
}

// drawCard draws a card in any dialect and line end.
func drawCard(t *rapid.T) *valuebag.Values {
	d := rapid.SampledFrom([]Dialect{VCard21, VCard30, VCard40}).Draw(t, "dialect")
	eol := rapid.SampledFrom([]string{"\r\n", "\n", "\r"}).Draw(t, "eol")
	src := VCard30
	if d == VCard40 {
		src = VCard40
	}
	var lines []string
	for range rapid.IntRange(0, 8).Draw(t, "n") {
		lines = append(lines, cardLine(t, src))
	}
	uid := rapid.SampledFrom([]string{"", "u1", "u2"}).Draw(t, "uid")
	b := []byte("BEGIN:VCARD" + eol + "VERSION:" + map[Dialect]string{VCard21: "2.1", VCard30: "3.0", VCard40: "4.0"}[d] + eol)
	if uid != "" {
		b = append(b, "UID:"+uid+eol...)
	}
	for _, l := range lines {
		if d == VCard21 {
			p := parser{t: &Text{}}
			var ln Line
			if !p.head(l, &ln) {
				t.Fatalf("generator made %q", l)
			}
			m := modernise(&ln, VCard30)
			b = appendLine(b, &m, VCard21, eol)
			continue
		}
		b = appendFolded(b, l, eol)
	}
	b = append(b, "END:VCARD"+eol...)
	item, err := Contacts.New(b, rapid.SampledFrom([]string{"personal", "work"}).Draw(t, "collection"))
	if err != nil {
		t.Fatalf("New(%q): %v", b, err)
	}
	return item
}

const berlin = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
const berlin2 = "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"

// drawEvent draws an event with wrapper or without, zones, alarms, overrides.
func drawEvent(t *rapid.T) *valuebag.Values {
	w := word()
	var b strings.Builder
	pick := func(label string, xs ...string) string { return rapid.SampledFrom(xs).Draw(t, label) }
	old := rapid.IntRange(0, 4).Draw(t, "old") == 0
	uid := "e1"
	bare := !old && rapid.IntRange(0, 4).Draw(t, "bare") == 0
	if !bare {
		b.WriteString("BEGIN:VCALENDAR\r\nVERSION:" + map[bool]string{true: "1.0", false: "2.0"}[old] + "\r\nPRODID:x\r\n")
		b.WriteString(pick("wrapper", "", "METHOD:PUBLISH\r\n", "X-WR-CALNAME:Home\r\n", "TZ:+01\r\n", "TZ:+01:00\r\nDAYLIGHT:TRUE;+02:00;20260329T020000;20261025T030000;CET;CEST\r\n"))
		b.WriteString(pick("zone", "", berlin, berlin2))
	}
	line := func(s string) string {
		if !old {
			return string(appendFolded(nil, s, "\r\n"))
		}
		p := parser{t: &Text{}}
		var ln Line
		if !p.head(s, &ln) {
			t.Fatalf("generator made %q", s)
		}
		m := modernise(&ln, ICalendar2)
		return string(appendLine(nil, &m, VCalendar1, "\r\n"))
	}
	when := func(label string) string {
		return pick(label, "DTSTART:20260101T100000Z", "DTSTART;TZID=Europe/Berlin:20260101T100000", "DTSTART;VALUE=DATE:20260101", "DTSTART:20260101T100000")
	}
	alarm := func(label string) string {
		return pick(label, "", "", "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nUID:al1\r\nEND:VALARM\r\n", "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n")
	}
	master := rapid.IntRange(0, 5).Draw(t, "master") > 0
	overrides := rapid.IntRange(0, 2).Draw(t, "overrides")
	if bare {
		overrides = 0
	}
	if overrides == 0 {
		master = true
	}
	if master {
		b.WriteString("BEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTAMP:20260101T000000Z\r\n")
		if rapid.Bool().Draw(t, "dtstart") {
			b.WriteString(line(when("start")))
		}
		b.WriteString(pick("end", "", "", line("DTEND;TZID=America/New_York:20260101T110000"), line("DURATION:PT90M"), line("DURATION:P1D"), line("DTEND:20260101T110000Z")))
		b.WriteString(pick("except", "", "", line("EXDATE;TZID=Asia/Kolkata:20260103T100000,20260104T100000")))
		if rapid.Bool().Draw(t, "rrule") {
			b.WriteString(line(pick("rule", "RRULE:FREQ=DAILY;COUNT=10", "RRULE:FREQ=WEEKLY;BYDAY=MO,WE", "RRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=12", "EXDATE:20260103T100000Z,20260104T100000Z")))
		}
		for range rapid.IntRange(0, 5).Draw(t, "lines") {
			b.WriteString(line(pick("name", "SUMMARY", "DESCRIPTION", "LOCATION", "CATEGORIES", "COMMENT", "X-FOO", "RESOURCES") + ":" + esc(w.Draw(t, "v"))))
		}
		b.WriteString(line(pick("state", "STATUS:CONFIRMED", "STATUS:NEEDS-ACTION", "TRANSP:OPAQUE", "CLASS:PRIVATE")))
		b.WriteString(pick("people", "", line("ATTENDEE;CN=\"Ada, A\";PARTSTAT=ACCEPTED:mailto:ada@example.org"), line("ORGANIZER:mailto:bob@example.org")))
		b.WriteString(line(pick("old alarm", "X-NONE:1", "X-NONE:1", "DALARM:20260101T094500;PT5M;2;Go", "AALARM:20260101T094500;;;", "PALARM:20260101T094500Z;;;a:b", "MALARM:20260101T094500;;;a@example.org;x")))
		b.WriteString(alarm("alarm1"))
		b.WriteString(alarm("alarm2"))
		b.WriteString("END:VEVENT\r\n")
	}
	for i := range overrides {
		b.WriteString("BEGIN:VEVENT\r\nUID:" + uid + "\r\n" + fmt.Sprintf("RECURRENCE-ID:2026010%dT100000Z\r\n", i+1) +
			line(when("ostart")) + pick("oend", "", line("DURATION:PT30M"), line("DTEND;TZID=Asia/Kolkata:20260101T230000")) +
			line("SUMMARY:"+esc(w.Draw(t, "osum"))) + pick("old oalarm", "", line("DALARM:20260101T094500;;;Go")) + alarm("oalarm") + "END:VEVENT\r\n")
	}
	if !bare {
		b.WriteString(pick("other", "", "", "BEGIN:VFREEBUSY\r\nUID:f\r\nEND:VFREEBUSY\r\n"))
		b.WriteString("END:VCALENDAR\r\n")
	}
	text := b.String()
	if rapid.Bool().Draw(t, "lf") {
		text = strings.ReplaceAll(text, "\r\n", "\n")
	}
	item, err := Events.New([]byte(text), "personal")
	if err != nil {
		t.Fatalf("New(%q): %v", text, err)
	}
	return item
}

func drawItem(t *rapid.T, k *Kind) *valuebag.Values {
	item := drawEvent
	if k == Contacts {
		item = drawCard
	}
	drawn := item(t)
	if rapid.IntRange(0, 5).Draw(t, "converted") > 0 {
		return drawn
	}
	to := rapid.SampledFrom(k.dialectsOf()).Draw(t, "to")
	other, err := k.Convert(drawn, to)
	if err != nil {
		t.Fatalf("to %s: %v\n%q", to, err, k.Text(drawn))
	}
	return other
}

func differing(k *Kind, a, b *valuebag.Values) string {
	var out []string
	for _, u := range k.Units() {
		if x, y := k.unitStrings(a, u), k.unitStrings(b, u); !slices.Equal(x, y) {
			out = append(out, fmt.Sprintf("%s:\n  %q\n  %q", u, x, y))
		}
	}
	return strings.Join(out, "\n")
}

func forKinds(t *testing.T, law func(t *rapid.T, k *Kind)) {
	for _, k := range []*Kind{Contacts, Events} {
		t.Run(k.Name(), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { law(t, k) })
		})
	}
}

// Replacing all units makes the items equal, and the result is a fixpoint.
func TestLawReplaceAll(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		dst, src := drawItem(t, k), drawItem(t, k)
		got, err := k.Replace(dst, src, k.Units())
		if err != nil {
			t.Fatalf("Replace: %v\ndst %q\nsrc %q", err, k.Text(dst), k.Text(src))
		}
		if !k.Equal(got, src) {
			t.Fatalf("not equal\ndst %q\nsrc %q\ngot %q\n%s", k.Text(dst), k.Text(src), k.Text(got), differing(k, got, src))
		}
		if k.UID(got) != k.UID(dst) {
			t.Fatalf("UID %q became %q", k.UID(dst), k.UID(got))
		}
		again, err := k.Replace(got, src, k.Units())
		if err != nil || !bytes.Equal(k.Text(again), k.Text(got)) {
			t.Fatalf("second Replace changed the text: %v", err)
		}
		fresh, err := k.New(k.Text(got), k.Collection(got))
		if err != nil || !fresh.Equal(got) {
			t.Fatalf("the bag isn't that of its text: %v", err)
		}
	})
}

// Replacing some units changes these and no others; lines outside stay.
func TestLawReplaceSome(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		dst, src := drawItem(t, k), drawItem(t, k)
		var units []string
		for _, u := range k.Units() {
			if rapid.Bool().Draw(t, u) {
				units = append(units, u)
			}
		}
		got, err := k.Replace(dst, src, units)
		if err != nil {
			t.Fatalf("Replace: %v", err)
		}
		for _, u := range k.Units() {
			want, from := dst, "dst"
			if slices.Contains(units, u) {
				want, from = src, "src"
			}
			if g, w := k.Digest(got, u), k.Digest(want, u); g != w {
				t.Fatalf("units %v: unit %s is not %s's\n%q\n%q\ndst %q\nsrc %q\ngot %q", units, u, from, k.unitStrings(got, u), k.unitStrings(want, u), k.Text(dst), k.Text(src), k.Text(got))
			}
		}
	})
}

// Digest, elements and normal forms agree on what is the same.
func TestLawDigest(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		a, b := drawItem(t, k), drawItem(t, k)
		same := true
		for _, u := range k.Units() {
			eq := slices.Equal(k.unitStrings(a, u), k.unitStrings(b, u))
			same = same && (eq || u == "collection")
			if (k.Digest(a, u) == k.Digest(b, u)) != eq {
				t.Fatalf("unit %s: digests equal %v, contents equal %v", u, !eq, eq)
			}
			if empty := len(k.unitStrings(a, u)) == 0; empty != (k.Digest(a, u) == [16]byte{}) {
				t.Fatalf("unit %s: empty %v but digest %x", u, empty, k.Digest(a, u))
			}
			if k.IsList(u) {
				ea := k.Elements(a, u)
				if len(ea) != len(k.unitStrings(a, u)) || len(slices.Compact(slices.Clone(ea))) != len(ea) {
					t.Fatalf("unit %s: elements %x of %q", u, ea, k.unitStrings(a, u))
				}
				if slices.Equal(ea, k.Elements(b, u)) != eq {
					t.Fatalf("unit %s: elements disagree with contents", u)
				}
			}
		}
		if (k.ContentDigest(a) == k.ContentDigest(b)) != same {
			t.Fatalf("content digest disagrees, same %v", same)
		}
	})
}

// The order of lines counts for nothing.
func TestLawOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := drawCard(t)
		p := parse(string(Contacts.Text(a)))
		lines := slices.Clone(p.Lines)
		rand.New(rand.NewSource(int64(rapid.IntRange(0, 1<<30).Draw(t, "seed")))).Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		b := []byte(p.Source[:p.Components[1].BodyStart])
		for i := range lines {
			b = append(b, p.Raw(&lines[i])...)
		}
		b = append(b, p.Source[p.Components[1].BodyEnd:]...)
		got, err := Contacts.New(b, Contacts.Collection(a))
		if err != nil {
			t.Fatal(err)
		}
		if !Contacts.Equal(a, got) {
			t.Fatalf("order counts:\n%q\n%q\n%s", Contacts.Text(a), b, differing(Contacts, a, got))
		}
	})
}

// A merged list holds exactly what was to be kept.
func TestLawMergeList(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		dst, src := drawItem(t, k), drawItem(t, k)
		for _, u := range k.Units() {
			if !k.IsList(u) {
				continue
			}
			same, err := k.MergeList(dst, src, u, k.Elements(dst, u))
			if err != nil || !bytes.Equal(k.Text(same), k.Text(dst)) {
				t.Fatalf("%s: keeping dst's elements changed it (%v)", u, err)
			}
			union := append(slices.Clone(k.Elements(dst, u)), k.Elements(src, u)...)
			slices.SortFunc(union, func(a, b [8]byte) int { return bytes.Compare(a[:], b[:]) })
			union = slices.Compact(union)
			// Without copies any subset is exact; the k-th copy needs the ones before it.
			single := func(e [8]byte) bool {
				for _, item := range []*valuebag.Values{dst, src} {
					ss := k.unitStrings(item, u)
					for i := range ss {
						if i > 0 && ss[i] == ss[i-1] {
							return false
						}
					}
				}
				return true
			}
			var keep [][8]byte
			for i, e := range union {
				if !single(e) || rapid.Bool().Draw(t, fmt.Sprint(u, i)) {
					keep = append(keep, e)
				}
			}
			got, err := k.MergeList(dst, src, u, keep)
			if err != nil {
				t.Fatalf("%s: %v", u, err)
			}
			if !slices.Equal(k.Elements(got, u), keep) {
				t.Fatalf("%s: elements %x, want %x\ndst %q\nsrc %q\ngot %q", u, k.Elements(got, u), keep, k.Text(dst), k.Text(src), k.Text(got))
			}
			for _, o := range k.Units() {
				if o != u && k.Digest(got, o) != k.Digest(dst, o) {
					t.Fatalf("merging %s changed %s\ndst %q\nsrc %q\ngot %q\n%s", u, o, k.Text(dst), k.Text(src), k.Text(got), differing(k, dst, got))
				}
			}
		}
	})
}

// A unit's text sets the unit again, also in another item.
func TestLawUnitText(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		a, b := drawItem(t, k), drawItem(t, k)
		for _, u := range k.Units() {
			got, err := k.WithUnit(b, u, k.UnitText(a, u))
			if err != nil {
				t.Fatalf("%s: %v\n%q", u, err, k.UnitText(a, u))
			}
			if k.Digest(got, u) != k.Digest(a, u) {
				t.Fatalf("%s: %q\nbecame %q\nby %q", u, k.unitStrings(a, u), k.unitStrings(got, u), k.UnitText(a, u))
			}
		}
	})
}

// A bag survives its binary form.
func TestLawBinary(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		a := drawItem(t, k)
		b, err := a.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back valuebag.Values
		if err := back.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		if !k.Equal(a, &back) || k.UID(a) != k.UID(&back) || !bytes.Equal(k.Text(a), k.Text(&back)) || k.ContentDigest(a) != k.ContentDigest(&back) {
			t.Fatal("the bag came back different")
		}
	})
}

// Deleting every row and inserting it again gives an equal item; so does
// updating each to itself, which changes no byte.
func TestLawRows(t *testing.T) {
	forKinds(t, func(t *rapid.T, k *Kind) {
		a := drawItem(t, k)
		text := k.Text(a)
		var same, del []PropertyEdit
		for _, p := range Properties(text) {
			same = append(same, PropertyEdit{Op: EditUpdate, Old: p, New: p})
			if p.Name == "VERSION" {
				continue
			}
			if strings.HasPrefix(p.Component, "calendar/") || strings.Contains(p.Component, "override:") || strings.HasPrefix(p.Component, "timezone:") {
				continue
			}
			n := p
			n.Pos = 0
			del = append(del, PropertyEdit{Op: EditInsert, New: n}, PropertyEdit{Op: EditDelete, Old: p})
		}
		got, errs := EditProperties(text, same)
		for i, err := range errs {
			if err != nil && same[i].Old.Name != "VERSION" {
				t.Fatalf("updating %+v to itself: %v", same[i].Old, err)
			}
		}
		if !bytes.Equal(got, text) {
			t.Fatalf("updates to itself changed\n%q\n%q", text, got)
		}
		got, errs = EditProperties(text, del)
		for i, err := range errs {
			if err != nil {
				t.Fatalf("%+v: %v", del[i], err)
			}
		}
		b, err := k.New(got, k.Collection(a))
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if !k.Equal(a, b) {
			t.Fatalf("rows out and in:\n%q\n%q\n%s", text, got, differing(k, a, b))
		}
	})
}
