package hwtest_test

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

func TestParseScenario(t *testing.T) {
	s, err := hwtest.ParseScenario(`
# A comment.
on GetObject nth 2 at data 64K: stall GeneralError # another
on any from 3 every 2 times 4 at response: answer 0x2019
on 0x9123: wait 1m
on SendObject: end
on DeleteObject: drop
on GetObjectInfo: event ObjectAdded 0x10 7
on any at cancel: dead
after 1.5s: pull 2s
latency 20ms GetObject DeleteObject
rate 2M in
rate 500 out
`)
	if err != nil {
		t.Fatal(err)
	}
	fault := func(f responder.Fault) hwtest.ScenarioFault { return hwtest.ScenarioFault{Fault: f} }
	event := fault(responder.Fault{Op: mtp.OpGetObjectInfo, Phase: responder.After, Do: responder.Call})
	event.Deed, event.Event, event.Params = hwtest.SendEvent, mtp.EventObjectAdded, []uint32{16, 7}
	want := []hwtest.ScenarioFault{
		fault(responder.Fault{Op: mtp.OpGetObject, From: 2, Count: 1, Phase: responder.InData, Bytes: 64 << 10, Do: responder.Stall, Code: mtp.GeneralError}),
		fault(responder.Fault{From: 3, Every: 2, Count: 4, Phase: responder.AtResponse, Do: responder.Answer, Code: mtp.DeviceBusy}),
		fault(responder.Fault{Op: 0x9123, Do: responder.Wait, For: time.Minute}),
		fault(responder.Fault{Op: mtp.OpSendObject, Phase: responder.InData, Do: responder.End}),
		fault(responder.Fault{Op: mtp.OpDeleteObject, Phase: responder.AtResponse, Do: responder.Drop}),
		event,
		fault(responder.Fault{Phase: responder.AtCancel, Do: responder.Dead}),
		fault(responder.Fault{Op: mtp.OpGetObject, Do: responder.Wait, For: 20 * time.Millisecond}),
		fault(responder.Fault{Op: mtp.OpDeleteObject, Do: responder.Wait, For: 20 * time.Millisecond}),
	}
	if len(s.Faults) != len(want) {
		t.Fatalf("%d faults, want %d", len(s.Faults), len(want))
	}
	for i, w := range want {
		if !reflect.DeepEqual(s.Faults[i], w) {
			t.Errorf("fault %d is %+v, want %+v", i, s.Faults[i], w)
		}
	}
	if len(s.Later) != 1 || s.Later[0].After != 1500*time.Millisecond || s.Later[0].Do != responder.Pull || s.Later[0].For != 2*time.Second {
		t.Errorf("later %+v", s.Later)
	}
	if s.RateIn != 2<<20 || s.RateOut != 500 {
		t.Errorf("rates %d and %d", s.RateIn, s.RateOut)
	}
}

