package demo

import (
	"fmt"
	"strings"
	"time"
)

const (
	berlin = "Europe/Berlin"
	york   = "America/New_York"
)

// zones are VTIMEZONEs as calendar programs write them, with the rules since
// 2007.
var zones = map[string]string{
	berlin: strings.Join([]string{
		"BEGIN:VTIMEZONE", "TZID:Europe/Berlin",
		"BEGIN:DAYLIGHT", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "TZNAME:CEST", "DTSTART:19700329T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT",
		"BEGIN:STANDARD", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "TZNAME:CET", "DTSTART:19701025T030000", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD",
		"END:VTIMEZONE", "",
	}, "\r\n"),
	york: strings.Join([]string{
		"BEGIN:VTIMEZONE", "TZID:America/New_York", "X-LIC-LOCATION:America/New_York",
		"BEGIN:DAYLIGHT", "TZOFFSETFROM:-0500", "TZOFFSETTO:-0400", "TZNAME:EDT", "DTSTART:20070311T020000", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "END:DAYLIGHT",
		"BEGIN:STANDARD", "TZOFFSETFROM:-0400", "TZOFFSETTO:-0500", "TZNAME:EST", "DTSTART:20071104T020000", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU", "END:STANDARD",
		"END:VTIMEZONE", "",
	}, "\r\n"),
}

var producers = []string{
	"-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN",
	"-//Apple Inc.//iOS 17.5//EN",
	"-//Google Inc//Google Calendar 70.9054//EN",
	"-//Fossify//NONSGML Event Calendar//EN",
}

const (
	clock    = "20060102T150405"
	utcClock = "20060102T150405Z"
	date     = "20060102"
)

// object collects an iCalendar object's lines.
type object struct{ strings.Builder }

func (o *object) line(format string, args ...any) {
	o.WriteString(fold(fmt.Sprintf(format, args...)))
}

func (o *object) text(name, value string) {
	if value != "" {
		o.line("%s:%s", name, escape(value))
	}
}

// alarm adds a reminder so many minutes before.
func (o *object) alarm(minutes int) {
	o.line("BEGIN:VALARM")
	o.line("ACTION:DISPLAY")
	o.line("DESCRIPTION:Reminder")
	o.line("TRIGGER:-PT%dM", minutes)
	o.line("END:VALARM")
}

func (o *object) begin(producer, zone string) {
	o.line("BEGIN:VCALENDAR")
	o.line("VERSION:2.0")
	o.line("PRODID:%s", producer)
	o.WriteString(zones[zone])
}

var subjects = []string{
	"Dentist", "Choir practice", "Team meeting", "Lunch with Greta", "Parents' evening", "Bike to the workshop", "Call the bank",
	"Abendessen bei Möllers", "Cinema: the late show", "Language class", "Swimming", "Rendez-vous chez le coiffeur", "Book club; bring snacks, please",
	"House viewing", "Train to Exempleville",
}

var locations = []string{"", "Harbour Dental Practice, 2nd floor", "Town hall", "Café Zentral", "https://meet.example.org/room/42", "Musterstraße 12\n12345 Musterstadt"}

var details = []string{
	"", "Bring the insurance card.", "Agenda:\n1. Accounts\n2. The leaking roof, again\n3. Anything else", "Reservierung auf „Schneider“, Tisch am Fenster – bitte pünktlich.",
	"The long version, because somebody always asks: take the tram to the last stop, walk back along the canal until the second bridge, cross it, and ring at the blue door; the bell is the one without a name.",
}

// moment is a start time in the form of its kind.
type moment struct {
	zone  string // "" for UTC
	local time.Time
}

func (m moment) property(name string) string {
	if m.zone == "" {
		return name + ":" + m.local.Format(utcClock)
	}
	return name + ";TZID=" + m.zone + ":" + m.local.Format(clock)
}

func (m moment) plus(d time.Duration) moment { return moment{m.zone, m.local.Add(d)} }

