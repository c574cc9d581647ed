package enginetest_test

import (
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/valuebag"
)

// memory is a MemStore as a participant of the suite.
type memory struct {
	s   *MemStore
	now int64
	n   byte
}

func (m *memory) Start(testing.TB) engine.Provider { return m.s.Full() }

func (m *memory) Edit(_ testing.TB, uid string, v *valuebag.Values) {
	m.now += 10_000
	m.s.Edit(scope, engine.ItemIDFromUID(scope, uid, 1), v, m.now)
}

func (m *memory) Items(testing.TB) []*valuebag.Values {
	var vs []*valuebag.Values
	for _, v := range m.s.Live(scope) {
		vs = append(vs, v)
	}
	return vs
}

func (m *memory) Add(_ testing.TB, v *valuebag.Values) {
	m.n++
	m.now += 10_000
	m.s.Edit(scope, engine.ItemID{0x99, m.n}, v, m.now)
}

func (m *memory) Writes(testing.TB) int { return m.s.Commits }

func (m *memory) Refuse(uid string, err error) {
	m.s.Refuse = func(id engine.ItemID, v *valuebag.Values) error {
		if err != nil && v != nil && Str(v, KeyUID) == uid {
			return &engine.ItemError{Item: id, Reason: err}
		}
		return nil
	}
}

func (m *memory) Crash(n int) {
	m.s.Crash = nil
	if n > 0 {
		m.s.Crash = func() bool { n--; return n == 0 }
	}
}

func (m *memory) Backup(testing.TB) func() {
	c := m.s.Copy()
	return func() { m.s = c }
}

func (m *memory) Conflicts(testing.TB) []engine.Conflict { return m.s.Conflicts() }

// The runtime itself, over a keeper in memory.
func TestMemoryProvider(t *testing.T) {
	Providers(t, Subject{
		Schema: Toy{Scope: scope},
		Item:   Item,
		Units:  [3]string{"name", "note", "tags"},
		New: func(testing.TB) Participant {
			var n byte
			return &memory{now: 1_700_000_000_000, s: NewMemStore(func() engine.ReplicaID { n++; return engine.ReplicaID{0x80, n} }, Toy{Scope: scope})}
		},
		Skip: map[Capability]string{CanUnread: "what is in memory can always be read"},
	})
}