// TestBadScenario: each mistake is told with its line and with what is wanted.
func TestBadScenario(t *testing.T) {
	for text, want := range map[string]string{
		"explode":                              `no statement begins with "explode"`,
		"on":                                   "want on OPERATION",
		"on GetObject stall":                   "want on OPERATION",
		"on GetObjekt: stall":                  `no operation "GetObjekt"`,
		"on 0x0: stall":                        `no operation "0x0"`,
		"on GetObject nth: stall":              "nth: want a number",
		"on GetObject nth 0: stall":            "nth",
		"on GetObject nth x: stall":            "nth",
		"on GetObject at noon: stall":          `no phase "noon"`,
		"on GetObject at: stall":               "at: want command, data",
		"on GetObject at data -1: stall":       `-1`,
		"on GetObject sometimes often: stall":  `unexpected "sometimes"`,
		"on GetObject: explode":                `no action "explode"`,
		"on GetObject:":                        "no action",
		"on GetObject: wait":                   "wait: want a time",
		"on GetObject: wait long":              `"long" is no time`,
		"on GetObject: wait -1s":               "no time",
		"on GetObject: wait 25h":               "up to 24h",
		"on GetObject: stall Oops":             `no response "Oops"`,
		"on GetObject: drop it":                `"it" is too much`,
		"on GetObject: answer":                 "answer: want a response",
		"on GetObject: event":                  "event: want a name",
		"on GetObject: event Birthday":         `no event "Birthday"`,
		"on GetObject: event ObjectAdded -1":   `"-1" is no number`,
		"on GetObject: length short":           "bytes",
		"on GetObject at command: garble":      "garble can't happen at the command",
		"on GetObject at cancel: answer OK":    "answer can't happen",
		"on GetObject at end: stall":           "stall can't happen",
		"after: unlock":                        "no time",
		"after 2s unlock":                      "want after DURATION: ACTION",
		"after 2s: stall":                      "in a transaction only",
		"latency":                              "want latency",
		"latency 2s Nothing":                   `no operation "Nothing"`,
		"rate":                                 "want rate",
		"rate fast":                            "number",
		"rate 3":                               "want at least 64",
		"rate 2M up":                           `no direction "up"`,
		"rate 9999999999999G":                  "number",
		"lie":                                  "want lie",
		"lie white":                            `unknown lie "white"`,
		"set locked":                           "want set KEY=VALUE",
		"set colour=red":                       `no switch "colour"`,
		"set locked=perhaps":                   "want 0 or 1",
		"set scenario=again":                   "no switch",
		"set serial=a\nset serial=b":           "serial: given twice",
		"on GetObject nth 1 times 2: stall":    "nth is one transaction alone",
		"on GetObject nth 1 nth 2: stall":      "nth stands there twice",
		"on GetObject at data 1X: stall":       `"1X": want a number`,
		strings.Repeat("# dear diary\n", 9000): "more than",
	} {
		_, err := hwtest.ParseScenario("lie busy\n" + text + "\nrate 1M\n")
		if !errors.Is(err, hwtest.ErrScenario) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		} else if len(text) < 1000 && !strings.Contains(err.Error(), fmt.Sprint("line ", 2+strings.Count(text, "\n"))) {
			t.Errorf("%q: %v doesn't name the line", text, err)
		}
	}
}

// TestScenarioFiles: the suite has every action, every phase that it makes sense
// in, and every lie but those that only a sync can see through.
func TestScenarioFiles(t *testing.T) {
	seen := map[string]bool{}
	var text strings.Builder
	for _, f := range scenarioFiles(t) {
		text.WriteString(f.text)
		s, err := hwtest.ParseScenario(f.text)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		for _, f := range s.Faults {
			seen[fmt.Sprint(f.Do, " ", f.Phase)] = true
		}
	}
	for do := responder.Wait; do < responder.Call; do++ {
		for _, phase := range do.Phases() {
			if what := fmt.Sprint(do, " ", phase); !seen[what] {
				t.Errorf("no scenario has %s", what)
			}
		}
	}
	contents := []string{"rename", "delete", "short-write", "nul-write", "set-date", "names"} // seen by a sync's own checks
	for _, path := range nastyFiles(t) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(b)
	}
	for _, row := range responder.LieTable {
		if !strings.Contains(text.String(), "lie "+row.Name+"\n") && !slices.Contains(contents, row.Name) {
			t.Errorf("no scenario has lie %s", row.Name)
		}
	}
}

// FuzzScenario: no text makes the parser panic, and what it takes makes a phone.
func FuzzScenario(f *testing.F) {
	for _, s := range scenarioFiles(f) {
		f.Add(s.text)
	}
	f.Add("on any from 3 every 2 times 4 at response: answer 0x2019\nafter 1s: rekey\nset storages=a,b")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		s, err := hwtest.ParseScenario(text)
		if err != nil {
			if !errors.Is(err, hwtest.ErrScenario) {
				t.Errorf("%v", err)
			}
			return
		}
		p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{Scenario: s})
		if err != nil {
			if !strings.Contains(text, "set") { // folders that aren't there
				t.Errorf("%v", err)
			}
			return
		}
		p.Close()
	})
}