func (s *seeder) events() error {
	for n := range Events {
		o := &object{}
		s.event(o, n)
		name := fmt.Sprintf("%s-%03d.ics", slug(subjects[n%len(subjects)]), n)
		if err := s.write("calendars/personal", name, o.String()); err != nil {
			return err
		}
	}
	return nil
}

// event writes the nth one: all-day, timed in one of two zones or UTC; single,
// repeated, with exceptions, or with changed instances.
func (s *seeder) event(o *object, n int) {
	subject, producer := subjects[n%len(subjects)], producers[n%len(producers)]
	uid := s.uuid() + "@example.org"
	day := s.day(-180 + n*3 + s.rnd.IntN(3))
	if n%10 == 0 {
		s.allDay(o, n, producer, uid, day)
		return
	}
	start := moment{[]string{berlin, berlin, york, ""}[n%4], day.Add(time.Duration(8+s.rnd.IntN(11))*time.Hour + time.Duration(s.rnd.IntN(4))*15*time.Minute)}
	length := time.Duration(1+s.rnd.IntN(5)) * 30 * time.Minute

	o.begin(producer, start.zone)
	o.line("BEGIN:VEVENT")
	o.line("UID:%s", uid)
	o.line("DTSTAMP:%s", s.now.AddDate(0, -2, 0).Format(utcClock))
	o.line("CREATED:%s", s.now.AddDate(0, -3, 0).Format(utcClock))
	o.line("SUMMARY:%s", escape(subject))
	o.line("%s", start.property("DTSTART"))
	if n%5 == 4 {
		o.line("DURATION:PT%dM", int(length/time.Minute))
	} else {
		o.line("%s", start.plus(length).property("DTEND"))
	}
	const week = 7 * 24 * time.Hour
	var changed []moment // instances that differ from the series
	switch n % 6 {
	case 1:
		o.line("RRULE:FREQ=WEEKLY;COUNT=%d", 8+n%9)
		o.line("%s", start.plus(2*week).property("EXDATE"))
		o.line("%s", start.plus(5*week).property("EXDATE"))
	case 2:
		o.line("RRULE:FREQ=WEEKLY;COUNT=%d", 10+n%5)
		changed = []moment{start.plus(week)}
		if n%4 == 0 {
			changed = append(changed, start.plus(3*week))
		}
	case 4:
		o.line("RRULE:FREQ=MONTHLY;BYDAY=%s;COUNT=12", s.nthWeekday(start.local))
	}
	o.text("LOCATION", locations[n%len(locations)])
	o.text("DESCRIPTION", details[n%len(details)])
	if n%7 == 2 {
		o.line("CATEGORIES:%s", []string{"Work", "Family,Birthday", "Health"}[n%3])
	}
	if n%9 == 4 {
		o.line("ORGANIZER;CN=Greta Hoffmann:mailto:greta@example.org")
		o.line(`ATTENDEE;CN="Möller, Jonas";PARTSTAT=ACCEPTED;ROLE=REQ-PARTICIPANT:mailto:jonas@example.org`)
		o.line("ATTENDEE;CN=Ada;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ada@example.org")
		o.line("SEQUENCE:%d", n%3)
	}
	if n%8 == 5 {
		o.line("STATUS:%s", []string{"CONFIRMED", "TENTATIVE", "CANCELLED"}[n%3])
		o.line("TRANSP:%s", []string{"OPAQUE", "TRANSPARENT"}[n%2])
	}
	if n%3 == 0 {
		o.alarm(15)
	}
	if n%12 == 3 {
		o.alarm(24 * 60)
	}
	o.line("END:VEVENT")
	for i, m := range changed {
		o.line("BEGIN:VEVENT")
		o.line("UID:%s", uid)
		o.line("DTSTAMP:%s", s.now.AddDate(0, -1, 0).Format(utcClock))
		o.line("%s", m.property("RECURRENCE-ID"))
		o.line("SUMMARY:%s (moved)", escape(subject))
		later := m.plus(time.Duration(i+1) * time.Hour)
		o.line("%s", later.property("DTSTART"))
		o.line("%s", later.plus(length).property("DTEND"))
		o.text("LOCATION", locations[(n+i+1)%len(locations)])
		o.line("END:VEVENT")
	}
	o.line("END:VCALENDAR")
}

