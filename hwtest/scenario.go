package hwtest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"cradle/mtp"
	"cradle/mtp/responder"
)

// A Scenario is what goes wrong with a virtual phone, and when: its faults and
// its timing. [ParseScenario] reads one; docs/scenarios.md describes the
// language. The zero Scenario is a phone without faults.
type Scenario struct {
	// Faults happen in transactions.
	Faults []ScenarioFault
	// Later happens some time after the phone was first plugged in.
	Later []LaterFault
	// RateIn and RateOut limit the bulk pipes, in bytes a second; 0: no limit.
	RateIn, RateOut int64

	options  []func(*Options) error // of set and lie, in order
	switched []string               // the keys of set
}

// Deed is what only a phone can do, beyond what a [responder.Fault] does.
type Deed uint8

const (
	NoDeed    Deed = iota
	Lock           // the storages can't be seen any more; StoreRemoved says so
	Unlock         // and again; StoreAdded
	Rekey          // all objects get other handles, without a word, as after a media scan
	SendEvent      // an event is sent
)

// ScenarioFault is a fault of a phone.
type ScenarioFault struct {
	responder.Fault // Call is the phone's, where there is a Deed
	Deed            Deed
	Event           mtp.EventCode
	Params          []uint32
}

// LaterFault is a fault that doesn't wait for a transaction.
type LaterFault struct {
	After time.Duration
	ScenarioFault
}

// apply changes the options of a phone as the scenario says.
func (s *Scenario) apply(o *Options) error {
	for _, f := range s.options {
		if err := f(o); err != nil {
			return err
		}
	}
	return nil
}

// plan gives a phone its faults.
func (p *Phone) plan(s *Scenario) error {
	for _, f := range s.Faults {
		f.bind(p)
		if err := f.Check(); err != nil {
			return fmt.Errorf("scenario: %w", err)
		}
		p.r.Plan(f.Fault)
	}
	for _, l := range s.Later {
		l.bind(p)
		if err := l.checkLater(); err != nil {
			return fmt.Errorf("scenario: %w", err)
		}
		p.later = append(p.later, l)
	}
	p.r.Pace(s.RateIn, s.RateOut)
	return nil
}

// checkLater says what can't happen between transactions.
func (f *ScenarioFault) checkLater() error {
	switch f.Do {
	case responder.Dead, responder.Pull, responder.Forget, responder.Call:
		return nil
	}
	return fmt.Errorf("%v happens in a transaction only", f.Do)
}

// bind makes a deed of p a call.
func (f *ScenarioFault) bind(p *Phone) {
	switch f.Deed {
	case Lock:
		f.Do, f.Call = responder.Call, func() { p.setLocked(true) }
	case Unlock:
		f.Do, f.Call = responder.Call, func() { p.setLocked(false) }
	case Rekey:
		f.Do, f.Call = responder.Call, func() { p.s.rekey(p.s.first + mtp.ObjectHandle(len(p.s.nodes)) + 1000) }
	case SendEvent:
		event, params := f.Event, f.Params
		f.Do, f.Call = responder.Call, func() { p.r.Emit(event, params...) }
	case NoDeed:
	}
}

// start sets the clock of what happens later.
func (p *Phone) start() {
	p.starting.Do(func() {
		for _, l := range p.later {
			p.timers = append(p.timers, time.AfterFunc(l.After, func() { p.r.Strike(l.Fault) }))
		}
	})
}

// ErrScenario is wrapped by errors about the text of a scenario.
var ErrScenario = errors.New("bad scenario")

// ParseScenario reads the text of a scenario. An error wraps [ErrScenario] and
// names the line.
func ParseScenario(text string) (*Scenario, error) {
	if len(text) > maxScenario {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrScenario, len(text), maxScenario)
	}
	s := &Scenario{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		line, _, _ = strings.Cut(line, "#")
		if err := s.parseLine(strings.TrimSpace(line)); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrScenario, n, err)
		}
	}
	return s, nil
}

// maxScenario bounds the text of a scenario.
const maxScenario = 64 << 10
