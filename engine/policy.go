package engine

import (
	"bytes"
	"fmt"
)

// Preset decides a conflict of one unit where a merge can't (design: policy).
type Preset string

// The presets. Newest compares edit times; Both keeps the store's value and
// makes a second item of the phone's; Ask leaves the conflict to a person.
const (
	Newest  Preset = "newest"
	Phone   Preset = "phone"
	Desktop Preset = "desktop"
	Both    Preset = "both"
	Ask     Preset = "ask"
)

// ParsePreset reads a preset's name.
func ParsePreset(s string) (Preset, error) {
	switch p := Preset(s); p {
	case Newest, Phone, Desktop, Both, Ask:
		return p, nil
	}
	return "", fmt.Errorf("conflict preset %q: want newest, phone, desktop, both or ask", s)
}

// sameMoment is how close two edit times may lie, in milliseconds, and still
// not tell which edit was later: the coarsest clocks (FAT) step by 2 s.
const sameMoment = 2000

// pick says which side's value of a unit stays; ok is false when the preset
// leaves that to a person.
func (p Preset) pick(store, phone *UnitMeta) (side Side, ok bool) {
	if store.Resolved && phone.Resolved {
		return globalOrder(store, phone), true
	}
	switch p {
	case Phone:
		return ToPhone, true
	case Desktop, Both:
		return ToStore, true
	case Ask:
		return "", false
	}
	if store.Edited != 0 && phone.Edited != 0 && phone.Edited-store.Edited > sameMoment {
		return ToPhone, true
	}
	return ToStore, true
}

// globalOrder settles two resolutions that met: the same side wins at every
// computer, whatever its preset, or two of them would answer each other for ever.
func globalOrder(store, phone *UnitMeta) Side {
	if store.Edited != phone.Edited {
		if phone.Edited > store.Edited {
			return ToPhone
		}
		return ToStore
	}
	if bytes.Compare(phone.Digest[:], store.Digest[:]) > 0 {
		return ToPhone
	}
	return ToStore
}
