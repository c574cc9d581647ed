package enginetest

import (
	"testing"

	"cradle/engine"
	"cradle/valuebag"
)

// MemParticipant is a MemStore with toy items as a participant of the suite, with
// every capability but that of losing sight of an item.
type MemParticipant struct {
	Store *MemStore
	scope string
	now   int64
	n     byte
}

// NewMemParticipant makes one of the store; scope names its toys.
func NewMemParticipant(s *MemStore, scope string) *MemParticipant {
	return &MemParticipant{Store: s, scope: scope, now: startDay}
}

// Start gives the runtime over the store.
func (m *MemParticipant) Start(testing.TB) engine.Provider { return m.Store.Full() }

// Edit is what the user does.
func (m *MemParticipant) Edit(_ testing.TB, uid string, v *valuebag.Values) {
	m.now += 10_000
	m.Store.Edit(m.scope, engine.ItemIDFromUID(m.scope, uid, 1), v, m.now)
}

// Items are the live ones.
func (m *MemParticipant) Items(testing.TB) []*valuebag.Values {
	var vs []*valuebag.Values
	for _, v := range m.Store.Live(m.scope) {
		vs = append(vs, v)
	}
	return vs
}

// Add adds an item without a UID.
func (m *MemParticipant) Add(_ testing.TB, v *valuebag.Values) {
	m.n++
	m.now += 10_000
	m.Store.Edit(m.scope, engine.ItemID{0x99, m.n}, v, m.now)
}

// Writes counts commits.
func (m *MemParticipant) Writes(testing.TB) int { return m.Store.Commits }

// Refuse refuses an item.
func (m *MemParticipant) Refuse(uid string, err error) {
	m.Store.Refuse = func(id engine.ItemID, v *valuebag.Values) error {
		if err != nil && v != nil && Str(v, KeyUID) == uid {
			return &engine.ItemError{Item: id, Reason: err}
		}
		return nil
	}
}

// Crash kills the store at its nth commit.
func (m *MemParticipant) Crash(n int) {
	m.Store.Crash = nil
	if n > 0 {
		m.Store.Crash = func() bool { n--; return n == 0 }
	}
}

// Backup copies the store.
func (m *MemParticipant) Backup(testing.TB) func() {
	c := m.Store.Copy()
	return func() { m.Store = c }
}

// HoldsPart: what a filter keeps out leaves it.
func (m *MemParticipant) HoldsPart() {}

// Conflicts is the store's log.
func (m *MemParticipant) Conflicts(testing.TB) []engine.Conflict { return m.Store.Conflicts() }
