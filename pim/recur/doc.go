// Package recur says when a calendar entry happens: recurrence rules, lists of dates, changed
// occurrences and time zones of iCalendar (RFC 5545) and vCalendar 1.0, as real programs write
// them.
//
// # Walls and instants
//
// A rule is evaluated on the wall clock of the entry's zone, and each result is then turned into
// an instant. A wall time that a clock change leaves out takes the offset from before the change
// (02:30 becomes 03:30), one that it shows twice means the first (RFC 5545 §3.3.5). Two wall times
// that come to one instant are one occurrence.
//
// # What decides where the standard leaves room
//
//   - DTSTART is always the first occurrence and counts in COUNT, whether the rule matches it or not.
//   - UNTIL as a date includes that whole day on the wall clock of the entry; as a local time it is
//     read there; in UTC it is an instant. For an entry of whole days only its date counts.
//   - EXDATE as a date takes away what starts on that day; in another zone it is the same instant.
//   - BYDAY with and without numbers is a union: MO,-1FR is every Monday and the last Friday.
//   - BYWEEKNO goes by the ISO week year of WKST: week 1 may begin in December. Without BYDAY it
//     means the weekday of DTSTART.
//   - A part that a frequency doesn't have (BYMONTHDAY of a weekly rule) limits.
//   - DTEND gives each occurrence the exact duration of the first, DURATION a nominal one.
//   - RANGE=THISANDFUTURE shifts what follows on the wall clock, and gives it its duration.
//
// # Bounds
//
// Nothing is kept for an occurrence that was given out. A window far from DTSTART is reached by
// arithmetic, not by counting, unless COUNT asks for it, and then by period rather than by
// occurrence. A rule that matches nothing ends at the year 9999 or after a fixed number of steps
// (ErrSparse), and every loop looks at its context.
package recur
