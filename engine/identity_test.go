package engine

import "testing"

// The IDs are part of the formats of states and stores: these must never change.
func TestItemIDGolden(t *testing.T) {
	d := Digest{1, 2, 3}
	for _, c := range []struct {
		name string
		got  ItemID
		want string
	}{
		{"contact, first holder", ItemIDFromUID("contacts", "abc", 1), "80b78cb8-634c-5dad-8a7c-e95b73603d66"},
		{"event, first holder", ItemIDFromUID("events", "abc", 1), "453f913e-1376-5d2a-af0b-657fd6b7d402"},
		{"contact, second holder", ItemIDFromUID("contacts", "abc", 2), "dc95ab5f-5773-5af6-b76b-0b2f939ede32"},
		{"contact, content, first", ItemIDFromContent("contacts", d, 1), "ab99f853-83f3-5f8b-bda7-feedb75d2061"},
		{"contact, content, second", ItemIDFromContent("contacts", d, 2), "80b32706-ce65-5531-a541-6384fda5fb76"},
		{"toy kind", ItemIDFromUID("toy", "abc", 1), "ba5c9004-82fd-5fbe-b561-f786a75edf1e"},
	} {
		if got := c.got.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestItemIDRules(t *testing.T) {
	if ItemIDFromUID("contacts", "x", 0) != ItemIDFromUID("contacts", "x", 1) {
		t.Error("n 0 and 1 differ, want both to be the first holder")
	}
	if ItemIDFromContent("contacts", Digest{1}, 0) != ItemIDFromContent("contacts", Digest{1}, 1) {
		t.Error("content n 0 and 1 differ, want the same")
	}
	if !IsItemIDOfUID(ItemIDFromUID("tasks", "x", 3), "tasks", "x") {
		t.Error("third holder not recognised as made from its UID")
	}
	if IsItemIDOfUID(ItemIDFromContent("tasks", Digest{1}, 1), "tasks", "x") || IsItemIDOfUID(ItemID{}, "tasks", "") {
		t.Error("an ID that isn't made from the UID was taken for one")
	}
}
