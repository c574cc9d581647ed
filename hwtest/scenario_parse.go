package hwtest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cradle/mtp"
	"cradle/mtp/responder"
)

// parseLine reads one statement.
func (s *Scenario) parseLine(line string) error {
	word, rest := line, ""
	if i := strings.IndexAny(line, " \t:"); i >= 0 {
		word, rest = line[:i], strings.TrimSpace(line[i:])
	}
	switch word {
	case "":
		return nil
	case "on":
		return s.parseOn(rest)
	case "after":
		return s.parseAfter(rest)
	case "latency":
		return s.parseLatency(strings.Fields(rest))
	case "rate":
		return s.parseRate(strings.Fields(rest))
	case "lie":
		return s.parseLie(strings.Fields(rest))
	case "set":
		return s.parseSet(rest)
	}
	return fmt.Errorf("no statement begins with %q: want on, after, latency, rate, lie or set", word)
}

// parseOn reads OP [TIMES] [at PHASE]: ACTION.
func (s *Scenario) parseOn(text string) error {
	head, action, ok := strings.Cut(text, ":")
	words := strings.Fields(head)
	if !ok || len(words) == 0 {
		return errors.New("want on OPERATION [nth N] [at PHASE]: ACTION")
	}
	f := ScenarioFault{}
	f.Phase = responder.AtCommand
	var err error
	if f.Op, err = operationNamed(words[0]); err != nil {
		return err
	}
	placed := false
	var said []string
	for words = words[1:]; len(words) > 0; {
		key, args := words[0], words[1:]
		want, known := onKeys[key]
		switch {
		case !known:
			return fmt.Errorf("unexpected %q: want nth, from, every, times or at", key)
		case len(args) == 0:
			return fmt.Errorf("%s: want %s", key, want)
		case slices.Contains(said, key):
			return fmt.Errorf("%s stands there twice", key)
		}
		said = append(said, key)
		words = args[1:]
		switch key {
		case "nth", "from", "every", "times":
			n, err := number(args[0], 1, 1e9)
			if err != nil {
				return fmt.Errorf("%s %w", key, err)
			}
			switch key {
			case "nth":
				f.From, f.Count = int(n), 1
			case "from":
				f.From = int(n)
			case "every":
				f.Every = int(n)
			default:
				f.Count = int(n)
			}
		case "at":
			placed = true
			if words, err = f.parsePhase(args[0], words); err != nil {
				return err
			}
		}
	}
	if slices.Contains(said, "nth") && slices.ContainsFunc(said, func(k string) bool { return k == "from" || k == "every" || k == "times" }) {
		return errors.New("nth is one transaction alone: leave it out, or from, every and times")
	}
	if err := f.parseAction(strings.Fields(action)); err != nil {
		return err
	}
	if !placed {
		f.Phase = naturalPhase(&f)
	}
	probe := f.Fault
	if f.Deed != NoDeed {
		probe.Do, probe.Call = responder.Call, func() {}
	}
	if err := probe.Check(); err != nil {
		return err
	}
	s.Faults = append(s.Faults, f)
	return nil
}

// onKeys are what may follow an operation, with what they need.
var onKeys = map[string]string{
	"nth": "a number, such as nth 2", "from": "a number, such as from 2", "every": "a number, such as every 3",
	"times": "a number, such as times 2", "at": "command, data [BYTES], response, end or cancel",
}

// naturalPhase is where an action happens if nothing else is said.
func naturalPhase(f *ScenarioFault) responder.Phase {
	switch {
	case f.Deed != NoDeed, f.Do == responder.Forget:
		return responder.After
	case f.Do == responder.End, f.Do == responder.Garble, f.Do == responder.Length:
		return responder.InData
	case f.Do == responder.Drop:
		return responder.AtResponse
	}
	return responder.AtCommand
}

