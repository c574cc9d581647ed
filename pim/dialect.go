package pim

import "strings"

// Dialect is the grammar that an object's text is written in. It decides how
// values are escaped and encoded, and in which form merged lines are written.
type Dialect uint8

const (
	VCard21    Dialect = iota + 1 // vCard 2.1
	VCard30                       // vCard 3.0, RFC 2426
	VCard40                       // vCard 4.0, RFC 6350
	VCalendar1                    // vCalendar 1.0
	ICalendar2                    // iCalendar 2.0, RFC 5545
	VNote11                       // VNOTE 1.1 (IrMC)
)

var dialectNames = [...]string{"unknown", "vCard 2.1", "vCard 3.0", "vCard 4.0", "vCalendar 1.0", "iCalendar 2.0", "VNOTE 1.1"}

func (d Dialect) String() string {
	if int(d) < len(dialectNames) {
		return dialectNames[d]
	}
	return dialectNames[0]
}

// old reports the dialects of the 1990s: no backslash escapes in plain text,
// bare parameters, quoted-printable.
func (d Dialect) old() bool { return d == VCard21 || d == VCalendar1 || d == VNote11 }

func (d Dialect) card() bool { return d <= VCard40 }

// cardDialect decides by VERSION; without one a card that uses quoted-printable
// or bare parameters is a 2.1, any other a 3.0.
func cardDialect(t *Text, comp int) Dialect {
	bare := false
	for i := range t.Lines {
		l := &t.Lines[i]
		if l.Component != comp {
			continue
		}
		if l.Name == "VERSION" {
			switch v := strings.TrimSpace(l.RawValue); {
			case strings.HasPrefix(v, "2"):
				return VCard21
			case strings.HasPrefix(v, "4"):
				return VCard40
			case strings.HasPrefix(v, "3"):
				return VCard30
			}
		}
		bare = bare || l.qp
		for _, p := range l.Params {
			bare = bare || p.Bare
		}
	}
	if bare {
		return VCard21
	}
	return VCard30
}

// calendarDialect decides by the VERSION of the first VCALENDAR.
func calendarDialect(t *Text, wrappers []int) Dialect {
	if len(wrappers) == 0 {
		return ICalendar2
	}
	w := &t.Components[wrappers[0]]
	for i := t.linesFrom(w.BodyStart); i < len(t.Lines) && t.Lines[i].Start < w.End; i++ {
		l := &t.Lines[i]
		if l.Component == wrappers[0] && l.Name == "VERSION" {
			if strings.HasPrefix(strings.TrimSpace(l.RawValue), "1.") {
				return VCalendar1
			}
			break
		}
	}
	return ICalendar2
}

// valueKind says how a property's value is escaped and split.
type valueKind uint8

const (
	kindStructured valueKind = iota // parts at ";", each of them text; also what is not known
	kindText                        // one text
	kindList                        // texts at ","
	kindRaw                         // URI, date, number, rule: no escapes
)

// property is what the package knows of a property name.
type property struct {
	unit  uint8
	value valueKind
}

// Units of contacts and of the calendar kinds, as indexes in Kind.Units. The
// index unitNone is for the seven names that each side keeps for itself.
const (
	unitNone = 0xff

	cardName = iota - 1
	cardOrg
	cardTel
	cardEmail
	cardAdr
	cardNet
	cardDates
	cardPhoto
	cardNote
	cardCategories
	cardRelated
	cardRest
)

const (
	calSummary = iota
	calWhen
	calOverrides
	calLocation
	calDescription
	calAlarms
	calPeople
	calState
	calCategories
	calLinks
	calRest
)

var cardProperties = map[string]property{
	"FN":                     {cardName, kindText},
	"N":                      {cardName, kindStructured},
	"NICKNAME":               {cardName, kindList},
	"SORT-STRING":            {cardName, kindText},
	"X-PHONETIC-FIRST-NAME":  {cardName, kindText},
	"X-PHONETIC-MIDDLE-NAME": {cardName, kindText},
	"X-PHONETIC-LAST-NAME":   {cardName, kindText},
	"ORG":                    {cardOrg, kindStructured},
	"TITLE":                  {cardOrg, kindText},
	"ROLE":                   {cardOrg, kindText},
	"X-PHONETIC-ORG":         {cardOrg, kindText},
	"TEL":                    {cardTel, kindText},
	"EMAIL":                  {cardEmail, kindText},
	"ADR":                    {cardAdr, kindStructured},
	"URL":                    {cardNet, kindRaw},
	"IMPP":                   {cardNet, kindRaw},
	"BDAY":                   {cardDates, kindRaw},
	"ANNIVERSARY":            {cardDates, kindRaw},
	"PHOTO":                  {cardPhoto, kindRaw},
	"NOTE":                   {cardNote, kindText},
	"CATEGORIES":             {cardCategories, kindList},
	"RELATED":                {cardRelated, kindRaw},
	"X-ABRELATEDNAMES":       {cardRelated, kindText},
	"X-SPOUSE":               {cardRelated, kindText},

	"REV": {unitNone, kindRaw}, "PRODID": {unitNone, kindText}, "DTSTAMP": {unitNone, kindRaw},
	"LAST-MODIFIED": {unitNone, kindRaw}, "SEQUENCE": {unitNone, kindRaw},
	"VERSION": {unitNone, kindRaw}, "UID": {unitNone, kindRaw},

	"LABEL": {cardRest, kindText}, "MAILER": {cardRest, kindText}, "CLASS": {cardRest, kindText},
	"TZ": {cardRest, kindRaw}, "GEO": {cardRest, kindRaw}, "LOGO": {cardRest, kindRaw},
	"SOUND": {cardRest, kindRaw}, "KEY": {cardRest, kindRaw}, "AGENT": {cardRest, kindRaw},
	"SOURCE": {cardRest, kindRaw}, "NAME": {cardRest, kindText}, "MEMBER": {cardRest, kindRaw},
	"LANG": {cardRest, kindRaw}, "CALURI": {cardRest, kindRaw}, "CALADRURI": {cardRest, kindRaw},
	"FBURL": {cardRest, kindRaw}, "XML": {cardRest, kindText}, "KIND": {cardRest, kindText},
	"EXPERTISE": {cardRest, kindText}, "HOBBY": {cardRest, kindText}, "INTEREST": {cardRest, kindText},
	"BIRTHPLACE": {cardRest, kindText}, "DEATHPLACE": {cardRest, kindText}, "DEATHDATE": {cardRest, kindRaw},
	"X-ABLABEL": {cardRest, kindText}, "X-ABADR": {cardRest, kindText}, "X-ABDATE": {cardRest, kindRaw},
	"X-ABUID": {cardRest, kindText}, "X-ABSHOWAS": {cardRest, kindText},
}

