package pim

import "strings"

// The dates of cards: vCard 4.0 writes 19960415 and --0412, the older versions
// 1996-04-15, and Apple 1604-04-12 with X-APPLE-OMIT-YEAR for a date without year.
// In the common form they are 1996-04-15 and --04-12.

// omitYear is Apple's year that stands for none.
const omitYear = "1604"

func isCardDate(name string) bool {
	return name == "BDAY" || name == "ANNIVERSARY" || name == "DEATHDATE"
}

// commonDate brings a date into the common form, and drops the parameters that
// say no more then. What is no plain date stays as it is.
func commonDate(m *modern) {
	v := strings.TrimSpace(m.value)
	var year, month, day string
	switch n := len(v); {
	case n == 8 && digits(v):
		year, month, day = v[:4], v[4:6], v[6:]
	case n == 10 && v[4] == '-' && v[7] == '-' && digits(v[:4]+v[5:7]+v[8:]):
		year, month, day = v[:4], v[5:7], v[8:]
	case n == 6 && v[:2] == "--" && digits(v[2:]):
		month, day = v[2:4], v[4:]
	case n == 7 && v[:2] == "--" && v[4] == '-' && digits(v[2:4]+v[5:]):
		month, day = v[2:4], v[5:]
	default:
		return
	}
	if (len(v) == 10 || len(v) == 7) && len(m.params) == 0 { // it is so already
		m.value = v
		return
	}
	params := make([]Param, 0, len(m.params))
	for _, p := range m.params {
		if p.Name == "VALUE" && len(p.Values) == 1 && strings.EqualFold(p.Values[0], "TEXT") {
			return
		}
		one := ""
		if len(p.Values) == 1 {
			one = p.Values[0]
		}
		switch {
		case p.Name == "VALUE" && (strings.EqualFold(one, "DATE") || strings.EqualFold(one, "DATE-AND-OR-TIME")):
		case p.Name == "X-APPLE-OMIT-YEAR" && year == one && one == omitYear:
			year = ""
		default:
			params = append(params, p)
		}
	}
	m.params = params
	if year == "" {
		year = "-"
	}
	m.value = year + "-" + month + "-" + day
}

// dateIn writes a date in the common form as dialect d does.
func dateIn(m *modern, d Dialect) (value string, params []Param) {
	v := m.value
	for i := range m.params {
		if p := &m.params[i]; p.Name == "VALUE" && len(p.Values) == 1 && strings.EqualFold(p.Values[0], "TEXT") {
			return v, m.params
		}
	}
	switch yearless := len(v) == 7 && strings.HasPrefix(v, "--"); {
	case !yearless && !(len(v) == 10 && v[4] == '-' && v[7] == '-'):
	case d == VCard40:
		return v[:2] + strings.ReplaceAll(v[2:], "-", ""), m.params
	case yearless:
		return omitYear + v[1:], append(m.params[:len(m.params):len(m.params)], Param{Name: "X-APPLE-OMIT-YEAR", Values: []string{omitYear}})
	}
	return v, m.params
}

func digits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}
