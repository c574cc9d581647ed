package pim

import (
	"fmt"
	"testing"

	"cradle/valuebag"
)

// comparingRule is one clause of how two values of a kind compare: as one value that a peer
// wrote in its own way (same), and as one that stands for the same thing (match). What
// matches needn't be the same: it finds an item or a line, and never overwrites one.
type comparingRule struct {
	clause, name, a, b string
	same, match        bool
}

func TestComparingRules(t *testing.T) {
	for _, c := range []comparingRule{
		{"phone: everything but digits and signs goes", "TEL", "+44 (20) 7946-00.01", "+442079460001", true, true},
		{"phone: hyphens by the rules of another country", "TEL", "030 1234567", "030-123-4567", true, true},
		{"phone: 00 is +", "TEL", "0044 20 79460001", "+44 20 79460001", true, true},
		{"phone: * and # mean something", "TEL", "*100#", "100", false, true},
		{"phone: a pause and what follows mean something", "TEL", "+44 20 79460001,12", "+44 20 79460001,13", false, true},
		{"phone: a wait", "TEL", "7946000w1", "7946000", false, true},
		{"phone: a URI", "TEL", "tel:+44-20-79460001", "+442079460001", true, true},
		{"phone: the last nine digits", "TEL", "+49 30 1234567", "030 1234567", false, true},
		{"phone: eight digits are another class of length", "TEL", "301234567", "01234567", false, false},
		{"phone: short ones are whole", "TEL", "110", "0110", false, false},
		{"phone: two digits are none", "TEL", "10", "10 ", true, false},
		{"e-mail: blanks around", "EMAIL", " a@x.org ", "a@x.org", true, true},
		{"e-mail: the domain in any case", "EMAIL", "a@X.Org", "a@x.org", true, true},
		{"e-mail: the rest in any case matches alone", "EMAIL", "A@x.org", "a@x.org", false, true},
		{"e-mail: another", "EMAIL", "a@x.org", "b@x.org", false, false},
		{"name: composed or not", "FN", "A\u0308da", "\u00c4da", true, true},
		{"name: blanks", "FN", " Ada Lovelace ", "Ada Lovelace", true, true},
		{"name: blanks between", "FN", "Ada  Lovelace", "Ada Lovelace", false, true},
		{"name: case", "FN", "ADA", "Ada", false, true},
		{"name: marks", "FN", "Löwe", "Lowe", false, true},
		{"name: folds to two letters", "FN", "Groß", "GROSS", false, true},
		{"name: another letter", "FN", "Ada", "Ida", false, false},
		{"address: line 2 and street", "ADR", ";Flat 2;1 Main St;Town;;;", ";;1 Main St\\, Flat 2;Town;;;", false, true},
		{"address: the parts in one", "ADR", ";;1 Main St;Town;;X1;UK", ";;1 Main St\\nX1 Town UK;;;;", false, true},
		{"address: another number", "ADR", ";;1 Main St;Town;;;", ";;2 Main St;Town;;;", false, false},
		{"text: CRLF is LF", "NOTE", "a\\nb", "a\\Nb", true, true},
		{"text: blank lines behind", "NOTE", "a\\nb\\n\\n", "a\\nb", true, true},
		{"text: a blank line between", "NOTE", "a\\n\\nb", "a\\nb", false, true},
		{"URL: a slash behind", "URL", "http://x.org/", "http://x.org", true, true},
		{"URL: the scheme's own port", "URL", "https://x.org:443/a", "https://x.org/a", true, true},
		{"URL: another port", "URL", "http://x.org:443/a", "http://x.org/a", false, false},
		{"URL: the host in any case", "URL", "HTTP://X.org/a", "http://x.org/a", true, true},
		{"URL: the path as it is written", "URL", "http://x.org/A", "http://x.org/a", false, false},
	} {
		t.Run(c.clause, func(t *testing.T) {
			match := map[string]func(a, b string) bool{
				"TEL":   func(a, b string) bool { return matchPhone(a) != "" && matchPhone(a) == matchPhone(b) },
				"EMAIL": func(a, b string) bool { return matchEmail(a) == matchEmail(b) },
				"FN":    func(a, b string) bool { return matchName(a) == matchName(b) },
				"ADR":   func(a, b string) bool { return matchAddress(a) == matchAddress(b) },
				"NOTE":  sameBlanks, "URL": sameURL,
			}[c.name]
			for _, d := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
				if got := stable(true, c.name, d[0], d[1]); got != c.same {
					t.Errorf("%q and %q the same: %v, want %v", d[0], d[1], got, c.same)
				}
				if got := match(d[0], d[1]); got != c.match {
					t.Errorf("%q and %q match: %v, want %v", d[0], d[1], got, c.match)
				}
			}
		})
	}
}

// side is one side of cards without UIDs.
func side(t *testing.T, cards ...string) (out []*valuebag.Values) {
	t.Helper()
	for _, c := range cards {
		out = append(out, mustNew(t, Contacts, v30(crlf(c))))
	}
	return out
}

