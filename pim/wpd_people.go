package pim

import (
	"slices"
	"strings"

	"cradle/valuebag"
)

// Lists that a person of an appointment can be in: what they answered, and as what they
// were asked. One is in each of the two at most.
var (
	answers = []valuebag.PropertyKey{valuebag.WPDAppointmentAcceptedAttendees, valuebag.WPDAppointmentTentativeAttendees, valuebag.WPDAppointmentDeclinedAttendees}
	asked   = []valuebag.PropertyKey{valuebag.WPDAppointmentRequiredAttendees, valuebag.WPDAppointmentOptionalAttendees, valuebag.WPDAppointmentResources}
)

// wpdAttendees fills the lists of people, in the order of the text.
func (p *parsed) wpdAttendees(vs *valuebag.Values) {
	lists := map[valuebag.PropertyKey][]string{}
	for _, l := range p.wpdLines("ATTENDEE") {
		row := Property{Params: joinParams(l.params)}
		for _, k := range []valuebag.PropertyKey{p.answer(&row), p.askedAs(&row)} {
			if k != (valuebag.PropertyKey{}) {
				lists[k] = append(lists[k], withoutMailto(l.value))
			}
		}
	}
	for k, who := range lists { // a bag orders its keys itself
		vs.SetString(k, strings.Join(who, ";"))
	}
}

// partStat is the parameter that says what a person answered: STATUS in vCalendar 1.0.
func (p *parsed) partStat(row *Property) string {
	if p.d == VCalendar1 && rowParam(row, "PARTSTAT") == "" {
		return "STATUS"
	}
	return "PARTSTAT"
}

// answer is the list that a person's answer puts them in; the zero key is none.
func (p *parsed) answer(row *Property) (k valuebag.PropertyKey) {
	switch rowParam(row, p.partStat(row)) {
	case "ACCEPTED", "CONFIRMED":
		return valuebag.WPDAppointmentAcceptedAttendees
	case "TENTATIVE":
		return valuebag.WPDAppointmentTentativeAttendees
	case "DECLINED":
		return valuebag.WPDAppointmentDeclinedAttendees
	}
	return k
}

// askedAs is the list that says as what a person was asked; the zero key is none, for one
// who is only told. vCalendar 1.0 says it as what is expected of them.
func (p *parsed) askedAs(row *Property) (k valuebag.PropertyKey) {
	switch rowParam(row, "CUTYPE") {
	case "RESOURCE", "ROOM":
		return valuebag.WPDAppointmentResources
	}
	if p.d == VCalendar1 {
		switch rowParam(row, "EXPECT") {
		case "FYI":
			return k
		case "REQUEST":
			return valuebag.WPDAppointmentOptionalAttendees
		}
		return valuebag.WPDAppointmentRequiredAttendees
	}
	switch rowParam(row, "ROLE") {
	case "OPT-PARTICIPANT":
		return valuebag.WPDAppointmentOptionalAttendees
	case "", "REQ-PARTICIPANT", "CHAIR":
		return valuebag.WPDAppointmentRequiredAttendees
	}
	return k
}

// attendees brings changed lists of people back: who moved from one list to another has
// another answer or role, who is in none any more is no longer invited, and who is in one
// for the first time is. What a line says of them beside that stays.
func (w *wpdBack) attendees() {
	before, after := peopleOf(w.was, w.was), peopleOf(w.now, w.was)
	known := map[string]bool{}
	for _, l := range w.wpdLines("ATTENDEE") {
		who := oneLine(withoutMailto(l.value))
		known[who] = true
		a, b := before[who], after[who]
		switch {
		case a == b:
			continue
		case b == (invited{}):
			w.drop(l.at)
			continue
		}
		if a.answer != b.answer {
			w.answers(w.row(l.at), b.answer)
		}
		if a.asked != b.asked {
			w.asks(w.row(l.at), b.asked)
		}
	}
	var none valuebag.PropertyKey
	for _, k := range slices.Concat(asked, answers) {
		for _, who := range people(w.now, k) {
			if known[who] || before[who] != (invited{}) {
				continue
			}
			known[who] = true
			row := Property{Name: "ATTENDEE", Value: asAddress(who)}
			if in := after[who]; in.asked != none {
				w.asks(&row, in.asked)
			}
			if in := after[who]; in.answer != none {
				w.answers(&row, in.answer)
			}
			w.added = append(w.added, row)
		}
	}
}

