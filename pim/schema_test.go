package pim_test

import (
	"testing"

	"cradle/engine"
	"cradle/pim"
)

// Every kind is a schema of the engine, and what the engine describes of an
// item is what the kind says of it.
func TestKindsAreSchemas(t *testing.T) {
	texts := map[*pim.Kind]string{
		pim.Contacts: "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:a\r\nFN:Ada\r\nTEL:1\r\nTEL:1\r\nTEL:2\r\nEND:VCARD\r\n",
		pim.Events:   "BEGIN:VEVENT\r\nUID:a\r\nSUMMARY:x\r\nCATEGORIES:b,c\r\nEND:VEVENT\r\n",
		pim.Tasks:    "BEGIN:VTODO\r\nUID:a\r\nSUMMARY:x\r\nATTENDEE:mailto:a@x\r\nEND:VTODO\r\n",
		pim.Notes:    "BEGIN:VNOTE\r\nVERSION:1.1\r\nBODY:x\r\nEND:VNOTE\r\n",
	}
	for _, k := range pim.Kinds() {
		var s engine.Schema = k
		item, err := k.New([]byte(texts[k]), "personal")
		if err != nil {
			t.Fatal(err)
		}
		units := map[string]engine.UnitMeta{}
		for _, u := range engine.Describe(s, item) {
			units[u.Unit] = u
		}
		for _, name := range k.Units() {
			d := k.Digest(item, name)
			u, there := units[name]
			if there != (d != [16]byte{}) || u.Digest != engine.Digest(d) {
				t.Errorf("%s %s: described as %x, digest %x", k.Name(), name, u.Digest, d)
			}
			if there && len(u.Elements) != len(k.Elements(item, name)) {
				t.Errorf("%s %s: %d elements described, %d there", k.Name(), name, len(u.Elements), len(k.Elements(item, name)))
			}
		}
		if !engine.Digest(k.ContentDigest(item)).IsZero() && units["collection"].Unit == "" {
			t.Errorf("%s: no collection among %v", k.Name(), units)
		}
	}
}
