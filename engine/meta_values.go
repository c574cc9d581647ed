package engine

import (
	"errors"
	"fmt"
	"slices"

	"cradle/valuebag"
)

// MetadataCategory is the key category of the metadata of an item as a bag, for
// saved plans and providers behind a pipe. An item's own bag has room for it: no
// key of an item is in this category. Item and replica IDs are VT_CLSID with the
// text form of the ID.
var MetadataCategory = valuebag.GUIDFromUUID([16]byte{0x37, 0x87, 0xa3, 0x67, 0x8f, 0x71, 0x4d, 0xae, 0xbe, 0x7d, 0x94, 0x41, 0xb0, 0x3a, 0xaf, 0x46})

// The keys of metadata as a bag. One whose value would be zero, false or empty is
// left out.
var (
	// KeyMetadataVersion (VT_UI4) is 1; of the whole item only, never left out.
	KeyMetadataVersion = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 2}
	// KeyMetadataItem (VT_CLSID): the item's ID, never left out.
	KeyMetadataItem = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 3}
	// KeyMetadataCreation (bag): the item's creation version, never left out.
	KeyMetadataCreation = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 4}
	// KeyMetadataLife (bag): version, edit time and resolution of the item's
	// existence, never left out.
	KeyMetadataLife = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 5}
	// KeyMetadataDeleted (VT_BOOL): the item is a tombstone.
	KeyMetadataDeleted = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 6}
	// KeyMetadataMergedInto (VT_CLSID): the item that a merge tombstone became.
	KeyMetadataMergedInto = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 7}
	// KeyMetadataUnits (collection of bags, by name): the item's units.
	KeyMetadataUnits = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 8}
	// KeyMetadataUnit (VT_LPWSTR): a unit's name; never left out of a unit.
	KeyMetadataUnit = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 9}
	// KeyMetadataReplica (VT_CLSID): the replica of a version.
	KeyMetadataReplica = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 10}
	// KeyMetadataTick (VT_UI8): the tick of a version, below 2^64-1.
	KeyMetadataTick = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 11}
	// KeyMetadataPending (VT_BOOL): in place of a tick, the version is minted when
	// the plan that it belongs to is applied.
	KeyMetadataPending = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 12}
	// KeyMetadataEdited (VT_I8): when a person made the value, Unix milliseconds.
	KeyMetadataEdited = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 13}
	// KeyMetadataResolved (VT_BOOL): the version was minted by a resolution.
	KeyMetadataResolved = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 14}
	// KeyMetadataDigest (VT_VECTOR|VT_UI1): a unit's digest, 16 bytes, or an
	// element's, 8 bytes and never left out.
	KeyMetadataDigest = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 15}
	// KeyMetadataElements (collection of bags, ascending by digest): the elements of
	// a list unit, each with its digest and the version that added it.
	KeyMetadataElements = valuebag.PropertyKey{FmtID: MetadataCategory, PID: 16}
)

// metadataVersion is that of the bag, not of the binary forms.
const metadataVersion = 1

// errUnminted: a version stands in metadata that only a plan may hold.
var errUnminted = errors.New("a pending version, which only a plan can have")

// Values gives v as a bag: KeyMetadataReplica and KeyMetadataTick, or
// KeyMetadataPending for a version that is still to be minted. The zero Version
// is the empty bag.
func (v Version) Values() *valuebag.Values {
	vs := new(valuebag.Values)
	v.putInto(vs)
	return vs
}

func (v Version) putInto(vs *valuebag.Values) {
	if !v.Replica.IsZero() {
		vs.SetGUID(KeyMetadataReplica, valuebag.GUIDFromUUID(v.Replica))
	}
	switch {
	case v.IsPending():
		vs.SetBool(KeyMetadataPending, true)
	case v.Tick != 0:
		vs.SetUint64(KeyMetadataTick, v.Tick)
	}
}

