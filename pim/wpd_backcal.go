package pim

import (
	"slices"
	"strconv"
	"strings"

	"cradle/valuebag"
)

// calendar brings what changed of an appointment, a task or a note back.
func (w *wpdBack) calendar() error {
	w.entry()
	if w.kind == Notes {
		return nil
	}
	if err := w.pattern(); err != nil {
		return err
	}
	w.followMove()
	return nil
}

// entry is what any entry has, a series or one occurrence of it.
func (w *wpdBack) entry() {
	body := "DESCRIPTION"
	if w.d == VNote11 {
		body = "BODY"
	}
	w.text(valuebag.WPDCommonInformationSubject, "SUMMARY")
	w.text(valuebag.WPDCommonInformationBodyText, body)
	w.categories()
	if w.kind != Notes {
		w.priority()
		w.times()
	}
	switch w.kind {
	case Events:
		w.text(valuebag.WPDAppointmentLocation, "LOCATION")
		w.organizer()
		w.attendees()
		w.busy()
		w.reminder()
	case Tasks:
		w.task()
	}
}

// first is the index of the first line of that name in the entry, -1 without.
func (w *wpdBack) first(name string) int { return w.lineAt(w.main, name) }

// lineAt is the index of the first line of that name in a component, -1 without.
func (p *parsed) lineAt(comp int, name string) int {
	for i := range p.t.Lines {
		if l := &p.t.Lines[i]; l.Component == comp && !l.Junk && l.Name == name {
			return i
		}
	}
	return -1
}

// put gives the entry one line of that name with a value, or takes it out.
func (w *wpdBack) put(name, params, value string) {
	i := w.first(name)
	if w.d == VCalendar1 {
		value = oldCalendar1(name, value)
	}
	switch {
	case i < 0 && value == "":
	case i < 0:
		w.added = append(w.added, Property{Name: name, Params: params, Value: value})
	case value == "":
		w.gone[i] = true
	default:
		delete(w.gone, i)
		row := w.row(i)
		row.Value, row.Params = value, params
	}
}

func (w *wpdBack) text(k valuebag.PropertyKey, name string) {
	was, now, ok := w.changed(k)
	if !ok {
		return
	}
	if i := w.first(name); i >= 0 && now != "" {
		w.row(i).Value = spliced(w.row(i).Value, was, now)
		return
	}
	w.put(name, "", now)
}

func (w *wpdBack) categories() {
	was, now, ok := w.changed(MessageObjCategory)
	if !ok {
		return
	}
	split := func(s string) (out []string) {
		for _, c := range strings.Split(s, ";") {
			if c = strings.TrimSpace(c); c != "" {
				out = append(out, c)
			}
		}
		return out
	}
	before, after := split(was), split(now)
	seen := map[string]bool{}
	for _, l := range w.wpdLines("CATEGORIES") {
		var kept []string
		for _, c := range splitEscaped(l.value, ',') {
			name := oneLine(unescapeText(c))
			seen[name] = true
			if slices.Contains(after, name) || !slices.Contains(before, name) {
				kept = append(kept, c)
			}
		}
		if len(kept) == 0 {
			w.gone[l.at] = true
		} else if s := strings.Join(kept, ","); s != l.value {
			w.row(l.at).Value = s
		}
	}
	var more []string
	for _, c := range after {
		if !seen[c] {
			more = append(more, escapeText(c))
		}
	}
	if len(more) > 0 {
		w.added = append(w.added, Property{Name: "CATEGORIES", Value: strings.Join(more, ",")})
	}
}

// priority changes only for another of the three classes that the device knows.
func (w *wpdBack) priority() {
	was, err1 := w.was.GetUint32(valuebag.WPDCommonInformationPriority)
	now, err2 := w.now.GetUint32(valuebag.WPDCommonInformationPriority)
	switch {
	case err1 == nil && err2 != nil:
		w.put("PRIORITY", "", "")
	case err2 == nil && (err1 != nil || was != now) && now <= 2:
		w.put("PRIORITY", "", []string{"9", "5", "1"}[now])
	}
}

func (w *wpdBack) busy() {
	was, err1 := w.was.GetUint16(CalendarObjBusyStatus)
	now, err2 := w.now.GetUint16(CalendarObjBusyStatus)
	if err2 != nil || now > 3 || err1 == nil && was == now || err1 != nil && now == 1 {
		return
	}
	transp := "OPAQUE"
	if now == 0 {
		transp = "TRANSPARENT"
	}
	w.put("TRANSP", "", transp)
	const exact = "X-MICROSOFT-CDO-BUSYSTATUS"
	if now >= 2 || w.first(exact) >= 0 {
		w.put(exact, "", []string{"FREE", "BUSY", "OOF", "TENTATIVE"}[now])
	}
}

// task brings back how far a task is: done says so in three lines, and done no more takes
// them away.
func (w *wpdBack) task() {
	was, err1 := w.was.GetUint8(TaskObjComplete)
	now, err2 := w.now.GetUint8(TaskObjComplete)
	percentWas, err3 := w.was.GetUint32(valuebag.WPDTaskPercentComplete)
	percent, err4 := w.now.GetUint32(valuebag.WPDTaskPercentComplete)
	done, open := err2 == nil && now != 0 && (err1 != nil || was == 0), err1 == nil && err2 == nil && was != 0 && now == 0
	if err2 != nil || err1 == nil && was == now {
		done = err4 == nil && percent >= 100 && (err3 != nil || percentWas < 100)
		open = err3 == nil && percentWas >= 100 && (err4 != nil || percent < 100)
	}
	status, reopened, ok := w.newStatus()
	done, open = done || !open && status == "COMPLETED", open || !done && reopened
	switch {
	case done:
		w.put("STATUS", "", "COMPLETED")
		w.put("PERCENT-COMPLETE", "", "100")
		w.put("COMPLETED", "", serviceTime(w.at.UTC()))
		return
	case open:
		w.put("STATUS", "", "")
		w.put("PERCENT-COMPLETE", "", "")
		w.put("COMPLETED", "", "")
	}
	if err4 == nil && percent < 100 && (err3 != nil && percent > 0 || err3 == nil && percent != percentWas) {
		w.put("PERCENT-COMPLETE", "", strconv.Itoa(int(percent)))
	}
	if ok && !(open && status == "COMPLETED") {
		w.put("STATUS", "", status)
	}
}

// newStatus is the status that the device's user chose (ok), "" for none, and whether the
// task is open by it that was done before.
func (w *wpdBack) newStatus() (status string, reopened, ok bool) {
	was, now, ok := w.changed(valuebag.WPDTaskStatus)
	if !ok {
		return "", false, false
	}
	status = strings.ToUpper(strings.TrimSpace(now))
	return status, strings.EqualFold(strings.TrimSpace(was), "COMPLETED") && status != "COMPLETED", true
}
