package recur

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/teambition/rrule-go"
)

// question is a rule that several implementations are asked about.
type question struct {
	Rule  string `json:"rule"`
	Start string `json:"start"`
	N     int    `json:"n"`
	Alone bool   `json:"alone,omitempty"` // libical ends with a signal over it
	rule  Rule
	start Stamp
}

const stampForm = "20060102T150405"

// ask makes up a rule: mostly what programs write, with a share of everything else.
func ask(r *rand.Rand) question {
	some := func(of int) bool { return r.IntN(of) == 0 }
	list := func(least, most, n int, signed bool) string {
		var out []string
		for range 1 + r.IntN(n) {
			v := least + r.IntN(most-least+1)
			if signed && some(4) {
				v = -v
			}
			if x := strconv.Itoa(v); !slices.Contains(out, x) {
				out = append(out, x)
			}
		}
		return strings.Join(out, ",")
	}
	freq := Frequency(1 + r.IntN(7))
	if freq < Daily && some(2) {
		freq = Daily + Frequency(r.IntN(4))
	}
	parts := []string{"FREQ=" + freq.String()}
	if some(3) {
		parts = append(parts, "INTERVAL="+strconv.Itoa(1+r.IntN(6)))
	}
	if some(3) {
		parts = append(parts, "COUNT="+strconv.Itoa(1+r.IntN(30)))
	} else if some(4) {
		parts = append(parts, fmt.Sprintf("UNTIL=20%02d%02d%02dT120000", 26+r.IntN(8), 1+r.IntN(12), 1+r.IntN(28)))
	}
	if some(3) {
		parts = append(parts, "BYMONTH="+list(1, 12, 4, false))
	}
	if freq == Yearly && some(5) {
		parts = append(parts, "BYWEEKNO="+list(1, 53, 3, true))
	}
	if (freq == Yearly || freq < Daily) && some(6) {
		parts = append(parts, "BYYEARDAY="+list(1, 366, 6, true))
	}
	if freq != Weekly && some(4) {
		parts = append(parts, "BYMONTHDAY="+list(1, 31, 3, true))
	}
	if some(2) {
		var days []string
		number := (freq == Monthly || freq == Yearly) && !strings.Contains(strings.Join(parts, ";"), "BYWEEKNO") && some(2)
		for range 1 + r.IntN(3) {
			d := weekdayNames[r.IntN(7)]
			if number && !some(6) {
				n := 1 + r.IntN(5)
				if some(2) {
					n = -n
				}
				d = strconv.Itoa(n) + d
			}
			if !slices.Contains(days, d) {
				days = append(days, d)
			}
		}
		parts = append(parts, "BYDAY="+strings.Join(days, ","))
	}
	if some(5) {
		parts = append(parts, "BYHOUR="+list(0, 23, 3, false))
	}
	if some(6) {
		parts = append(parts, "BYMINUTE="+list(0, 59, 3, false))
	}
	if some(8) {
		parts = append(parts, "BYSECOND="+list(0, 59, 3, false))
	}
	if len(parts) > 2 && some(5) {
		parts = append(parts, "BYSETPOS="+list(1, 4, 2, true))
	}
	if some(5) {
		parts = append(parts, "WKST="+weekdayNames[r.IntN(7)])
	}
	start := time.Date(2024+r.IntN(4), time.Month(1+r.IntN(12)), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), 0, time.UTC)
	q := question{Rule: strings.Join(parts, ";"), Start: start.Format(stampForm), N: 8}
	q.rule, _ = ParseRule(q.Rule)
	q.Rule = q.rule.String() // sorted: libical takes times in the order written
	q.start, _ = ParseStamp(q.Start, nil)
	return q
}

// matches are the first n of a rule's, without DTSTART's special part, before the year 2100.
func (q *question) matches(t testing.TB) []string {
	c, err := compile(&q.rule, wallOf(q.start.Wall), false)
	if err != nil {
		t.Fatalf("%s: %v", q.Rule, err)
	}
	left := -1
	if q.rule.Count > 0 {
		left = q.rule.Count
	}
	w := c.newWalk(context.Background(), c.start, left)
	out := []string{}
	for len(out) < q.N {
		at, ok := w.next()
		if !ok || !q.rule.Until.IsZero() && at > wallOf(q.rule.Until.Wall) || at >= civilDay(2100, 1, 1)*daySeconds {
			break
		}
		out = append(out, wallTime(at).Format(stampForm))
	}
	return out
}