// Values gives u as a bag: its name, version, edit time, resolution, digest and
// elements. Elements that aren't in order are put in order.
func (u *UnitMeta) Values() *valuebag.Values {
	vs := stamp{u.Version, u.Edited, u.Resolved}.values()
	vs.SetString(KeyMetadataUnit, u.Unit)
	if !u.Digest.IsZero() {
		vs.SetBytes(KeyMetadataDigest, slices.Clone(u.Digest[:]))
	}
	elements := u.Elements
	if !ascending(elements, compareElements) {
		elements = inOrder(elements, compareElements)
	}
	if len(elements) > 0 {
		list := make([]*valuebag.Values, len(elements))
		for i := range elements {
			list[i] = elements[i].Added.Values()
			list[i].SetBytes(KeyMetadataDigest, slices.Clone(elements[i].Digest[:]))
		}
		vs.SetValuesList(KeyMetadataElements, list)
	}
	return vs
}

func (s stamp) values() *valuebag.Values {
	vs := s.version.Values()
	if s.edited != 0 {
		vs.SetInt64(KeyMetadataEdited, s.edited)
	}
	if s.resolved {
		vs.SetBool(KeyMetadataResolved, true)
	}
	return vs
}

// Values gives m as a bag. Equal metadata gives equal bags; units and elements
// that aren't in order are put in order. Pending versions are kept: see
// PlannedMetaFromValues.
func (m *ItemMeta) Values() *valuebag.Values {
	vs := valuebag.New(7)
	vs.SetUint32(KeyMetadataVersion, metadataVersion)
	vs.SetGUID(KeyMetadataItem, valuebag.GUIDFromUUID(m.ID))
	vs.SetValues(KeyMetadataCreation, m.Creation.Values())
	vs.SetValues(KeyMetadataLife, stamp{m.LifeVersion, m.LifeEdited, m.LifeResolved}.values())
	if m.Deleted {
		vs.SetBool(KeyMetadataDeleted, true)
	}
	if !m.MergedInto.IsZero() {
		vs.SetGUID(KeyMetadataMergedInto, valuebag.GUIDFromUUID(m.MergedInto))
	}
	units := m.Units
	if !ascending(units, compareUnits) {
		units = inOrder(units, compareUnits)
	}
	if len(units) > 0 {
		list := make([]*valuebag.Values, len(units))
		for i := range units {
			list[i] = units[i].Values()
		}
		vs.SetValuesList(KeyMetadataUnits, list)
	}
	return vs
}

// VersionFromValues reads what Version.Values gave, pending versions included.
// Keys of other categories are ignored. Anything that Values doesn't write is an
// error that names the key; it is ErrNormalForm where the value would be right in
// another form.
func VersionFromValues(vs *valuebag.Values) (Version, error) {
	r := bagReader{planned: true}
	v := r.version(vs)
	r.canonical(vs, v.Values, MetadataCategory)
	return v, r.wrap("version")
}

// UnitMetaFromValues reads what UnitMeta.Values gave. The errors are those of
// ItemMetaFromValues.
func UnitMetaFromValues(vs *valuebag.Values) (UnitMeta, error) {
	var r bagReader
	u := r.unit(vs)
	r.canonical(vs, u.Values, MetadataCategory)
	return u, r.wrap("unit metadata")
}

// ItemMetaFromValues reads what ItemMeta.Values gave. Keys of other categories are
// ignored beside it, not inside it. An error names the unit, the element and the
// key; that of a version this program doesn't know is ErrNewer, of what is right
// but not as Values writes it ErrNormalForm. A pending version is an error. The
// memory it takes is proportional to the bag.
func ItemMetaFromValues(vs *valuebag.Values) (*ItemMeta, error) {
	return itemMetaFromValues(vs, false)
}

// PlannedMetaFromValues is ItemMetaFromValues for the metadata in a saved plan,
// whose pending versions are minted when it is applied. What it gives must not be
// stored (AppendMeta) before that.
func PlannedMetaFromValues(vs *valuebag.Values) (*ItemMeta, error) {
	return itemMetaFromValues(vs, true)
}

func itemMetaFromValues(vs *valuebag.Values, planned bool) (*ItemMeta, error) {
	r := bagReader{planned: planned}
	m := r.item(vs)
	r.canonical(vs, m.Values, MetadataCategory)
	if err := r.wrap("item metadata"); err != nil {
		return nil, err
	}
	return m, nil
}

