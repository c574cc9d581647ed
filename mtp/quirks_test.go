package mtp

import (
	"math/bits"
	"testing"
)

// TestQuirkTables: every flag has a name, a symptom and a remedy, and every row
// says which devices, what they do and who says so.
func TestQuirkTables(t *testing.T) {
	var known Quirks
	names := map[string]bool{}
	for _, q := range quirkKinds {
		if bits.OnesCount32(uint32(q.quirk)) != 1 || known.Has(q.quirk) {
			t.Errorf("%s: %b is no flag of its own", q.name, q.quirk)
		}
		if q.name == "" || names[q.name] || q.symptom == "" || q.remedy == "" {
			t.Errorf("flag %b: %+v lacks a name of its own, a symptom or a remedy", q.quirk, q)
		}
		known |= q.quirk
		names[q.name] = true
	}
	if next := QuirkSettleClose << 1; known != next-1 {
		t.Errorf("flags without a row: %b", (next-1)&^known)
	}
	for i, r := range quirkTable {
		if r.quirks == 0 || !known.Has(r.quirks) || r.symptom == "" || r.source == "" {
			t.Errorf("row %d: %+v", i, r)
		}
		if r.vendor == 0 && r.extension == "" && r.manufacturer == "" && r.model == "" {
			t.Errorf("row %d is for every device", i)
		}
	}
	seen := map[[2]uint16]bool{}
	for _, r := range quirksByID {
		if r.vendor == 0 || r.maker == "" || r.quirks == 0 || len(r.products) == 0 {
			t.Errorf("%+v", r)
		}
		for _, p := range r.products {
			if id := [2]uint16{r.vendor, p}; seen[id] {
				t.Errorf("%04x:%04x is there twice", r.vendor, p)
			} else {
				seen[id] = true
			}
		}
	}
	if q := usbQuirks(0x0781, 0x7432); !q.Has(QuirkNoPropList) {
		t.Errorf("a Sansa Clip has %v", q)
	}
	if got, want := (QuirkNoOutZLP | QuirkShortEnd).String(), "no-out-zlp,short-end"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