// library is what rrule-go makes of it.
func (q *question) library() (out []string) {
	defer func() {
		if x := recover(); x != nil {
			out = []string{"panic"}
		}
	}()
	o, err := rrule.StrToROption(q.Rule)
	if err != nil {
		return []string{"error: " + err.Error()}
	}
	o.Dtstart = q.start.Wall
	r, err := rrule.NewRRule(*o)
	if err != nil {
		return []string{"error: " + err.Error()}
	}
	next := r.Iterator()
	out = []string{}
	for len(out) < q.N {
		t, ok := next()
		if !ok || t.Year() >= 2100 {
			break
		}
		out = append(out, t.Format(stampForm))
	}
	return out
}

// opinion is a line of testdata/opinion.py.
type opinion struct {
	Dateutil []string `json:"dateutil"`
	Libical  []string `json:"libical"`
}

// opinions asks python-dateutil and libical.
func opinions(t *testing.T, qs []question) []opinion {
	t.Helper()
	var in bytes.Buffer
	for i := range qs {
		b, err := json.Marshal(&qs[i])
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(b, '\n'))
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Log("no python3: install it with python3-dateutil and libical3 for further opinions")
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "testdata/opinion.py")
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	b, err := cmd.Output()
	if err != nil && cmd.ProcessState != nil && !cmd.ProcessState.Exited() && ctx.Err() == nil { // by a signal
		if len(qs) == 1 && !qs[0].Alone {
			t.Logf("libical ends with a signal over %s from %s", qs[0].Rule, qs[0].Start)
			qs[0].Alone = true
			return opinions(t, qs)
		} else if half := len(qs) / 2; half > 0 {
			return append(opinions(t, qs[:half]), opinions(t, qs[half:])...)
		}
	}
	if err != nil {
		t.Fatalf("opinion.py: %v\n%s", err, stderr.String())
	}
	var out []opinion
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		var o opinion
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		out = append(out, o)
	}
	if len(out) > 0 && out[0].Dateutil == nil {
		t.Log("no python3-dateutil: install it for a further opinion")
	}
	if len(out) != len(qs) {
		t.Fatalf("%d answers to %d questions", len(out), len(qs))
	}
	return out
}

// quick is within what time a fine rule has to give what is asked for: the others look at every
// second on the way.
var quick = map[Frequency]time.Duration{Secondly: time.Hour, Minutely: 48 * time.Hour, Hourly: 60 * 24 * time.Hour}

// differences explains where another implementation comes to something else. A difference that no
// row explains fails the test, and so does a row that explains none.
var differences = []struct {
	who, name string
	applies   func(r *Rule) bool
	why       string
}{
	{"rrule-go dateutil", "days with and without numbers", mixed,
		"they ask for both, so MO,-1FR is nothing at all; here it is the union"},
	{"rrule-go dateutil", "weeks without days", func(r *Rule) bool { return len(r.ByWeekNo) > 0 && len(r.ByDay) == 0 },
		"all seven days; here and in libical the weekday of DTSTART, which the rule leaves to it (RFC 5545 §3.3.10)"},
	{"rrule-go dateutil", "places in a first or last week", func(r *Rule) bool { return len(r.ByWeekNo) > 0 && len(r.BySetPos) > 0 },
		"the days of a week that lie in the next year count there; here the period is the week year"},
	{"rrule-go dateutil", "places in a week that began before DTSTART", func(r *Rule) bool { return r.Freq == Weekly && len(r.BySetPos) > 0 },
		"their first week begins at DTSTART; here the whole week is the set, and what precedes DTSTART isn't given"},
	{"libical", "weeks", func(r *Rule) bool { return len(r.ByWeekNo) > 0 },
		"observed with 3.0.16: other weeks and weekdays than ISO 8601 and the two others have"},
	{"libical", "negative days of a daily rule", func(r *Rule) bool {
		return r.Freq == Daily && slices.ContainsFunc(r.ByMonthDay, func(d int) bool { return d < 0 })
	}, "observed with 3.0.16: they never match"},
	{"libical", "days of the month in a yearly rule", func(r *Rule) bool { return r.Freq == Yearly && len(r.ByMonthDay) > 0 },
		"observed with 3.0.16: without BYMONTH the month of DTSTART alone, and other days with BYDAY; RFC 5545 expands to every month"},
	{"libical", "days of the year with others", func(r *Rule) bool {
		return len(r.ByYearDay) > 0 && len(r.ByDay)+len(r.ByMonthDay)+len(r.ByMonth) > 0
	}, "observed with 3.0.16: nothing at all; RFC 5545 limits the one by the other"},
	{"libical", "places", func(r *Rule) bool { return len(r.BySetPos) > 0 },
		"observed with 3.0.16: several times of day aren't counted one by one, and a first period is counted from DTSTART on"},
	{"libical", "every few weeks", func(r *Rule) bool { return r.Freq == Weekly && r.Interval > 1 },
		"observed with 3.0.16: a listed day later in DTSTART's own week is passed over"},
}