// invited is which lists a person is in.
type invited struct{ answer, asked valuebag.PropertyKey }

// people are those of a list, as the services part them.
func people(vs *valuebag.Values, k valuebag.PropertyKey) (out []string) {
	list, _ := vs.GetString(k)
	for _, who := range strings.Split(list, ";") {
		if who = oneLine(withoutMailto(strings.TrimSpace(who))); who != "" {
			out = append(out, who)
		}
	}
	return out
}

// peopleOf tells of each person which lists of a view they are in: of several, one that
// they weren't in before, else the first.
func peopleOf(vs, before *valuebag.Values) map[string]invited {
	out := map[string]invited{}
	fill := func(keys []valuebag.PropertyKey, in func(*invited) *valuebag.PropertyKey) {
		for _, k := range keys {
			for _, who := range people(vs, k) {
				is := out[who]
				if list := in(&is); *list == (valuebag.PropertyKey{}) || !slices.Contains(people(before, k), who) {
					*list = k
				}
				out[who] = is
			}
		}
	}
	fill(answers, func(i *invited) *valuebag.PropertyKey { return &i.answer })
	fill(asked, func(i *invited) *valuebag.PropertyKey { return &i.asked })
	return out
}

// asAddress is the URI of a person whom a device names by an address.
func asAddress(who string) string {
	scheme, _, ok := strings.Cut(who, ":")
	if ok && validName(scheme) && !strings.Contains(scheme, "@") {
		return who
	}
	return "mailto:" + who
}

// answers writes what a person answered; the zero key: nothing yet.
func (w *wpdBack) answers(row *Property, k valuebag.PropertyKey) {
	name, said := w.partStat(row), map[valuebag.PropertyKey]string{answers[0]: "ACCEPTED", answers[1]: "TENTATIVE", answers[2]: "DECLINED"}[k]
	if said == "" {
		said = "NEEDS-ACTION"
		if name == "STATUS" {
			said = "NEEDS ACTION"
		}
	}
	setRowParam(row, name, said)
}

// asks writes as what a person is asked; the zero key: they are only told. Someone with a
// role that the list allows for, such as the chair, keeps it.
func (w *wpdBack) asks(row *Property, k valuebag.PropertyKey) {
	if w.askedAs(row) == k {
		return
	}
	if k == valuebag.WPDAppointmentResources {
		setRowParam(row, "CUTYPE", "RESOURCE")
		return
	}
	switch rowParam(row, "CUTYPE") {
	case "RESOURCE", "ROOM":
		setRowParam(row, "CUTYPE", "")
	}
	name, said := "ROLE", map[valuebag.PropertyKey]string{valuebag.WPDAppointmentOptionalAttendees: "OPT-PARTICIPANT"}
	none := "NON-PARTICIPANT"
	if w.d == VCalendar1 {
		name, none, said = "EXPECT", "FYI", map[valuebag.PropertyKey]string{valuebag.WPDAppointmentOptionalAttendees: "REQUEST"}
	}
	switch k {
	case valuebag.PropertyKey{}:
		setRowParam(row, name, none)
	default:
		if w.askedAs(row) != k {
			setRowParam(row, name, said[k])
		}
	}
}

// organizer brings a new appointment's back. One that a line names stays: a device shows
// who invites, and changes it for nobody.
func (w *wpdBack) organizer() {
	if _, now, ok := w.changed(MessageObjSender); ok && now != "" && w.first("ORGANIZER") < 0 {
		w.added = append(w.added, Property{Name: "ORGANIZER", Value: asAddress(oneLine(now))})
	}
}