// nthWeekday is the day of the month in words of a recurrence, as in "2TU".
func (s *seeder) nthWeekday(t time.Time) string {
	n := (t.Day()-1)/7 + 1
	day := strings.ToUpper(t.Weekday().String()[:2])
	if n == 5 {
		return "-1" + day
	}
	return fmt.Sprint(n, day)
}

// allDay writes a birthday, which comes again every year, or days away.
func (s *seeder) allDay(o *object, n int, producer, uid string, day time.Time) {
	o.begin(producer, "")
	o.line("BEGIN:VEVENT")
	o.line("UID:%s", uid)
	o.line("DTSTAMP:%s", s.now.AddDate(0, -4, 0).Format(utcClock))
	o.line("DTSTART;VALUE=DATE:%s", day.Format(date))
	if n%20 == 0 {
		p := givenNames[n/20%len(givenNames)]
		o.line("DTEND;VALUE=DATE:%s", day.AddDate(0, 0, 1).Format(date))
		o.line("SUMMARY:%s", escape("🎂 "+p+"'s birthday"))
		o.line("RRULE:FREQ=YEARLY")
		o.line("TRANSP:TRANSPARENT")
		o.alarm(15 * 60)
	} else {
		o.line("DTEND;VALUE=DATE:%s", day.AddDate(0, 0, 3+n%5).Format(date))
		o.line("SUMMARY:%s", escape("Away: "+places[n/10%len(places)].city))
		o.text("LOCATION", places[n/10%len(places)].country)
		o.line("CLASS:PRIVATE")
	}
	o.line("END:VEVENT")
	o.line("END:VCALENDAR")
}

var chores = []string{
	"Renew the passport", "Water the plants", "Steuererklärung abgeben", "Return the library books", "Replace the bike tyre",
	"Write to the landlord; ask about the roof", "Order printer paper", "Back up the photos", "Book the train, two seats", "Sort the cellar",
}

func (s *seeder) tasks() error {
	for n := range Tasks {
		o := &object{}
		s.task(o, n)
		if err := s.write("tasks/personal", fmt.Sprintf("%s-%02d.ics", slug(chores[n%len(chores)]), n), o.String()); err != nil {
			return err
		}
	}
	return nil
}

func (s *seeder) task(o *object, n int) {
	zone := ""
	if n%5 == 1 {
		zone = berlin
	}
	due := moment{zone, s.day(-20 + n*3).Add(17 * time.Hour)}
	o.begin(producers[n%2], zone)
	o.line("BEGIN:VTODO")
	o.line("UID:%s", s.uuid())
	o.line("DTSTAMP:%s", s.now.AddDate(0, -1, 0).Format(utcClock))
	o.line("SUMMARY:%s", escape(fmt.Sprintf("%s (%d)", chores[n%len(chores)], n/len(chores)+1)))
	switch n % 5 {
	case 0, 3:
		o.line("DUE;VALUE=DATE:%s", due.local.Format(date))
	case 1, 2:
		o.line("%s", due.property("DUE"))
	}
	switch n % 4 {
	case 0:
		o.line("STATUS:NEEDS-ACTION")
	case 1:
		o.line("STATUS:IN-PROCESS")
		o.line("PERCENT-COMPLETE:%d", 10+n*3%80)
	case 2:
		o.line("STATUS:COMPLETED")
		o.line("PERCENT-COMPLETE:100")
		o.line("COMPLETED:%s", s.now.AddDate(0, 0, -1-n).Format(utcClock))
	}
	if n%3 == 0 {
		o.line("PRIORITY:%d", 1+n%9)
	}
	if n%6 == 1 {
		o.text("DESCRIPTION", details[1+n%4])
	}
	if n%10 == 2 {
		o.line("RRULE:FREQ=WEEKLY;INTERVAL=2")
	}
	if n%7 == 0 {
		o.line("CATEGORIES:Home")
		o.alarm(60)
	}
	o.line("END:VTODO")
	o.line("END:VCALENDAR")
}
