package pim

import "strings"

// modernCalendar1 gives a vCalendar 1.0 value the form that iCalendar has for
// the same thing. What isn't surely the same stays as it is.
func modernCalendar1(name, v string) string {
	switch name {
	case "STATUS":
		if strings.EqualFold(v, "NEEDS ACTION") {
			return "NEEDS-ACTION"
		}
	case "EXDATE", "RDATE":
		return strings.ReplaceAll(v, ";", ",")
	}
	return v
}

// oldCalendar1 is the inverse of modernCalendar1. A value that would not come
// back the same stays in the modern form, which readers of both grammars take.
func oldCalendar1(name, v string) string {
	switch name {
	case "STATUS":
		if v == "NEEDS-ACTION" {
			return "NEEDS ACTION"
		}
	case "EXDATE", "RDATE":
		return strings.ReplaceAll(v, ",", ";")
	}
	return v
}
