package engine

import "testing"

func TestCookie(t *testing.T) {
	a, b := ReplicaID{'A'}, ReplicaID{'A', 15: 1}
	name := "name"
	clean := NewKnowledge(Version{a, 6}, Version{b, 300})
	all := []struct {
		name string
		k    Knowledge
		want string // of version 1 of the canonical form
	}{
		{"nothing", Knowledge{}, "5eca68044c0ca7b2769bcba7a0720c83"},
		{"clean", clean, "ea0f17d5bd87f4117f93d3cc0fd52097"},
		{"a tick more", clean.WithTick(Version{b, 301}), "ee4af5870cb1b5c0220cefa27ef72f6a"},
		{"another replica", NewKnowledge(Version{a, 6}, Version{ReplicaID{'A', 15: 2}, 300}), "5f9b1e6442c3463fe34163cf922fcd87"},
		{"an item less", clean.ExcludeItem(idOf(5)), "aa884f7e055e14dbb9f39b33d651d5f4"},
		{"another item less", clean.ExcludeItem(idOf(6)), "3dc23522ff35bd4397a41450955943f7"},
		{"a unit less", clean.ExcludeUnit(idOf(5), name), "9af03025c73ac0b09bdea669d7a423d5"},
		{"a unit of all items less", clean.ProjectUnits(ColumnsBut(name)), "eb8f67fa046c34c4136ef1104339f69c"},
	}
	for i, row := range all {
		if got := row.k.Cookie().String(); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
		for j, other := range all {
			if got, want := row.k.Matches(other.k.Cookie()), i == j; got != want {
				t.Errorf("%s matches the cookie of %s: got %v, want %v", row.name, other.name, got, want)
			}
		}
	}
	// The way it came about doesn't show.
	back := clean.ExcludeItem(idOf(5)).Learn(clean, idOf(5), idOf(5))
	if back.Cookie() != clean.Cookie() {
		t.Errorf("an item less and learned again: got %s, want %s", back.Cookie(), clean.Cookie())
	}
}