var calendarProperties = map[string]property{
	"SUMMARY":          {calSummary, kindText},
	"DTSTART":          {calWhen, kindRaw},
	"DTEND":            {calWhen, kindRaw},
	"DUE":              {calWhen, kindRaw},
	"DURATION":         {calWhen, kindRaw},
	"RRULE":            {calWhen, kindRaw},
	"RDATE":            {calWhen, kindRaw},
	"EXDATE":           {calWhen, kindRaw},
	"EXRULE":           {calWhen, kindRaw},
	"LOCATION":         {calLocation, kindText},
	"DESCRIPTION":      {calDescription, kindText},
	"AALARM":           {calAlarms, kindStructured},
	"DALARM":           {calAlarms, kindStructured},
	"PALARM":           {calAlarms, kindStructured},
	"MALARM":           {calAlarms, kindStructured},
	"ORGANIZER":        {calPeople, kindRaw},
	"ATTENDEE":         {calPeople, kindRaw},
	"STATUS":           {calState, kindText},
	"TRANSP":           {calState, kindText},
	"CLASS":            {calState, kindText},
	"PRIORITY":         {calState, kindRaw},
	"PERCENT-COMPLETE": {calState, kindRaw},
	"COMPLETED":        {calState, kindRaw},
	"CATEGORIES":       {calCategories, kindList},
	"URL":              {calLinks, kindRaw},
	"ATTACH":           {calLinks, kindRaw},
	"CONFERENCE":       {calLinks, kindRaw},

	"REV": {unitNone, kindRaw}, "PRODID": {unitNone, kindText}, "DTSTAMP": {unitNone, kindRaw},
	"LAST-MODIFIED": {unitNone, kindRaw}, "SEQUENCE": {unitNone, kindRaw},
	"VERSION": {unitNone, kindRaw}, "UID": {unitNone, kindRaw},

	"COMMENT": {calRest, kindText}, "CONTACT": {calRest, kindText}, "RELATED-TO": {calRest, kindText},
	"RESOURCES": {calRest, kindList}, "GEO": {calRest, kindRaw}, "CREATED": {calRest, kindRaw},
	"RECURRENCE-ID": {calRest, kindRaw}, "REQUEST-STATUS": {calRest, kindStructured},
	"ACTION": {calRest, kindText}, "TRIGGER": {calRest, kindRaw}, "REPEAT": {calRest, kindRaw},
	"ACKNOWLEDGED": {calRest, kindRaw}, "PROXIMITY": {calRest, kindText}, "FREEBUSY": {calRest, kindRaw},
	"TZID": {calRest, kindText}, "TZNAME": {calRest, kindText}, "TZURL": {calRest, kindRaw},
	"TZOFFSETFROM": {calRest, kindRaw}, "TZOFFSETTO": {calRest, kindRaw}, "TZUNTIL": {calRest, kindRaw},
	"METHOD": {calRest, kindText}, "CALSCALE": {calRest, kindText}, "NAME": {calRest, kindText},
	"COLOR": {calRest, kindText}, "IMAGE": {calRest, kindRaw}, "SOURCE": {calRest, kindRaw},
	"REFRESH-INTERVAL": {calRest, kindRaw}, "X-WR-CALNAME": {calRest, kindText},
	"X-WR-CALDESC": {calRest, kindText}, "X-WR-TIMEZONE": {calRest, kindText},
	"X-LIC-LOCATION": {calRest, kindText}, "X-ALT-DESC": {calRest, kindText},
	"DAYLIGHT": {calWhen, kindRaw}, "TZ": {calWhen, kindRaw},
}

// lookup gives what is known of a name; unknown names are structured and in
// the unit rest.
func lookup(card bool, name string) property {
	if card {
		if p, ok := cardProperties[name]; ok {
			return p
		}
		return property{cardRest, kindStructured}
	}
	if p, ok := calendarProperties[name]; ok {
		return p
	}
	return property{calRest, kindStructured}
}

// kindOf is the value kind of a line, which its VALUE parameter may change.
func kindOf(card bool, name string, params []Param) valueKind {
	k := lookup(card, name).value
	for i := range params {
		if params[i].Name != "VALUE" || len(params[i].Values) == 0 {
			continue
		}
		switch v := params[i].Values[0]; {
		case strings.EqualFold(v, "URI"), strings.EqualFold(v, "URL"):
			return kindRaw
		case strings.EqualFold(v, "TEXT") && k == kindRaw:
			return kindText
		}
	}
	return k
}
