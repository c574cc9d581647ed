package pim

import "cradle/valuebag"

// Kind is the schema of one kind of item: its change units, how a text splits
// into them, and how texts compare and merge. The four kinds are Contacts,
// Events, Tasks and Notes; a Kind never changes and may be used from several
// goroutines.
type Kind struct {
	name      string
	component string // VCARD, VEVENT, VTODO, VJOURNAL
	units     []string
	list      []bool
	base      uint32 // pid of the first unit's key
}

var (
	// Contacts are vCards.
	Contacts = &Kind{name: "contacts", component: "VCARD", base: 100,
		units: []string{"name", "org", "tel", "email", "adr", "net", "dates", "photo", "note", "categories", "related", "rest", "collection"},
		list:  []bool{false, false, true, true, true, true, false, false, false, true, true, false, false}}
	// Events are VEVENTs.
	Events = &Kind{name: "events", component: "VEVENT", base: 200, units: calendarUnits, list: calendarLists}
	// Tasks are VTODOs.
	Tasks = &Kind{name: "tasks", component: "VTODO", base: 200, units: calendarUnits, list: calendarLists}
	// Notes are VJOURNALs and VNOTEs.
	Notes = &Kind{name: "notes", component: "VJOURNAL", base: 200, units: calendarUnits, list: calendarLists}

	calendarUnits = []string{"summary", "when", "overrides", "location", "description", "alarms", "people", "state", "categories", "links", "rest", "collection"}
	calendarLists = []bool{false, false, true, false, false, true, true, false, true, true, false, false}
)

// Kinds lists the kinds in their fixed order.
func Kinds() []*Kind { return []*Kind{Contacts, Events, Tasks, Notes} }

// KindByName finds a kind: contacts, events, tasks or notes.
func KindByName(name string) (*Kind, bool) {
	for _, k := range Kinds() {
		if k.name == name {
			return k, true
		}
	}
	return nil, false
}

// kindOfComponent is the kind of a component, nil for one that is no item.
func kindOfComponent(name string) *Kind {
	switch name {
	case "VCARD":
		return Contacts
	case "VEVENT":
		return Events
	case "VTODO":
		return Tasks
	case "VJOURNAL", "VNOTE":
		return Notes
	}
	return nil
}

// Name is the kind's name, which is also the name of its scope.
func (k *Kind) Name() string { return k.name }

// Units lists the change units in canonical order; the last is "collection".
// The slice is shared: don't change it.
func (k *Kind) Units() []string { return k.units }

// IsList reports whether the unit merges as a set of elements.
func (k *Kind) IsList(unit string) bool {
	i := k.unitIndex(unit)
	return i >= 0 && k.list[i]
}

func (k *Kind) unitIndex(unit string) int {
	for i, u := range k.units {
		if u == unit {
			return i
		}
	}
	return -1
}

func (k *Kind) card() bool { return k == Contacts }

// unitOverrides and the like, as indexes in units, for both unit tables.
func (k *Kind) unitRest() uint8 {
	if k.card() {
		return cardRest
	}
	return calRest
}

func (k *Kind) unitCategories() uint8 {
	if k.card() {
		return cardCategories
	}
	return calCategories
}

func (k *Kind) holds(component string) bool {
	return component == k.component || k == Notes && component == "VNOTE"
}

// UnitOf is the unit of a content line by where it stands and its name, as in
// the rows of [Properties]; "" for the seven names that are in no unit. A line
// with a group may belong to the unit of another line of that group (an
// X-ABLabel to its TEL); by its name alone it is then "rest", and the digests
// say where it counts.
func (k *Kind) UnitOf(component, group, name string) string {
	name = upper(name)
	if k.card() {
		name = commonName(name, VCard30)
	}
	p := lookup(k.card(), name)
	if p.unit == unitNone {
		return ""
	}
	if k.card() {
		if component != "" {
			return k.units[cardRest]
		}
		return k.units[p.unit]
	}
	switch {
	case component == "":
		return k.units[p.unit]
	case component == "calendar":
		if p.unit == calWhen {
			return k.units[calWhen]
		}
		return k.units[calRest]
	case hasFold(component, "alarm:"):
		return k.units[calAlarms]
	case hasFold(component, "override:"):
		return k.units[calOverrides]
	case hasFold(component, "timezone:"):
		return k.units[calWhen]
	}
	return k.units[calRest]
}

// Keys of an item's bag, in Cradle's own category.
var (
	// CradleItem is the category (fmtid) of the keys below,
	// {6D1B3A52-0C0F-4E6B-9C5D-8A6F2E1C7B40}.
	CradleItem = valuebag.GUIDFromUUID([16]byte{0x6d, 0x1b, 0x3a, 0x52, 0x0c, 0x0f, 0x4e, 0x6b, 0x9c, 0x5d, 0x8a, 0x6f, 0x2e, 0x1c, 0x7b, 0x40})
	// KeyText holds the object's text, bytes.
	KeyText = valuebag.PropertyKey{FmtID: CradleItem, PID: 2}
	// KeyKind holds the kind's name, a string.
	KeyKind = valuebag.PropertyKey{FmtID: CradleItem, PID: 3}
	// KeyUID holds the object's own identifier, a string; absent without one.
	KeyUID = valuebag.PropertyKey{FmtID: CradleItem, PID: 4}
	// KeyCollection holds the collection's name, a string; absent if it is "".
	KeyCollection = valuebag.PropertyKey{FmtID: CradleItem, PID: 5}
	// KeySummary holds one line for a person, a string; absent if it is "".
	KeySummary = valuebag.PropertyKey{FmtID: CradleItem, PID: 6}
)

// KeyUnit is the key under which an item's bag holds the unit: a collection of
// strings, one for each element of a list unit and for each line (with the
// lines of its group) of another, in normal form and sorted; absent when the
// unit is empty. The pids are 100 + index for contacts, 200 + index for the
// other kinds.
func (k *Kind) KeyUnit(unit string) valuebag.PropertyKey {
	return valuebag.PropertyKey{FmtID: CradleItem, PID: k.base + uint32(k.unitIndex(unit))}
}