// parsePhase reads a phase; words are what follows it.
func (f *ScenarioFault) parsePhase(name string, words []string) ([]string, error) {
	switch name {
	case "command":
		f.Phase = responder.AtCommand
	case "data":
		f.Phase = responder.InData
		if len(words) > 0 {
			if _, key := onKeys[words[0]]; key {
				return words, nil
			}
			n, err := size(words[0])
			if err != nil {
				return nil, fmt.Errorf("at data: %w", err)
			}
			f.Bytes, words = n, words[1:]
		}
	case "response":
		f.Phase = responder.AtResponse
	case "end":
		f.Phase = responder.After
	case "cancel":
		f.Phase = responder.AtCancel
	default:
		return nil, fmt.Errorf("no phase %q: want command, data [BYTES], response, end or cancel", name)
	}
	return words, nil
}

// actions are those of the responder by name, with how many arguments they need
// and may have.
var actions = map[string]struct {
	do       responder.Action
	min, max int
}{
	"wait": {responder.Wait, 1, 1}, "stall": {responder.Stall, 0, 1}, "drop": {responder.Drop, 0, 0},
	"silent": {responder.Silent, 0, 0}, "dead": {responder.Dead, 0, 0}, "pull": {responder.Pull, 0, 1},
	"answer": {responder.Answer, 1, 1}, "end": {responder.End, 0, 0}, "garble": {responder.Garble, 0, 0},
	"length": {responder.Length, 1, 1}, "forget": {responder.Forget, 0, 0},
	"lock": {responder.Call, 0, 0}, "unlock": {responder.Call, 0, 0}, "rekey": {responder.Call, 0, 0},
	"event": {responder.Call, 1, 4},
}

// actionNeeds is what an action can't do without.
var actionNeeds = map[string]string{
	"wait": "a time, such as 300ms", "answer": "a response, such as GeneralError", "length": "bytes, such as 4K, or unknown",
	"event": "a name, such as ObjectAdded",
}