// seed chooses which rules are made up: CRADLE_SEED, else always the same.
func seed(t *testing.T) uint64 {
	t.Helper()
	v := os.Getenv("CRADLE_SEED")
	if v == "" {
		return 1
	}
	n, err := strconv.ParseUint(v, 10, 64)
	if err != nil {
		t.Fatalf("CRADLE_SEED: %v", err)
	}
	return n
}

// rules is how many rules are made up: CRADLE_RULES, say 4000 (a minute or two), else a quick
// sample. A sample needn't meet every difference.
func rules(t *testing.T) (n int, whole bool) {
	t.Helper()
	v := os.Getenv("CRADLE_RULES")
	if v == "" {
		return 250, false
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("CRADLE_RULES: %v", err)
	}
	return n, n >= 2000
}

// TestOpinions compares generated rules with rrule-go and, where they are installed, with
// python-dateutil and libical.
func TestOpinions(t *testing.T) {
	n, whole := rules(t)
	r := rand.New(rand.NewPCG(5545, seed(t)))
	var qs []question
	for len(qs) < n {
		q := ask(r)
		if mixed(&q.rule) && len(qs)%50 != 0 {
			continue // dateutil looks for them to the year 9999
		}
		// Rules that give too little are asked of rrule-go alone, below: the others search long.
		free := q
		free.rule.Count, free.rule.Until = 0, Stamp{}
		m := free.matches(t)
		if len(m) < q.N || m[q.N-1] > "2060" || q.rule.Freq < Daily && m[q.N-1] > q.start.Wall.Add(quick[q.rule.Freq]).Format(stampForm) {
			continue
		}
		qs = append(qs, q)
	}
	explained := make([]int, len(differences))
	agree := make([]int, len(qs)) // of the others
	compare := func(i int, who string, got []string) {
		q := &qs[i]
		want := q.matches(t)
		for len(got) > 0 && got[len(got)-1] >= "2100" && got[len(got)-1][0] == '2' {
			got = got[:len(got)-1]
		}
		if slices.Equal(got, want) {
			agree[i]++
			return
		}
		for i, d := range differences {
			if strings.Contains(d.who, who) && d.applies(&q.rule) {
				explained[i]++
				return
			}
		}
		t.Errorf("%s from %s: %s says %v, want %v", q.Rule, q.Start, who, got, want)
	}
	for i := range qs {
		compare(i, "rrule-go", qs[i].library())
	}
	others := false
	for at := 0; at < len(qs); at += 500 {
		said := opinions(t, qs[at:min(at+500, len(qs))])
		for i := range said {
			if said[i].Dateutil != nil {
				compare(at+i, "dateutil", said[i].Dateutil)
			}
			if said[i].Libical != nil {
				others = true
				compare(at+i, "libical", said[i].Libical)
			}
		}
	}
	lonely := 0
	for i := range qs {
		if agree[i] > 0 {
			continue
		}
		// Weeks without days, and places in a first week, are what the others do in two other ways.
		if r := &qs[i].rule; others && len(r.ByWeekNo) == 0 && !(r.Freq == Weekly && len(r.BySetPos) > 0) {
			t.Errorf("nobody says the same of %s from %s: %v", qs[i].Rule, qs[i].Start, qs[i].matches(t))
		}
		lonely++
	}
	t.Logf("%d rules, of %d nobody else says the same", len(qs), lonely)
	for i, d := range differences {
		t.Logf("%5d  %-18s %s: %s", explained[i], d.who, d.name, d.why)
		if explained[i] == 0 && whole && seed(t) == 1 && (d.who != "libical" || others) {
			t.Errorf("%s: %q explains nothing any more", d.who, d.name)
		}
	}
}

// TestSparse asks rrule-go about rules that give little or nothing, within the bounds of what it
// ends at all.
func TestSparse(t *testing.T) {
	r := rand.New(rand.NewPCG(5545, 2))
	seen := 0
	n, _ := rules(t)
	n = min(n, 1000)
	for range n {
		q := ask(r)
		m := q.matches(t)
		if q.rule.Freq < Weekly || mixed(&q.rule) || len(q.rule.ByWeekNo) > 0 || len(m) >= q.N {
			continue
		}
		if q.rule.Freq == Weekly && len(q.rule.BySetPos) > 0 {
			continue
		}
		seen++
		if got := q.library(); !slices.Equal(got, m) {
			t.Errorf("%s from %s: rrule-go says %v, want %v", q.Rule, q.Start, got, m)
		}
	}
	if seen < n/30 {
		t.Errorf("only %d rules gave little", seen)
	}
}

// mixed reports days with and days without a number in one rule.
func mixed(r *Rule) bool {
	plain, numbered := false, false
	for _, d := range r.ByDay {
		plain = plain || d.N == 0
		numbered = numbered || d.N != 0
	}
	return plain && numbered
}
