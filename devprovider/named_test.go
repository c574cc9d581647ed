package devprovider

import (
	"testing"

	"cradle/engine"
)

// TestNamesTellItems: what the name that Cradle gives says of an object whose text
// has no UID, for the store that may hold the item.
func TestNamesTellItems(t *testing.T) {
	const part = "3f9a1c2e"
	long := part + "8b1d40aa"
	cases := []struct {
		name, path, text string
		want             string
	}{
		{"a name", "ada-lovelace." + part + ".vcf", card("", "Ada"), part},
		{"without a slug", part + ".vcf", card("", "Ada"), part},
		{"a longer part", "ada." + long + ".vcf", card("", "Ada"), long},
		{"a step's", "ada." + part + "~8b1d40aa.vcf", card("", "Ada"), part},
		{"the user's own", "ada.vcf", card("", "Ada"), ""},
		{"a copy by the user", "ada." + part + " (1).vcf", card("", "Ada"), ""},
		{"upper case", "ada.3F9A1C2E.vcf", card("", "Ada"), ""},
		{"with a UID", "ada." + part + ".vcf", card("u1", "Ada"), ""},
		{"a bundle", "all." + part + ".vcf", card("", "Ada") + card("", "Bob"), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, nil)
			s.m.put(personal+c.path, c.text)
			s.clock.later()
			sv := s.survey()["contacts"]
			if len(sv.Objects) == 0 {
				t.Fatal("nothing was found")
			}
			for _, o := range sv.Objects {
				if o.NamedAfter != c.want {
					t.Errorf("named after: got %q, want %q", o.NamedAfter, c.want)
				}
			}
			// The state lists the object under another ID than its name tells.
			s.must(s.commit())
			s.clock.later()
			sv = s.survey()["contacts"]
			want := map[engine.ItemID]string{}
			if c.want != "" {
				want[s.onlyID()] = c.want
			}
			if len(sv.Named) != len(want) {
				t.Errorf("named in the state: got %v, want %v", sv.Named, want)
			}
			for id, part := range want {
				if sv.Named[id] != part {
					t.Errorf("named in the state: got %v, want %v", sv.Named, want)
				}
			}
		})
	}
	t.Run("as the item's own name", func(t *testing.T) {
		s := newScene(t, nil)
		id := engine.ItemID{0x3f, 0x9a}
		s.must(s.write("contacts", id, "personal", card("", "Ada")))
		s.must(s.commit())
		s.clock.later()
		if sv := s.survey()["contacts"]; len(sv.Named) != 0 || len(sv.Objects) != 0 {
			t.Errorf("got %v and %d objects, want nothing", sv.Named, len(sv.Objects))
		}
	})
}
