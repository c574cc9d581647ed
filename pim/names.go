package pim

import "strings"

// crossing is a vCard property that not every version has. It counts under one
// name wherever it comes from, and is written under the version's own: what a
// version can't say is carried in an X- property, which every reader must let be.
type crossing struct {
	name   string // the one it counts under
	before string // in vCard 2.1 and 3.0
	since  string // in vCard 4.0
}

// crossings: KIND and MEMBER are carried as Apple's address book server does
// (which Evolution, DAVx5 and iCloud read); CALURI, CALADRURI and FBURL are in
// every version by RFC 2739, IMPP by RFC 4770, and NICKNAME and CATEGORIES are
// read in vCard 2.1 by all that write it.
var crossings = []crossing{
	// New in RFC 6350, 6474, 6715 and 8605.
	{"ANNIVERSARY", "X-ANNIVERSARY", "ANNIVERSARY"},
	{"GENDER", "X-GENDER", "GENDER"},
	{"KIND", "X-ADDRESSBOOKSERVER-KIND", "KIND"},
	{"MEMBER", "X-ADDRESSBOOKSERVER-MEMBER", "MEMBER"},
	{"RELATED", "X-RELATED", "RELATED"},
	{"LANG", "X-LANG", "LANG"},
	{"XML", "X-XML", "XML"},
	{"CLIENTPIDMAP", "X-CLIENTPIDMAP", "CLIENTPIDMAP"},
	{"BIRTHPLACE", "X-BIRTHPLACE", "BIRTHPLACE"},
	{"DEATHPLACE", "X-DEATHPLACE", "DEATHPLACE"},
	{"DEATHDATE", "X-DEATHDATE", "DEATHDATE"},
	{"EXPERTISE", "X-EXPERTISE", "EXPERTISE"},
	{"HOBBY", "X-HOBBY", "HOBBY"},
	{"INTEREST", "X-INTEREST", "INTEREST"},
	{"ORG-DIRECTORY", "X-ORG-DIRECTORY", "ORG-DIRECTORY"},
	{"CONTACT-URI", "X-CONTACT-URI", "CONTACT-URI"},
	// Gone from RFC 6350 (appendix A.1).
	{"LABEL", "LABEL", "X-LABEL"},
	{"MAILER", "MAILER", "X-MAILER"},
	{"CLASS", "CLASS", "X-CLASS"},
	{"NAME", "NAME", "X-NAME"},
	{"PROFILE", "PROFILE", "X-PROFILE"},
	{"SORT-STRING", "SORT-STRING", "X-SORT-STRING"},
}

var crossingOf, crossingAs = func() (of, as map[string]*crossing) {
	of, as = map[string]*crossing{}, map[string]*crossing{}
	for i := range crossings {
		c := &crossings[i]
		of[c.name] = c
		for _, n := range []string{c.before, c.since} {
			if n != c.name {
				as[n] = c
			}
		}
	}
	return of, as
}()

// commonName is the name under which a line counts in dialect d.
func commonName(name string, d Dialect) string {
	switch {
	case d == VNote11:
		return noteNames(name, true)
	case d == VCalendar1 && name == "DCREATED":
		return "CREATED"
	case d.card() && strings.HasPrefix(name, "X-"):
		if c := crossingAs[name]; c != nil {
			return c.name
		}
	}
	return name
}

// nameIn is the inverse of commonName: how dialect d writes a name.
func nameIn(name string, d Dialect) string {
	switch {
	case d == VNote11:
		return noteNames(name, false)
	case d == VCalendar1 && name == "CREATED":
		return "DCREATED"
	case d.card():
		c := crossingOf[name]
		switch {
		case c == nil:
		case d == VCard40:
			return c.since
		default:
			return c.before
		}
	}
	return name
}
