package hwtest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Storage is what a lossy phone stores of a card or a calendar: a capability set. It is
// the phone's own program that takes the text apart and writes what it keeps in its own
// way; it shares no code with Cradle's.
type Storage struct {
	fields []fieldRule
	only   bool // names that no rule has are dropped
	flags  map[string]bool
}

// fieldRule is what becomes of the lines of one name.
type fieldRule struct {
	name    string // upper case; one that ends in * stands for all that begin so
	drop    bool
	count   int // so many at most; 0 all
	max     int // so many characters at most; 0 all
	rewrite bool
}

// DefaultStorage is what a phone of kind Lossy stores.
const DefaultStorage = "FN,N,ORG,TITLE,TEL:3~,EMAIL:2,ADR:1,URL:1,BDAY,NOTE/80,PHOTO~," +
	"SUMMARY,DTSTART,DTEND,DUE,DURATION,RRULE,EXDATE,LOCATION,DESCRIPTION/120,STATUS,COMPLETED,PERCENT-COMPLETE,PRIORITY,VALARM:1,ACTION,TRIGGER,TZID,TZOFFSETFROM,TZOFFSETTO," +
	"BODY,+stamp,+order,+fold,+nolabels"

// storageFlags are the words behind a +.
var storageFlags = []string{"stamp", "order", "fold", "nolabels", "slots"}

// ParseStorage reads a capability set: words separated by commas.
//
//	NAME      the phone stores these lines, and none of a name that no word has
//	-NAME     it doesn't store them
//	X-*       all names that begin so; any of these words may stand for several
//	NAME:2    two of them at most
//	NAME/100  100 characters of the value at most
//	NAME~     in its own way: telephone numbers with hyphens, photos smaller;
//	          behind the others: NAME:2~, NAME/100~
//	+stamp    each object gets the phone's own REV and PRODID
//	+order    lines are sorted by name
//	+fold     lines are folded after 60 characters
//	+nolabels groups, labels and parameters other than TYPE are dropped
//	+slots    one line of each name and TYPE
//
// Components are named like properties: VALARM, VTIMEZONE, and RECURRENCE-ID for a
// changed occurrence. VERSION, UID, PRODID, DTSTAMP and VTIMEZONE stay unless a word
// says otherwise.
func ParseStorage(text string) (*Storage, error) {
	s := &Storage{flags: map[string]bool{}}
	for word := range strings.SplitSeq(text, ",") {
		switch {
		case word == "":
			return nil, errors.New("an empty word")
		case word[0] == '+':
			if !slices.Contains(storageFlags, word[1:]) {
				return nil, fmt.Errorf("no %q: want one of +%s", word, strings.Join(storageFlags, " +"))
			}
			s.flags[word[1:]] = true
			continue
		}
		r := fieldRule{}
		name, drop := strings.CutPrefix(word, "-")
		r.drop = drop
		if name, r.rewrite = strings.CutSuffix(name, "~"); name == "" {
			return nil, fmt.Errorf("%q names nothing", word)
		}
		var err error
		if n, max, ok := strings.Cut(name, "/"); ok {
			name = n
			if r.max, err = strconv.Atoi(max); err != nil || r.max < 1 {
				return nil, fmt.Errorf("%q: want NAME/CHARACTERS", word)
			}
		}
		if n, count, ok := strings.Cut(name, ":"); ok {
			name = n
			if r.count, err = strconv.Atoi(count); err != nil || r.count < 1 {
				return nil, fmt.Errorf("%q: want NAME:COUNT", word)
			}
		}
		r.name = strings.ToUpper(name)
		if strings.Trim(strings.TrimSuffix(r.name, "*"), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
			return nil, fmt.Errorf("%q: %q is no name: want NAME, NAME:COUNT, NAME/CHARACTERS, each with ~ behind it (NAME:2~)", word, name)
		}
		if at := slices.IndexFunc(s.fields, func(f fieldRule) bool { return f.name == r.name }); at >= 0 {
			return nil, fmt.Errorf("%q: a second word for %s: say all of it in one (NAME:2~)", word, r.name)
		}
		s.only = s.only || !r.drop && r.count == 0 && r.max == 0 && !r.rewrite
		s.fields = append(s.fields, r)
	}
	return s, nil
}

// lasting names stay where no word says otherwise.
var lastingNames = []string{"VERSION", "UID", "PRODID", "DTSTAMP", "VTIMEZONE", "VCALENDAR", "VCARD", "VEVENT", "VTODO", "VJOURNAL", "VNOTE", "STANDARD", "DAYLIGHT"}

// rule is what becomes of a name.
func (s *Storage) rule(name string) fieldRule {
	for _, r := range s.fields {
		if prefix, all := strings.CutSuffix(r.name, "*"); r.name == name || all && strings.HasPrefix(name, prefix) {
			return r
		}
	}
	return fieldRule{name: name, drop: s.only && !slices.Contains(lastingNames, name)}
}

// Stores reports whether lines of a name are stored at all, as many and as long as they
// are and in their own form.
func (s *Storage) Stores(name string) (all, some bool) {
	r := s.rule(strings.ToUpper(name))
	return !r.drop && r.count == 0 && r.max == 0 && !r.rewrite && !s.flags["slots"], !r.drop
}
