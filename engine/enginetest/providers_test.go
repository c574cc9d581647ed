package enginetest_test

import (
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
)

// The runtime itself, over a keeper in memory.
func TestMemoryProvider(t *testing.T) {
	Providers(t, Subject{
		Schema:  Toy{Scope: scope},
		Item:    Item,
		Units:   [3]string{"name", "note", "tags"},
		Filter:  engine.Filter{Rules: []engine.Rule{{Name: RuleLeaveOut, Params: []string{"out"}}}},
		Outside: func(v *bag) *bag { return With(v, KeyCollection, "out") },
		New: func(testing.TB) Participant {
			var n byte
			return NewMemParticipant(NewMemStore(func() engine.ReplicaID { n++; return engine.ReplicaID{0x80, n} }, Toy{Scope: scope}), scope)
		},
		Skip: map[Capability]string{CanUnread: "what is in memory can always be read"},
	})
}
