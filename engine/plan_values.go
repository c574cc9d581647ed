package engine

import (
	"fmt"
	"slices"

	"cradle/valuebag"
)

// PlanCategory is the key category of a Plan as a bag: a preview that is saved and
// applied later.
var PlanCategory = valuebag.GUIDFromUUID([16]byte{0x5e, 0x0b, 0x0e, 0x5d, 0x0c, 0x2e, 0x4c, 0x0c, 0x8b, 0x8b, 0x0d, 0x63, 0x52, 0x1a, 0x6a, 0x27})

// The keys of a Plan as a bag. One whose value would be empty is left out.
var (
	// KeyPlanVersion (VT_UI4) is 1.
	KeyPlanVersion = valuebag.PropertyKey{FmtID: PlanCategory, PID: 2}
	// KeyPlanBasis (VT_VECTOR|VT_UI1): what identifies all that the plan was made from.
	KeyPlanBasis = valuebag.PropertyKey{FmtID: PlanCategory, PID: 3}
	// KeyPlanActions (collection of bags): the lines, in order; each has the keys below.
	KeyPlanActions = valuebag.PropertyKey{FmtID: PlanCategory, PID: 4}
	// VT_LPWSTR, but for the units (a collection of it) and the digest of the content
	// that goes there (VT_VECTOR|VT_UI1, 16 bytes).
	KeyPlanScope  = valuebag.PropertyKey{FmtID: PlanCategory, PID: 5}
	KeyPlanItem   = valuebag.PropertyKey{FmtID: PlanCategory, PID: 6}
	KeyPlanUID    = valuebag.PropertyKey{FmtID: PlanCategory, PID: 7}
	KeyPlanPath   = valuebag.PropertyKey{FmtID: PlanCategory, PID: 8}
	KeyPlanTo     = valuebag.PropertyKey{FmtID: PlanCategory, PID: 9}
	KeyPlanVerb   = valuebag.PropertyKey{FmtID: PlanCategory, PID: 10}
	KeyPlanUnits  = valuebag.PropertyKey{FmtID: PlanCategory, PID: 11}
	KeyPlanDigest = valuebag.PropertyKey{FmtID: PlanCategory, PID: 12}
)

const planVersion = 1

// Values gives p as a bag: its actions and what it was made from. The brake isn't in
// it: it follows from both.
func (p *Plan) Values() *valuebag.Values {
	vs := new(valuebag.Values)
	vs.SetUint32(KeyPlanVersion, planVersion)
	if len(p.basis) > 0 {
		vs.SetBytes(KeyPlanBasis, slices.Clone(p.basis))
	}
	list := make([]*valuebag.Values, len(p.Actions))
	for i := range p.Actions {
		a, v := &p.Actions[i], new(valuebag.Values)
		v.SetString(KeyPlanScope, a.Scope)
		v.SetString(KeyPlanItem, a.Item)
		v.SetString(KeyPlanTo, string(a.To))
		v.SetString(KeyPlanVerb, string(a.Verb))
		putText(v, KeyPlanUID, a.UID)
		putText(v, KeyPlanPath, a.Path)
		if len(a.Units) > 0 {
			v.SetStrings(KeyPlanUnits, slices.Clone(a.Units))
		}
		if !a.digest.IsZero() {
			v.SetBytes(KeyPlanDigest, slices.Clone(a.digest[:]))
		}
		list[i] = v
	}
	if len(list) > 0 {
		vs.SetValuesList(KeyPlanActions, list)
	}
	return vs
}

// PlanFromValues reads what Plan.Values gave. What Values doesn't write is an error
// that names the key; a version this program doesn't know is ErrNewer.
func PlanFromValues(vs *valuebag.Values) (*Plan, error) {
	var r bagReader
	r.formVersion(vs, KeyPlanVersion, planVersion)
	p := &Plan{basis: slices.Clone(optional(&r, vs, KeyPlanBasis, (*valuebag.Values).GetBytes))}
	word := func(v *valuebag.Values, key valuebag.PropertyKey) string {
		return required(&r, v, key, (*valuebag.Values).GetString)
	}
	for i, v := range optional(&r, vs, KeyPlanActions, (*valuebag.Values).GetValuesList) {
		r.in(fmt.Sprintf("action %d", i), func() {
			a := Action{
				Scope: word(v, KeyPlanScope), Item: word(v, KeyPlanItem), To: Side(word(v, KeyPlanTo)), Verb: Verb(word(v, KeyPlanVerb)),
				UID: r.text(v, KeyPlanUID), Path: r.text(v, KeyPlanPath), Units: []string{},
			}
			if units := optional(&r, v, KeyPlanUnits, (*valuebag.Values).GetStrings); len(units) > 0 {
				a.Units = slices.Clone(units)
			}
			if d := optional(&r, v, KeyPlanDigest, (*valuebag.Values).GetBytes); d != nil {
				r.digest(a.digest[:], d)
			}
			p.Actions = append(p.Actions, a)
		})
	}
	r.canonical(vs, p.Values, PlanCategory)
	if err := r.wrap("plan"); err != nil {
		return nil, err
	}
	return p, nil
}
