package pim

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cradle/valuebag"
)

// fullest are items that fill every Windows key that an item can have.
var fullest = []struct {
	kind *Kind
	text string
}{
	{Contacts, v30("FN:Ada\r\nN:L;A;B;C;D\r\nX-PHONETIC-FIRST-NAME:a\r\nX-PHONETIC-LAST-NAME:l\r\nX-PHONETIC-ORG:o\r\nORG:O\r\nTITLE:T\r\n" +
		"EMAIL;TYPE=HOME:1\r\nEMAIL;TYPE=HOME:2\r\nEMAIL;TYPE=WORK:3\r\nEMAIL;TYPE=WORK:4\r\nEMAIL:5\r\n" +
		"TEL;TYPE=CELL:1\r\nTEL;TYPE=CELL:2\r\nTEL;TYPE=HOME:3\r\nTEL;TYPE=HOME:4\r\nTEL;TYPE=WORK:5\r\nTEL;TYPE=WORK:6\r\nTEL:7\r\n" +
		"TEL;TYPE=FAX:1\r\nTEL;TYPE=FAX,HOME:2\r\nTEL;TYPE=FAX,WORK:3\r\nTEL;TYPE=PAGER:4\r\n" +
		"URL:a\r\nURL;TYPE=HOME:b\r\nURL;TYPE=WORK:c\r\nIMPP:a\r\nIMPP:b\r\nIMPP:c\r\n" +
		"ADR;TYPE=HOME:1;2;3;4;5;6;7\r\nADR;TYPE=WORK:1;2;3;4;5;6;7\r\nADR:1;2;3;4;5;6;7\r\nBDAY:1815-12-10\r\nANNIVERSARY:1835-07-08\r\n" +
		"X-SPOUSE:s\r\na.X-ABRELATEDNAMES:c\r\na.X-ABLabel:_$!<Child>!$_\r\nb.X-ABRELATEDNAMES:x\r\nb.X-ABLabel:_$!<Assistant>!$_\r\nNOTE:n\r\n")},
	{Events, v2("", "CATEGORIES:c\r\nORGANIZER:mailto:o\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nRRULE:FREQ=YEARLY;BYMONTH=1;BYDAY=2TU;COUNT=2\r\nSUMMARY:s\r\nDESCRIPTION:d\r\nLOCATION:l\r\nPRIORITY:1\r\nDTSTART:20260113T100000Z\r\nDTEND:20260113T110000Z\r\n"+
		"ATTENDEE;PARTSTAT=ACCEPTED:mailto:a\r\nATTENDEE;PARTSTAT=TENTATIVE;ROLE=OPT-PARTICIPANT:mailto:b\r\nATTENDEE;PARTSTAT=DECLINED;CUTYPE=ROOM:mailto:c\r\n")},
	{Events, v2("", "DTSTART;TZID=Europe/Berlin:20260101T100000\r\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1\r\nEXDATE:20260201T090000Z\r\n")},
	{Tasks, "BEGIN:VTODO\r\nSUMMARY:s\r\nDESCRIPTION:d\r\nPRIORITY:1\r\nDTSTART:20260101T100000Z\r\nDUE:20260102T100000Z\r\nSTATUS:IN-PROCESS\r\nPERCENT-COMPLETE:40\r\n" +
		"ORGANIZER:mailto:a\r\nBEGIN:VALARM\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VTODO\r\n"},
	{Notes, "BEGIN:VJOURNAL\r\nSUMMARY:s\r\nDESCRIPTION:d\r\nEND:VJOURNAL\r\n"},
}

// docs/bags.md lists every key that a bag can have, and none that it can't.
func TestBagKeysDocumented(t *testing.T) {
	data, err := os.ReadFile("../docs/bags.md")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range regexp.MustCompile(`(?m)^\| (\d+) \| ([a-z, ]+) \| ([a-z]+) \|`).FindAllStringSubmatch(string(data), -1) {
		got = append(got, m[1]+" "+m[2]+" "+m[3])
	}
	var want []string
	for _, k := range []struct {
		key  valuebag.PropertyKey
		name string
	}{{KeyText, "text"}, {KeyKind, "kind"}, {KeyUID, "uid"}, {KeyCollection, "collection"}, {KeySummary, "summary"}} {
		want = append(want, fmt.Sprintf("%d all %s", k.key.PID, k.name))
	}
	for _, k := range []struct {
		kind *Kind
		of   string
	}{{Contacts, "contacts"}, {Events, "events, tasks, notes"}} {
		for _, u := range k.kind.Units()[:len(k.kind.Units())-1] { // the collection has its key above
			want = append(want, fmt.Sprintf("%d %s %s", k.kind.KeyUnit(u).PID, k.of, u))
		}
	}
	for _, k := range []*Kind{Tasks, Notes} {
		if !slices.Equal(k.Units(), Events.Units()) || k.KeyUnit("when") != Events.KeyUnit("when") {
			t.Errorf("%s have keys of their own, which the table doesn't say", k.Name())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("Cradle's keys: the table has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	seen := map[string]bool{}
	for _, f := range fullest {
		item := mustNew(t, f.kind, f.text)
		for key := range f.kind.WPD(item, nil).All() {
			seen[key.Name()] = true
		}
	}
	listed := map[string]bool{}
	for _, n := range regexp.MustCompile(`WPD_[A-Z0-9_]+`).FindAllString(string(data), -1) {
		if listed[n] {
			t.Errorf("%s is listed twice", n)
		}
		listed[n] = true
		if !seen[n] {
			t.Errorf("%s is listed, and no item has it", n)
		}
	}
	for n := range seen {
		if strings.HasPrefix(n, "WPD_") && !listed[n] {
			t.Errorf("%s isn't listed", n)
		}
	}
	for _, k := range ServiceKeys {
		if !strings.Contains(string(data), "`"+k.Name+"`") {
			t.Errorf("%s isn't listed", k.Name)
		}
		if !seen[k.Key.Name()] && k.Key != MessageObjPatternOriginalDateTime { // of changed occurrences
			t.Errorf("no item has %s", k.Name)
		}
	}
	if len(seen) < 90 {
		t.Errorf("only %d keys seen", len(seen))
	}
}