func (f *ScenarioFault) parseAction(words []string) error {
	if len(words) == 0 {
		return errors.New("no action after the colon")
	}
	name, args := words[0], words[1:]
	a, ok := actions[name]
	switch {
	case !ok:
		return fmt.Errorf("no action %q: want wait, stall, drop, silent, dead, pull, answer, end, garble, length, forget, lock, unlock, rekey or event", name)
	case len(args) < a.min:
		return fmt.Errorf("%s: want %s", name, actionNeeds[name])
	case len(args) > a.max:
		return fmt.Errorf("%s: %q is too much", name, args[a.max])
	}
	f.Do = a.do
	var err error
	switch name {
	case "wait":
		f.For, err = duration(args[0])
	case "pull":
		if len(args) > 0 {
			f.For, err = duration(args[0])
		}
	case "stall", "answer":
		if len(args) > 0 {
			f.Code, err = responseNamed(args[0])
		}
	case "length":
		if f.Size = -1; args[0] != "unknown" {
			f.Size, err = size(args[0])
		}
	case "lock":
		f.Deed = Lock
	case "unlock":
		f.Deed = Unlock
	case "rekey":
		f.Deed = Rekey
	case "event":
		f.Deed = SendEvent
		err = f.parseEvent(args)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (f *ScenarioFault) parseEvent(args []string) error {
	code, ok := mtp.EventCodeNamed(args[0])
	if !ok {
		return fmt.Errorf("no event %q: want a name such as ObjectAdded, or 0x4002", args[0])
	}
	f.Event = code
	for _, a := range args[1:] {
		n, err := strconv.ParseUint(a, 0, 32)
		if err != nil {
			return fmt.Errorf("parameter %q is no number of 32 bits", a)
		}
		f.Params = append(f.Params, uint32(n))
	}
	return nil
}

// parseAfter reads DURATION: ACTION.
func (s *Scenario) parseAfter(text string) error {
	head, action, ok := strings.Cut(text, ":")
	if !ok {
		return errors.New("want after DURATION: ACTION")
	}
	l := LaterFault{}
	var err error
	if l.After, err = duration(strings.TrimSpace(head)); err != nil {
		return err
	}
	if err := l.parseAction(strings.Fields(action)); err != nil {
		return err
	}
	if err := l.checkLater(); err != nil {
		return err
	}
	s.Later = append(s.Later, l)
	return nil
}

// parseLatency reads DURATION [OP…].
func (s *Scenario) parseLatency(words []string) error {
	if len(words) == 0 {
		return errors.New("want latency DURATION [OPERATION…]")
	}
	d, err := duration(words[0])
	if err != nil {
		return err
	}
	if words = words[1:]; len(words) == 0 {
		words = []string{"any"}
	}
	for _, w := range words {
		op, err := operationNamed(w)
		if err != nil {
			return err
		}
		s.Faults = append(s.Faults, ScenarioFault{Fault: responder.Fault{Op: op, Do: responder.Wait, For: d}})
	}
	return nil
}

// parseRate reads SIZE [in|out].
func (s *Scenario) parseRate(words []string) error {
	if len(words) == 0 || len(words) > 2 {
		return errors.New("want rate BYTES [in|out], the bytes a second, such as 2M")
	}
	n, err := size(words[0])
	if err != nil {
		return err
	}
	if n < 64 {
		return fmt.Errorf("%d bytes a second: want at least 64, such as 64K", n)
	}
	switch {
	case len(words) == 1:
		s.RateIn, s.RateOut = n, n
	case words[1] == "in":
		s.RateIn = n
	case words[1] == "out":
		s.RateOut = n
	default:
		return fmt.Errorf("no direction %q: want in or out", words[1])
	}
	return nil
}

func (s *Scenario) parseLie(names []string) error {
	if len(names) == 0 {
		return errors.New("want lie NAME…")
	}
	lies, err := responder.ParseLies(strings.Join(names, ","))
	if err != nil {
		return err
	}
	s.options = append(s.options, func(o *Options) error { o.Lies |= lies; return nil })
	return nil
}

// parseSet reads KEY=VALUE, a switch of a selector.
func (s *Scenario) parseSet(text string) error {
	key, value, ok := strings.Cut(text, "=")
	set, known := switches[key]
	switch {
	case !ok:
		return errors.New("want set KEY=VALUE")
	case !known || key == "scenario":
		return fmt.Errorf("no switch %q", key)
	case slices.Contains(s.switched, key) && key != "cut":
		return fmt.Errorf("%s: given twice", key)
	}
	s.switched = append(s.switched, key)
	if err := set(&Options{}, value); err != nil {
		return fmt.Errorf("%s=%s: %w", key, value, err)
	}
	s.options = append(s.options, func(o *Options) error { return set(o, value) })
	return nil
}

func operationNamed(name string) (mtp.OpCode, error) {
	if name == "any" {
		return 0, nil
	}
	op, ok := mtp.OpCodeNamed(name)
	if !ok || op == 0 {
		return 0, fmt.Errorf("no operation %q: want a name such as GetObject, 0x9123, or any", name)
	}
	return op, nil
}

func responseNamed(name string) (mtp.RespCode, error) {
	code, ok := mtp.RespCodeNamed(name)
	if !ok || code == 0 {
		return 0, fmt.Errorf("no response %q: want a name such as GeneralError, or 0x2002", name)
	}
	return code, nil
}

func duration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > 24*time.Hour {
		return 0, fmt.Errorf("%q is no time: want 300ms, 2s, 1m up to 24h", text)
	}
	return d, nil
}

func number(text string, least, most int64) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%q: want a number from %d to %d", text, least, most)
	}
	return n, nil
}

// size reads bytes, with K, M or G for powers of 1024.
func size(text string) (int64, error) {
	shift := 0
	for i, unit := range []string{"K", "M", "G"} {
		if t, ok := strings.CutSuffix(text, unit); ok {
			text, shift = t, 10*(i+1)
			break
		}
	}
	n, err := number(text, 0, 1<<(50-shift))
	if err != nil {
		return 0, fmt.Errorf("bytes: %w, and perhaps K, M or G", err)
	}
	return n << shift, nil
}