// Dates of cards compare as dates, in whichever version they are written.
func TestComparingDates(t *testing.T) {
	card := map[string]func(string) string{"2.1": v21, "3.0": v30, "4.0": v40}
	for _, c := range []struct {
		clause, va, a, vb, b string
		same                 bool
	}{
		{"4.0 without hyphens", "3.0", "BDAY:1815-12-10", "4.0", "BDAY:18151210", true},
		{"a VALUE that says no more", "3.0", "BDAY;VALUE=DATE:1815-12-10", "2.1", "BDAY:1815-12-10", true},
		{"without year: Apple's 1604", "3.0", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", "4.0", "BDAY:--0412", true},
		{"1604 alone is a year", "3.0", "BDAY:1604-04-12", "4.0", "BDAY:--0412", false},
		{"another day", "3.0", "BDAY:1815-12-10", "4.0", "BDAY:18151211", false},
	} {
		a, b := mustNew(t, Contacts, card[c.va](c.a+"\r\n")), mustNew(t, Contacts, card[c.vb](c.b+"\r\n"))
		if got := Contacts.Equal(a, b); got != c.same {
			t.Errorf("%s: equal %v, want %v", c.clause, got, c.same)
		}
	}
	if got := rewriting(true, "BDAY", "1815-12-10T00:00:00Z", "1815-12-10"); got != Day {
		t.Errorf("a date of a date and time: rewritten as %q", got)
	}
}

// Times compare as instants with the names of their zones, days by themselves.
func TestComparingTimes(t *testing.T) {
	const utc, berlinTime = "DTSTART:20260601T080000Z", "DTSTART;TZID=Europe/Berlin:20260601T100000"
	for _, c := range []struct {
		clause, a, b string
		same, match  bool
	}{
		{"the same", berlinTime, berlinTime, true, true},
		{"the instant on another clock", utc, berlinTime, false, true},
		{"another name of the zone", berlinTime, "DTSTART;TZID=W. Europe Standard Time:20260601T100000", false, true},
		{"another instant", utc, "DTSTART:20260601T090000Z", false, false},
		{"a day and its midnight", "DTSTART:20260601T000000Z", "DTSTART;VALUE=DATE:20260601", false, false},
		{"a clock without a zone", "DTSTART:20260601T080000", utc, false, false},
	} {
		a, b := mustItem(t, Events, eventText("SUMMARY:s|"+c.a)), mustItem(t, Events, eventText("SUMMARY:s|"+c.b))
		if got := Events.Equal(a, b); got != c.same {
			t.Errorf("%s: equal %v, want %v", c.clause, got, c.same)
		}
		if got := Events.PairKeys(a)[0] == Events.PairKeys(b)[0]; got != c.match {
			t.Errorf("%s: match %v, want %v: %q, %q", c.clause, got, c.match, Events.PairKeys(a), Events.PairKeys(b))
		}
	}
}

// Items without UID pair by a name and one of phone or e-mail; one of these with a name that
// fits is proposed; all else is new, and two of one side are never one.
func TestComparingPairs(t *testing.T) {
	const ada = "FN:Ada Lovelace|"
	for _, c := range []struct{ clause, a, b, want string }{
		{"name and phone", ada + "TEL:+44 20 79460001", "FN:ÁDA  lovelace|TEL:(020) 7946-0001|EMAIL:other@x", "same name and number true"},
		{"name and e-mail", ada + "EMAIL:Ada@X.org", ada + "EMAIL:ada@x.org|TEL:1234567", "same name and e-mail address true"},
		{"name alone", ada + "TEL:1234567", ada + "TEL:7654321", ""},
		{"phone, a name that fits", ada + "TEL:1234567", "FN:A. Lovelace|TEL:1234567", "same number, names that fit false"},
		{"e-mail, the name the other way", ada + "EMAIL:a@x", "FN:Lovelace\\, Ada|EMAIL:A@x", "same e-mail address, names that fit false"},
		{"phone, a name that doesn't", ada + "TEL:1234567", "FN:Charles Babbage|TEL:1234567", ""},
		{"an address is no key", ada + "ADR:;;1 Main St;;;;", ada + "ADR:;;1 Main St;;;;|NOTE:x", ""},
	} {
		ms := Contacts.Matches(side(t, c.a), side(t, c.b))
		got := ""
		for _, m := range ms {
			got = fmt.Sprint(m.Reason, " ", m.Sure)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.clause, got, c.want)
		}
	}
	one, two := ada+"TEL:1234567|NOTE:1", ada+"TEL:1234567|NOTE:2"
	if ms := Contacts.Matches(side(t, one, two), side(t, ada+"TEL:1234567")); len(ms) != 0 {
		t.Errorf("two of one side with one of the other: %+v", ms)
	}
}

// An import fills what is missing, and an address in another writing isn't.
func TestComparingFill(t *testing.T) {
	dst := cardText("FN:Ada|ADR;TYPE=HOME:;Flat 2;1 Main St;Town;;;|URL:http://x.org/|EMAIL:a@x.org")
	got, err := Contacts.Fill(mustItem(t, Contacts, dst), side(t, "FN:Ada|ADR:;;1 MAIN ST\\, Flat 2;Town;;;|ADR:;;2 Main St;Town;;;|URL:http://X.org:80|EMAIL:A@x.org")[0])
	if want := cardText("FN:Ada|ADR;TYPE=HOME:;Flat 2;1 Main St;Town;;;|ADR:;;2 Main St;Town;;;|URL:http://x.org/|EMAIL:a@x.org"); err != nil || string(Contacts.Text(got)) != want {
		t.Errorf("got\n%s\nwant\n%s%v", Contacts.Text(got), want, err)
	}
}
