package pim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cradle/valuebag"
)

// mappingRule is one clause of what a device's properties say of an item, with the smallest
// item that shows it.
type mappingRule struct {
	clause, in string
	want       string // as viewText has the whole view
}

var viewPrefixes = []string{"WPD_CONTACT_", "WPD_COMMON_INFORMATION_", "WPD_APPOINTMENT_", "WPD_TASK_", "MessageObj.", "CalendarObj.", "TaskObj."}

// viewText is a view in short: NAME=value in the order of the keys, without the keys that
// are left out, lists parted by " + ".
func viewText(vs *valuebag.Values, leave ...valuebag.PropertyKey) string {
	var out []string
next:
	for k, v := range vs.All() {
		for _, l := range leave {
			if l == k {
				continue next
			}
		}
		name := WPDName(k)
		for _, p := range viewPrefixes {
			name = strings.TrimPrefix(name, p)
		}
		said := fmt.Sprint(number(vs, k))
		if d, err := v.AsDate(); err == nil {
			said = strings.TrimSuffix(d.Format("20060102T150405"), "T000000")
		} else if list, err := v.AsStrings(); err == nil {
			said = strings.Join(list, " + ")
		}
		out = append(out, name+"="+said)
	}
	return strings.Join(out, " ")
}

// checkMapping looks that a view is just what the clause says, and that an edit of another
// property leaves the item's lines as they are.
func checkMapping(t *testing.T, k *Kind, zone *time.Location, text func(string) string, other WPDEdit, more string, leave []valuebag.PropertyKey, rules []mappingRule) {
	for _, r := range rules {
		t.Run(r.clause, func(t *testing.T) {
			item := mustItem(t, k, text(r.in))
			if got := viewText(k.WPD(item, zone), leave...); got != r.want {
				t.Errorf("got  %s\nwant %s", got, r.want)
			}
			edited, err := k.EditWPD(item, []WPDEdit{other}, editedAt, zone)
			if err != nil {
				t.Fatal(err)
			}
			want := text(lines(r.in, more))
			if i := strings.Index(r.in, "|BEGIN:V"); i >= 0 { // before components
				want = text(r.in[:i] + "|" + more + r.in[i:])
			}
			if got := string(k.Text(edited)); got != want {
				t.Errorf("with another property\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Contacts: vCard and the properties of ContactObj and WPD_CONTACT.
func TestMappingContacts(t *testing.T) {
	name := valuebag.WPDContactDisplayName
	checkMapping(t, Contacts, nil, cardText, WPDEdit{"WPD_CONTACT_PAGER", "0"}, "TEL;TYPE=PAGER:0", []valuebag.PropertyKey{name}, []mappingRule{
		{"N: family, given, additional, prefixes, suffixes", "N:Lovelace;Ada;King,Noel;Countess;III", "FIRST_NAME=Ada MIDDLE_NAMES=King,Noel LAST_NAME=Lovelace PREFIX=Countess SUFFIX=III"},
		{"phonetic names", "X-PHONETIC-FIRST-NAME:f|X-PHONETIC-LAST-NAME:l", "PHONETIC_FIRST_NAME=f PHONETIC_LAST_NAME=l"},
		{"SORT-AS is no phonetic name", "FN:A|SORT-STRING:x|N;SORT-AS=\"l,a\":L;A;;;", "FIRST_NAME=A LAST_NAME=L"},
		{"EMAIL: preferred", "EMAIL;TYPE=HOME:h@x|EMAIL;TYPE=WORK,PREF:w@x", "PRIMARY_EMAIL_ADDRESS=w@x PERSONAL_EMAIL=h@x BUSINESS_EMAIL=w@x"},
		{"EMAIL: home and work, two each, and further", "EMAIL;TYPE=HOME:1@x|EMAIL;TYPE=HOME:2@x|EMAIL;TYPE=HOME:3@x|EMAIL;TYPE=WORK:4@x|EMAIL;TYPE=WORK:5@x|EMAIL;TYPE=WORK:6@x|EMAIL:7@x",
			"PRIMARY_EMAIL_ADDRESS=1@x PERSONAL_EMAIL=1@x PERSONAL_EMAIL2=2@x BUSINESS_EMAIL=4@x BUSINESS_EMAIL2=5@x OTHER_EMAILS=3@x + 6@x + 7@x"},
		{"TEL: preferred", "TEL;TYPE=CELL:1|TEL;TYPE=PREF:2", "PRIMARY_PHONE=2 MOBILE_PHONE=1 OTHER_PHONES=2"},
		{"TEL: home, work and cell, two each, and further", "TEL;TYPE=HOME:1|TEL;TYPE=HOME:2|TEL;TYPE=HOME:3|TEL;TYPE=WORK:4|TEL;TYPE=WORK:5|TEL;TYPE=WORK:6|TEL;TYPE=CELL:7|TEL;TYPE=CELL:8|TEL;TYPE=CELL:9|TEL:0",
			"PRIMARY_PHONE=1 PERSONAL_PHONE=1 PERSONAL_PHONE2=2 BUSINESS_PHONE=4 BUSINESS_PHONE2=5 MOBILE_PHONE=7 MOBILE_PHONE2=8 OTHER_PHONES=9 + 3 + 6 + 0"},
		{"TEL: a cell phone at work is one", "TEL;TYPE=WORK,CELL:1", "PRIMARY_PHONE=1 MOBILE_PHONE=1"},
		{"TEL: fax, at home, at work", "TEL;TYPE=FAX:1|TEL;TYPE=HOME,FAX:2|TEL;TYPE=WORK,FAX:3", "PERSONAL_FAX=2 BUSINESS_FAX=3 PRIMARY_FAX=1"},
		{"URL: preferred, home, work", "URL:a|URL;TYPE=HOME:b|URL;TYPE=WORK:c", "PRIMARY_WEB_ADDRESS=a PERSONAL_WEB_ADDRESS=b BUSINESS_WEB_ADDRESS=c"},
		{"URL: a home page", "i.URL:a|i.X-ABLabel:_$!<HomePage>!$_", "PRIMARY_WEB_ADDRESS=a PERSONAL_WEB_ADDRESS=a"},
		{"IMPP: three", "IMPP:xmpp:a|IMPP:xmpp:b|IMPP;PREF=1:xmpp:c|IMPP:xmpp:d", "INSTANT_MESSENGER=xmpp:c INSTANT_MESSENGER2=xmpp:a INSTANT_MESSENGER3=xmpp:b"},
		{"ADR home: whole, street, extended, locality, region, code, country", "ADR;TYPE=HOME:box;ext;street;town;region;code;land",
			"PERSONAL_FULL_POSTAL_ADDRESS=box, ext, street, town, region, code, land PERSONAL_POSTAL_ADDRESS_LINE1=street PERSONAL_POSTAL_ADDRESS_LINE2=ext PERSONAL_POSTAL_ADDRESS_CITY=town PERSONAL_POSTAL_ADDRESS_REGION=region PERSONAL_POSTAL_ADDRESS_POSTAL_CODE=code PERSONAL_POSTAL_ADDRESS_COUNTRY=land"},
		{"ADR work", "ADR;TYPE=WORK:;;street\\, 2;;;;", "BUSINESS_FULL_POSTAL_ADDRESS=street, 2 BUSINESS_POSTAL_ADDRESS_LINE1=street, 2"},
		{"ADR: the first without home or work", "ADR;TYPE=HOME:;;h;;;;|ADR;TYPE=DOM:;;a;;;;|ADR:;;b;;;;", "PERSONAL_FULL_POSTAL_ADDRESS=h PERSONAL_POSTAL_ADDRESS_LINE1=h OTHER_FULL_POSTAL_ADDRESS=a OTHER_POSTAL_ADDRESS_LINE1=a"},
		{"ORG: its first part", "ORG:Engines\\; Ltd;Research|X-PHONETIC-ORG:e", "COMPANY_NAME=Engines; Ltd PHONETIC_COMPANY_NAME=e"},
		{"TITLE", "ROLE:r|TITLE:t|TITLE:u", "ROLE=t"},
		{"ROLE, without a TITLE", "ROLE:r|ROLE:s", "ROLE=r"},
		{"BDAY", "BDAY:1815-12-10T00:00:00Z", "BIRTHDATE=18151210"},
		{"ANNIVERSARY", "ANNIVERSARY:18350708", "ANNIVERSARY_DATE=18350708"},
		{"X-EVOLUTION-ANNIVERSARY", "X-EVOLUTION-ANNIVERSARY:1835-07-08", "ANNIVERSARY_DATE=18350708"},
		{"X-ABDATE labelled Anniversary", "a.X-ABDATE:1815-12-10|a.X-ABLabel:Met|i.X-ABDATE:1835-07-08|i.X-ABLabel:_$!<Anniversary>!$_", "ANNIVERSARY_DATE=18350708"},
		{"RELATED spouse and child", "RELATED;TYPE=spouse;VALUE=text:s|RELATED;TYPE=child;VALUE=text:c|RELATED;TYPE=child;VALUE=text:d|RELATED;TYPE=friend;VALUE=text:f", "SPOUSE=s CHILDREN=c + d"},
		{"X-SPOUSE", "X-SPOUSE:s", "SPOUSE=s"},
		{"X-ABRELATEDNAMES", "a.X-ABRELATEDNAMES:s|a.X-ABLabel:_$!<Spouse>!$_|b.X-ABRELATEDNAMES:c|b.X-ABLabel:_$!<Child>!$_|c.X-ABRELATEDNAMES:a|c.X-ABLabel:_$!<Assistant>!$_|d.X-ABRELATEDNAMES:m|d.X-ABLabel:_$!<Mother>!$_",
			"SPOUSE=s CHILDREN=c ASSISTANT=a"},
		{"NOTE", "NOTE:a\\nb\\, c", "NOTES=a\nb, c"},
		{"PHOTO is a resource, CATEGORIES are groups, REV is the device's own", "PHOTO;ENCODING=b:AAAA|CATEGORIES:a,b|REV:20260101T000000Z", ""},
		{"a ringtone", "X-RINGTONE:r.mp3", ""},
		{"not representable: labels of one's own", "i.TEL:1|i.X-ABLabel:Castle|TEL;TYPE=X-Boat:2", "PRIMARY_PHONE=1 OTHER_PHONES=1 + 2"},
		{"not representable: the order of preference but for the first", "TEL;PREF=3:1|TEL;PREF=1:2|TEL;PREF=2:3", "PRIMARY_PHONE=2 OTHER_PHONES=2 + 3 + 1"},
		{"not representable: nickname, gender, language, zone, place, keys, members, relations, calendars", "NICKNAME:n|GENDER:F|LANG:en|TZ:+01|GEO:1;2|KEY:k|SOUND:s|LOGO:l|MEMBER:urn:m|RELATED;TYPE=friend:urn:f|CALURI:c|FBURL:f|X-A:1", ""},
		{"not representable: a birthday without a year", "BDAY:--0412", ""},
		{"not representable: Apple's birthday of 1604", "BDAY;X-APPLE-OMIT-YEAR=1604:1604-04-12", ""},
		{"not representable: a value in another language", "ORG;ALTID=1;LANGUAGE=en:a|ORG;ALTID=1;LANGUAGE=de:b", "COMPANY_NAME=a"},
	})
	for _, c := range []struct{ name, in, want string }{
		{"FN", "FN:Ada\\, L|N:x;y;;;", "Ada, L"}, {"without FN: N", "N:Lovelace;Ada;K;Countess;III", "Countess Ada K Lovelace III"},
		{"without a name: ORG", "ORG:Engines;Research", "Engines, Research"}, {"without a name: EMAIL", "EMAIL:a@x", "a@x"},
	} {
		if got := wpdText(Contacts.WPD(mustItem(t, Contacts, cardText(c.in)), nil), name); got != c.want {
			t.Errorf("%s: display name %q, want %q", c.name, got, c.want)
		}
	}
}

// The rule of slots: what the device held says which line an edit means, also where the
// item's lines are others by now.
func TestMappingSlots(t *testing.T) {
	home, home2, others := valuebag.WPDContactPersonalPhone, valuebag.WPDContactPersonalPhone2, valuebag.WPDContactOtherPhones
	for _, c := range []struct {
		name, sent, in, want string
		edit                 func(*valuebag.Values)
	}{
		{"preferred first, then in order", "TEL;TYPE=HOME:1|TEL;TYPE=HOME;PREF=1:2", "TEL;TYPE=HOME:1|TEL;TYPE=HOME;PREF=1:2", "TEL;TYPE=HOME:1|TEL;TYPE=HOME,PREF:22", says(home, "22")},
		{"a number came in before", "TEL;TYPE=HOME:1", "TEL;TYPE=HOME:0|TEL;TYPE=HOME;X-P=1:1", "TEL;TYPE=HOME:0|TEL;TYPE=HOME;X-P=1:11", says(home, "11")},
		{"the number before is gone", "TEL;TYPE=HOME:1|TEL;TYPE=HOME:2", "TEL;TYPE=HOME:2", "TEL;TYPE=HOME:22", says(home2, "22")},
		{"the edited one is gone: it is there again", "TEL;TYPE=HOME:1|TEL;TYPE=HOME:2", "TEL;TYPE=HOME:2", "TEL;TYPE=HOME:2|TEL;TYPE=HOME:11", says(home, "11")},
		{"the deleted one is gone anyway", "TEL;TYPE=HOME:1|TEL;TYPE=HOME:2", "TEL;TYPE=HOME:2", "TEL;TYPE=HOME:2", says(home, "")},
		{"a new one beside a line that the device never had", "FN:A", "FN:A|TEL;TYPE=HOME:1", "FN:A|TEL;TYPE=HOME:1|TEL;TYPE=HOME:5", says(home, "5")},
		{"a number in the device's own writing", "TEL;TYPE=HOME:+44 20 7946 0001", "TEL;TYPE=HOME:1|TEL;TYPE=HOME:(020) 7946-0001", "TEL;TYPE=HOME:1|TEL;TYPE=HOME:9", says(home, "9")},
		{"one of the others has a slot by now", "TEL;TYPE=HOME:1|TEL;TYPE=HOME:2|TEL;TYPE=HOME:3", "TEL;TYPE=HOME:2|TEL;TYPE=HOME:3", "TEL;TYPE=HOME:2|TEL;TYPE=HOME:33", says(others, []string{"33"})},
		{"one of the others is gone: an edit is there again", "TEL:1|TEL:2", "TEL:2", "TEL:2|TEL:11", says(others, []string{"11", "2"})},
		{"the copy of a line that is elsewhere by now", "TEL;TYPE=HOME:1", "TEL;TYPE=HOME:0|TEL;TYPE=HOME:1", "TEL;TYPE=HOME:0|TEL;TYPE=HOME:11", says(valuebag.WPDContactPrimaryPhone, "11")},
	} {
		t.Run(c.name, func(t *testing.T) {
			was := Contacts.WPD(mustItem(t, Contacts, cardText(c.sent)), nil)
			now := was.Clone()
			c.edit(now)
			got, err := Contacts.FromWPD(mustItem(t, Contacts, cardText(c.in)), was, now, editedAt, nil)
			if err != nil || string(Contacts.Text(got)) != cardText(c.want) {
				t.Errorf("got\n%s\nwant\n%s%v", Contacts.Text(got), cardText(c.want), err)
			}
		})
	}
}

// FN is made anew where it was made of N.
func TestMappingDisplayName(t *testing.T) {
	checkDeviceEdits(t, Contacts, nil, cardText, []deviceEdit{
		{"made of N", "FN:Ada Byron|N:Byron;Ada;;;", "FN:Ada King|N:King;Ada;;;", says(valuebag.WPDContactLastName, "King")},
		{"made of N, the other way", "FN;X-P=1:Byron\\, Ada|N:Byron;Ada;;;", "FN;X-P=1:King\\, Ada|N:King;Ada;;;", says(valuebag.WPDContactLastName, "King")},
		{"with all parts", "FN:Dr. Ada A. Byron III|N:Byron;Ada;A.;Dr.;III", "FN:Dr. Ada B. Byron III|N:Byron;Ada;B.;Dr.;III", says(valuebag.WPDContactMiddleNames, "B.")},
		{"of its own", "FN:The Enchantress|N:Byron;Ada;;;", "FN:The Enchantress|N:King;Ada;;;", says(valuebag.WPDContactLastName, "King")},
		{"of its own by now", "FN:Ada Byron|N:Byron;Ada;;;", "FN:A. King|N:King;Ada;;;", says(valuebag.WPDContactLastName, "King", valuebag.WPDContactDisplayName, "A. King")},
	})
}
