package pim

import (
	"strconv"
	"strings"
)

// modernCalendar gives what vCalendar 1.0 writes in another way the form of
// iCalendar, whatever the file says it is: some write the old forms into new
// files. What isn't surely the same stays as it is.
func modernCalendar(name, v string) string {
	switch name {
	case "EXDATE", "RDATE":
		return strings.ReplaceAll(v, ";", ",")
	case "STATUS":
		if strings.EqualFold(v, "NEEDS ACTION") {
			return "NEEDS-ACTION"
		}
	case "TRANSP":
		switch v {
		case "0":
			return "OPAQUE"
		case "1":
			return "TRANSPARENT"
		}
	case "RRULE", "EXRULE":
		if strings.IndexByte(v, '=') < 0 {
			return modernRule(v)
		}
	}
	return v
}

// oldCalendar1 is the inverse of modernCalendar. A value that would not come
// back the same stays in the modern form, which readers of both grammars take.
func oldCalendar1(name, v string) string {
	switch name {
	case "STATUS":
		if v == "NEEDS-ACTION" {
			return "NEEDS ACTION"
		}
	case "EXDATE", "RDATE":
		return strings.ReplaceAll(v, ",", ";")
	case "RRULE", "EXRULE":
		if o := oldRule(v); o != "" && modernRule(o) == v {
			return o
		}
	}
	return v
}

// modernRule gives a recurrence rule of vCalendar 1.0 ("W2 MO WE #10") the form
// of iCalendar. One that isn't understood whole stays as it is.
//
// vCalendar 1.0, section 2.2.6: D, W, MP, MD, YM, YD with an interval; then
// days, occurrences ("1+", "2-") or numbers; then "#n" (0 is for ever; absent
// is 2) or an end date.
func modernRule(v string) string {
	f := strings.Fields(strings.ToUpper(v))
	if len(f) == 0 {
		return v
	}
	kind := strings.TrimRight(f[0], "0123456789")
	interval := f[0][len(kind):]
	var freq, by string
	switch kind {
	case "D":
		freq = "DAILY"
	case "W":
		freq, by = "WEEKLY", "BYDAY"
	case "MP":
		freq, by = "MONTHLY", "BYDAY"
	case "MD":
		freq, by = "MONTHLY", "BYMONTHDAY"
	case "YM":
		freq, by = "YEARLY", "BYMONTH"
	case "YD":
		freq, by = "YEARLY", "BYYEARDAY"
	default:
		return v
	}
	if n, err := strconv.Atoi(interval); err != nil || n < 1 || strconv.Itoa(n) != interval {
		return v
	}
	f = f[1:]
	end := ";COUNT=2" // no duration means two occurrences
	if n := len(f); n > 0 {
		last := f[n-1]
		switch {
		case last == "#0":
			end, f = "", f[:n-1]
		case strings.HasPrefix(last, "#"):
			c, err := strconv.Atoi(last[1:])
			if err != nil || c < 1 || strconv.Itoa(c) != last[1:] {
				return v
			}
			end, f = ";COUNT="+last[1:], f[:n-1]
		case len(last) >= 8 && isStamp(last):
			end, f = ";UNTIL="+last, f[:n-1]
		}
	}
	list, ok := ruleParts(kind, f)
	if !ok {
		return v
	}
	out := "FREQ=" + freq
	if interval != "1" {
		out += ";INTERVAL=" + interval
	}
	if len(list) > 0 {
		out += ";" + by + "=" + strings.Join(list, ",")
	}
	return out + end
}

// ruleParts reads the days, occurrences or numbers of an old rule.
func ruleParts(kind string, f []string) (list []string, ok bool) {
	occurrences, fresh := []string(nil), false
	for _, w := range f {
		switch kind {
		case "W":
			if !isWeekday(w) {
				return nil, false
			}
			list = append(list, w)
		case "MP":
			if isWeekday(w) {
				if len(occurrences) == 0 {
					return nil, false
				}
				fresh = false
				for _, o := range occurrences {
					list = append(list, o+w)
				}
				continue
			}
			if len(w) != 2 || w[0] < '1' || w[0] > '5' || w[1] != '+' && w[1] != '-' {
				return nil, false
			}
			if !fresh {
				occurrences, fresh = nil, true
			}
			if w[1] == '-' {
				occurrences = append(occurrences, "-"+w[:1])
			} else {
				occurrences = append(occurrences, w[:1])
			}
		case "MD":
			if w == "LD" {
				list = append(list, "-1")
				continue
			}
			sign := ""
			n := strings.TrimSuffix(w, "+")
			if strings.HasSuffix(w, "-") {
				sign, n = "-", strings.TrimSuffix(w, "-")
			}
			if !isNumber(n, 31) {
				return nil, false
			}
			list = append(list, sign+n)
		case "YM":
			if !isNumber(w, 12) {
				return nil, false
			}
			list = append(list, w)
		case "YD":
			if !isNumber(w, 366) {
				return nil, false
			}
			list = append(list, w)
		default: // days have no list
			return nil, false
		}
	}
	return list, !fresh
}

func isWeekday(s string) bool {
	switch s {
	case "MO", "TU", "WE", "TH", "FR", "SA", "SU":
		return true
	}
	return false
}

func isNumber(s string, most int) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= most && strconv.Itoa(n) == s
}

// isStamp reports a date or date-time in basic form.
func isStamp(s string) bool {
	s = strings.TrimSuffix(s, "Z")
	if len(s) != 8 && len(s) != 15 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if i == 8 {
			if s[i] != 'T' {
				return false
			}
		} else if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// oldRule is the inverse of modernRule for the rules that vCalendar 1.0 has, ""
// for all others.
func oldRule(v string) string {
	parts := map[string]string{}
	for _, p := range strings.Split(v, ";") {
		k, val, ok := strings.Cut(p, "=")
		if !ok || parts[k] != "" {
			return ""
		}
		parts[k] = val
	}
	interval := parts["INTERVAL"]
	if interval == "" {
		interval = "1"
	}
	var words []string
	kind := ""
	list := func(key string) []string {
		if parts[key] == "" {
			return nil
		}
		return strings.Split(parts[key], ",")
	}
	switch parts["FREQ"] {
	case "DAILY":
		kind = "D"
	case "WEEKLY":
		kind, words = "W", list("BYDAY")
	case "MONTHLY":
		if parts["BYDAY"] != "" {
			kind = "MP"
			for _, d := range list("BYDAY") {
				n := len(d)
				if n < 3 {
					return ""
				}
				o := d[:n-2] + "+"
				if o[0] == '-' {
					o = d[1:n-2] + "-"
				}
				words = append(words, o, d[n-2:])
			}
			break
		}
		kind = "MD"
		for _, d := range list("BYMONTHDAY") {
			if d == "-1" {
				words = append(words, "LD")
			} else if s, ok := strings.CutPrefix(d, "-"); ok {
				words = append(words, s+"-")
			} else {
				words = append(words, d)
			}
		}
	case "YEARLY":
		kind, words = "YM", list("BYMONTH")
		if parts["BYYEARDAY"] != "" {
			kind, words = "YD", list("BYYEARDAY")
		}
	}
	end := "#0"
	if c := parts["COUNT"]; c != "" {
		end = "#" + c
	} else if u := parts["UNTIL"]; u != "" {
		end = u
	}
	return strings.Join(append(append([]string{kind + interval}, words...), end), " ")
}
