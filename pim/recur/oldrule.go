package recur

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ParseRules reads an RRULE or EXRULE of iCalendar, or a rule in the grammar of vCalendar 1.0
// (section 2.1.6 there): "W2 MO WE #10". The old grammar may name times of day, also with the
// days ("W1 TU 1200 TH 1130 #0"), and nest a rule in another ("YM1 6 #0 MP1 1+ SU", "D1 0600 #0
// M15 #4"); what iCalendar can't say in one rule becomes several. Without a number a rule of
// vCalendar happens twice. Errors: ErrRule.
func ParseRules(value string) ([]Rule, error) {
	if strings.Contains(value, "=") {
		r, err := ParseRule(value)
		if err != nil {
			return nil, err
		}
		return []Rule{r}, nil
	}
	o := oldRule{words: strings.Fields(strings.ToUpper(value))}
	rules, err := o.rules()
	if err != nil {
		return nil, fmt.Errorf("%q: %w", clip(value), err)
	}
	return rules, nil
}

// oldRule is a rule of vCalendar 1.0 as it is read.
type oldRule struct{ words []string }

// old is one level of such a rule.
type old struct {
	kind     string // D, W, MP, MD, YM, YD, M
	interval int
	entries  []oldEntry
	count    int // 0 is for ever
	until    Stamp
	yearly   bool // MP or MD inside YM
}

// oldEntry is a day, or what comes nearest, with the times that stand behind it.
type oldEntry struct {
	plain bool         // names no day: times alone
	num   int          // of MD, YM, YD
	month int          // of the YM around an MP or MD
	day   time.Weekday // of W, MP
	nth   int          // of MP
	times []int        // minutes of the day
}

// maxOld bounds the rules that one old rule becomes.
const maxOld = 64

func (o *oldRule) rules() ([]Rule, error) {
	outer, err := o.level()
	if err != nil {
		return nil, err
	}
	if len(o.words) > 0 {
		inner, err := o.level()
		if err != nil {
			return nil, err
		}
		if len(o.words) > 0 {
			return nil, fmt.Errorf("%q: more than two levels: %w", clip(o.words[0]), ErrRule)
		}
		if err := outer.nest(&inner); err != nil {
			return nil, err
		}
	}
	return outer.rules()
}

// level reads one rule and its end.
func (o *oldRule) level() (old, error) {
	l := old{count: 2}
	if len(o.words) == 0 {
		return l, fmt.Errorf("an empty rule: %w", ErrRule)
	}
	head := o.words[0]
	l.kind = strings.TrimRight(head, "0123456789")
	n, err := strconv.Atoi(head[len(l.kind):])
	if !slices.Contains([]string{"D", "W", "MP", "MD", "YM", "YD", "M"}, l.kind) || err != nil || n < 1 || n > maxInterval {
		return l, fmt.Errorf("%q: want D, W, MP, MD, YM, YD or M with an interval: %w", clip(head), ErrRule)
	}
	l.interval = n
	o.words = o.words[1:]
	var nths []int
	fresh := false
	for len(o.words) > 0 {
		w := strings.TrimSuffix(o.words[0], "$") // the last of the day's or the rule's: nothing that the end doesn't say
		if w == "" {
			o.words = o.words[1:]
			continue
		}
		if c := w[0]; c == '#' {
			if l.count, err = strconv.Atoi(w[1:]); err != nil || l.count < 0 {
				return l, fmt.Errorf("%q: want # and a number: %w", clip(w), ErrRule)
			}
			o.words = o.words[1:]
			break
		}
		if len(w) >= 8 {
			if l.until, err = ParseStamp(w, nil); err != nil {
				return l, fmt.Errorf("%w: %w", err, ErrRule)
			}
			l.count = 0
			o.words = o.words[1:]
			break
		}
		if c := w[0]; c == 'D' || c == 'M' && len(w) > 1 && strings.IndexByte("PD0123456789", w[1]) >= 0 || c == 'Y' || c == 'W' && len(w) > 1 && w[1] != 'E' {
			break // a nested rule
		}
		o.words = o.words[1:]
		if len(w) == 4 {
			h, ok1 := digits(w, 0, 2)
			m, ok2 := digits(w, 2, 2)
			if !ok1 || !ok2 || h > 23 || m > 59 {
				return l, fmt.Errorf("%q: want a time such as 0930: %w", clip(w), ErrRule)
			}
			if len(l.entries) == 0 {
				l.entries = append(l.entries, oldEntry{plain: true})
			}
			e := &l.entries[len(l.entries)-1]
			e.times = append(e.times, h*60+m)
			continue
		}
		if l.kind == "MP" {
			if i := slices.Index(weekdayNames[:], w); i >= 0 && len(nths) > 0 {
				fresh = false
				for _, n := range nths {
					l.entries = append(l.entries, oldEntry{nth: n, day: time.Weekday(i)})
				}
				continue
			}
			if len(w) != 2 || w[0] < '1' || w[0] > '5' || w[1] != '+' && w[1] != '-' {
				return l, fmt.Errorf("%q: want 1+ to 5-, then a day: %w", clip(w), ErrRule)
			}
			if !fresh {
				nths, fresh = nil, true
			}
			nths = append(nths, when(w[1] == '-', -1, 1)*int(w[0]-'0'))
			continue
		}
		e, err := l.entry(w)
		if err != nil {
			return l, err
		}
		l.entries = append(l.entries, e)
	}
	if fresh {
		return l, fmt.Errorf("a place in the month without a day: %w", ErrRule)
	}
	if len(l.entries) > maxOld {
		return l, fmt.Errorf("%d days and times: %w", len(l.entries), ErrRule)
	}
	return l, nil
}