func (r *bagReader) item(vs *valuebag.Values) *ItemMeta {
	m := new(ItemMeta)
	r.formVersion(vs, KeyMetadataVersion, metadataVersion)
	m.ID = ItemID(required(r, vs, KeyMetadataItem, (*valuebag.Values).GetGUID).UUID())
	r.in("creation", func() {
		m.Creation = r.version(required(r, vs, KeyMetadataCreation, (*valuebag.Values).GetValues))
	})
	r.in("existence", func() {
		s := r.stamp(required(r, vs, KeyMetadataLife, (*valuebag.Values).GetValues))
		m.LifeVersion, m.LifeEdited, m.LifeResolved = s.version, s.edited, s.resolved
	})
	m.Deleted = optional(r, vs, KeyMetadataDeleted, (*valuebag.Values).GetBool)
	m.MergedInto = ItemID(optional(r, vs, KeyMetadataMergedInto, (*valuebag.Values).GetGUID).UUID())
	list := optional(r, vs, KeyMetadataUnits, (*valuebag.Values).GetValuesList)
	for i := 0; i < len(list) && r.err == nil; i++ {
		r.in(fmt.Sprintf("unit %d", i), func() {
			u := r.unit(list[i])
			if i > 0 && r.err == nil && u.Unit <= m.Units[i-1].Unit {
				r.fail(fmt.Errorf("%q comes after %q: %w", u.Unit, m.Units[i-1].Unit, ErrNormalForm))
			}
			m.Units = append(m.Units, u)
		})
	}
	return m
}

func (r *bagReader) unit(vs *valuebag.Values) UnitMeta {
	u := UnitMeta{Unit: required(r, vs, KeyMetadataUnit, (*valuebag.Values).GetString)}
	s := r.stamp(vs)
	u.Version, u.Edited, u.Resolved = s.version, s.edited, s.resolved
	if digest := optional(r, vs, KeyMetadataDigest, (*valuebag.Values).GetBytes); digest != nil {
		r.digest(u.Digest[:], digest)
	}
	list := optional(r, vs, KeyMetadataElements, (*valuebag.Values).GetValuesList)
	for i := 0; i < len(list) && r.err == nil; i++ {
		r.in(fmt.Sprintf("element %d", i), func() {
			e := Element{Added: r.version(list[i])}
			r.digest(e.Digest[:], required(r, list[i], KeyMetadataDigest, (*valuebag.Values).GetBytes))
			if i > 0 && r.err == nil && compareElements(u.Elements[i-1], e) >= 0 {
				r.fail(fmt.Errorf("%x comes after %x: %w", e.Digest, u.Elements[i-1].Digest, ErrNormalForm))
			}
			u.Elements = append(u.Elements, e)
		})
	}
	return u
}

func (r *bagReader) stamp(vs *valuebag.Values) stamp {
	return stamp{
		version:  r.version(vs),
		edited:   optional(r, vs, KeyMetadataEdited, (*valuebag.Values).GetInt64),
		resolved: optional(r, vs, KeyMetadataResolved, (*valuebag.Values).GetBool),
	}
}

func (r *bagReader) version(vs *valuebag.Values) Version {
	v := Version{
		Replica: ReplicaID(optional(r, vs, KeyMetadataReplica, (*valuebag.Values).GetGUID).UUID()),
		Tick:    optional(r, vs, KeyMetadataTick, (*valuebag.Values).GetUint64),
	}
	switch {
	case v.IsPending():
		r.fail(&valuebag.KeyError{Key: KeyMetadataTick, Err: errors.New("expected a tick below 2^64-1")})
	case !optional(r, vs, KeyMetadataPending, (*valuebag.Values).GetBool):
	case !r.planned:
		r.fail(&valuebag.KeyError{Key: KeyMetadataPending, Err: errUnminted})
	case vs.Has(KeyMetadataTick):
		r.fail(&valuebag.KeyError{Key: KeyMetadataTick, Err: errors.New("a pending version has no tick yet")})
	default:
		v.Tick = pendingTick
	}
	return v
}

func (r *bagReader) digest(to, from []byte) {
	if r.err == nil && len(from) != len(to) {
		r.fail(&valuebag.KeyError{Key: KeyMetadataDigest, Err: fmt.Errorf("%d bytes: expected %d", len(from), len(to))})
		return
	}
	copy(to, from)
}
