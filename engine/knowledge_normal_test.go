package engine

import "testing"

// TestKnowledgeNormalForm: what comes to the same function comes to the same form,
// whichever way.
func TestKnowledgeNormalForm(t *testing.T) {
	v := func(r byte, tick uint64) Version { return Version{ReplicaID{r}, tick} }
	one, two := ItemID{1}, ItemID{2}
	name := "name"
	older, whole := NewKnowledge(v(1, 1)), NewKnowledge(v(1, 2))
	for _, tt := range []struct {
		what string
		got  Knowledge
		want Knowledge
	}{
		{"a unit catches up", whole.Except(one, &name, older).Union(whole), whole},
		{"a unit falls back to its range", older.Except(one, &name, whole).Intersect(older), older},
		{"an item catches up", whole.Except(one, nil, older).Union(whole), whole},
		{"a range is put together", Knowledge{}.Learn(whole, MinItemID, one).Union(Knowledge{}.Learn(whole, one, MaxItemID)), whole},
		{"neighbours come to the same", older.Learn(whole, one, two).Union(NewKnowledge(v(1, 2))), whole},
		{"two ranges rise to one tick", whole.Learn(NewKnowledge(v(1, 3)), one, one).WithTick(v(1, 3)), NewKnowledge(v(1, 3))},
		{"two ranges are capped to one tick", whole.Learn(NewKnowledge(v(1, 3)), one, one).CapTick(ReplicaID{1}, 2), whole},
	} {
		if !tt.got.Equal(tt.want) || tt.got.Exceptions() != 0 {
			t.Errorf("%s: got %s, want %s", tt.what, tt.got, tt.want)
		}
	}
}