func (l *old) entry(w string) (oldEntry, error) {
	most := map[string]int{"MD": 31, "YM": 12, "YD": 366}[l.kind]
	switch {
	case l.kind == "W":
		if i := slices.Index(weekdayNames[:], w); i >= 0 {
			return oldEntry{day: time.Weekday(i)}, nil
		}
		return oldEntry{}, fmt.Errorf("%q: want a day such as MO: %w", clip(w), ErrRule)
	case l.kind == "MD" && w == "LD":
		return oldEntry{num: -1}, nil
	case most > 0:
		sign, num := 1, strings.TrimSuffix(w, "+")
		if n, ok := strings.CutSuffix(w, "-"); ok && l.kind == "MD" {
			sign, num = -1, n
		}
		if n, err := strconv.Atoi(num); err == nil && n >= 1 && n <= most {
			return oldEntry{num: sign * n}, nil
		}
		return oldEntry{}, fmt.Errorf("%q: want 1 to %d: %w", clip(w), most, ErrRule)
	}
	return oldEntry{}, fmt.Errorf("%q: not expected in a rule of %s: %w", clip(w), l.kind, ErrRule)
}

// nest puts a rule into the periods of another.
func (l *old) nest(inner *old) error {
	switch {
	case inner.kind == "M" && len(inner.entries) == 0 && inner.count > 0 && inner.until.IsZero():
		if len(l.entries) == 0 {
			return fmt.Errorf("every %d minutes (M%[1]d) without a time to begin at: %w", inner.interval, ErrRule)
		}
		for i := range l.entries {
			e := &l.entries[i]
			var all []int
			for _, t := range e.times {
				for k := range min(inner.count, 24*60) {
					if at := t + k*inner.interval; at < 24*60 {
						all = append(all, at)
					}
				}
			}
			if len(all) == 0 {
				return fmt.Errorf("every %d minutes (M%[1]d) without a time to begin at: %w", inner.interval, ErrRule)
			}
			slices.Sort(all)
			e.times = slices.Compact(all)
		}
		if l.count > 0 {
			l.count *= inner.count
		}
		return nil
	case l.kind == "YM" && (inner.kind == "MP" || inner.kind == "MD") && inner.interval == 1 && len(inner.entries) > 0:
		months := l.entries
		l.kind = inner.kind
		l.yearly = true
		if l.count > 0 {
			l.count *= len(inner.entries) * max(len(l.entries), 1)
		}
		l.entries = nil
		for _, e := range inner.entries {
			for _, m := range months {
				e.month = m.num
				l.entries = append(l.entries, e)
			}
		}
		return nil
	}
	return fmt.Errorf("%s inside %s is not understood: %w", inner.kind, l.kind, ErrRule)
}

// rules says the rule in iCalendar: one rule for each time of day.
func (l *old) rules() ([]Rule, error) {
	base := Rule{Interval: l.interval, Count: l.count, Until: l.until, WeekStart: time.Monday}
	switch l.kind {
	case "M":
		base.Freq = Minutely
	case "D":
		base.Freq = Daily
	case "W":
		base.Freq = Weekly
	case "MP", "MD":
		base.Freq = Monthly
	default:
		base.Freq = Yearly
	}
	if l.yearly {
		base.Freq = Yearly
	}
	if len(l.entries) == 0 {
		return []Rule{base}, nil
	}
	byTime := map[int]*Rule{}
	var times []int
	for _, e := range l.entries {
		at := e.times
		if len(at) == 0 {
			at = []int{-1}
		}
		for _, t := range at {
			r := byTime[t]
			if r == nil {
				one := base
				if r = &one; t >= 0 {
					r.ByHour, r.ByMinute = []int{t / 60}, []int{t % 60}
				}
				byTime[t] = r
				times = append(times, t)
			}
			l.add(r, e)
		}
	}
	if len(times) > 1 && l.count > 0 {
		return nil, fmt.Errorf("#%d over several times of day, which no rule of iCalendar counts together: %w", l.count, ErrRule)
	}
	if len(times) > maxOld {
		return nil, fmt.Errorf("%d times of day: %w", len(times), ErrRule)
	}
	slices.Sort(times)
	out := make([]Rule, 0, len(times))
	for _, t := range times {
		r := byTime[t]
		for _, list := range []*[]int{&r.ByMonth, &r.ByMonthDay, &r.ByYearDay} {
			slices.Sort(*list)
			*list = slices.Compact(*list)
		}
		slices.SortFunc(r.ByDay, compareWeekday)
		r.ByDay = slices.Compact(r.ByDay)
		out = append(out, *r)
	}
	return out, nil
}

func (l *old) add(r *Rule, e oldEntry) {
	if e.plain {
		return
	}
	if e.month > 0 {
		r.ByMonth = append(r.ByMonth, e.month)
	}
	switch l.kind {
	case "W":
		r.ByDay = append(r.ByDay, WeekdayNum{Day: e.day})
	case "MP":
		r.ByDay = append(r.ByDay, WeekdayNum{N: e.nth, Day: e.day})
	case "MD":
		r.ByMonthDay = append(r.ByMonthDay, e.num)
	case "YM":
		r.ByMonth = append(r.ByMonth, e.num)
	case "YD":
		r.ByYearDay = append(r.ByYearDay, e.num)
	}
}
