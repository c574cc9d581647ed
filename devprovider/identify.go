package devprovider

import (
	"cmp"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"cradle/engine"
)

// Reasons of notes.
var (
	errFurther    = errors.New("another item has this UID; both are kept as items of their own")
	errSuperseded = errors.New("a file of its own has this item with other content; the copy here no longer counts")
	errCopy       = errors.New("a file of its own holds the same item; the copy here no longer counts")
)

// findRefs joins what lies at the state's places to the state's items. Bundles come
// last: what of theirs counts depends on the files beside them.
func (s *survey) findRefs() {
	var bundles []*file
	for _, fl := range s.walk.files {
		if fl.held.bundle {
			bundles = append(bundles, fl)
		} else {
			s.findRefsOf(fl)
		}
	}
	for _, fl := range bundles {
		s.findRefsOf(fl)
	}
	// What could not be looked at is still held: nobody else becomes its first
	// holder.
	for i := range s.refs {
		r := &s.refs[i]
		key := itemKey{r.scope, r.id()}
		if r.file == nil && s.held[key] == nil && (s.vague[r] != nil || !s.isAway(r)) {
			s.held[key] = nil
		}
	}
}

func (s *survey) findRefsOf(fl *file) {
	switch fl.status {
	case statusUnchanged, statusIgnored:
		s.hold(fl, fl.refs)
	case statusSame:
		if !s.mustParse(fl) {
			s.hold(fl, fl.refs)
		} else {
			s.match(fl)
		}
	case statusRead:
		s.match(fl)
	case statusTorn, statusFailed:
		s.unreadable(fl)
	case statusVanished:
		for _, r := range fl.refs {
			s.vague[r] = errors.New("gone while it was looked at")
		}
	}
}

// hold notes that a file still holds these items of the state.
func (s *survey) hold(fl *file, refs []*ref) {
	for _, r := range refs {
		r.file = fl
		s.held[itemKey{r.scope, r.id()}] = fl
	}
}

// unreadable reports a file that could not be taken. It is neither an edit nor a
// deletion of what the state has there.
func (s *survey) unreadable(fl *file) {
	for _, r := range fl.refs {
		s.vague[r] = fl.err
		s.failed = append(s.failed, failure{r.scope, engine.ItemError{Item: r.id(), Path: fl.spot.path, Reason: fl.err}})
	}
	if len(fl.refs) > 0 {
		return
	}
	// The beginning of an object that this computer was writing: it is written
	// again in this run.
	if fl.status == statusTorn && slices.ContainsFunc(s.rows[fl.spot.path], func(r engine.ViewRow) bool { return r.Announced && !r.Meta.Deleted }) {
		return
	}
	s.failed = append(s.failed, failure{err: engine.ItemError{Path: fl.spot.path, Reason: fl.err}})
}

// match joins the items of a file that was read to the state's items there.
func (s *survey) match(fl *file) {
	items := make([]*item, len(fl.held.items))
	for i := range items {
		items[i] = &fl.held.items[i]
	}
	var refs []*ref
	for _, r := range fl.refs {
		if s.want[r.scope] && r.file == nil {
			refs = append(refs, r)
		}
	}
	join := func(it *item, r *ref) {
		it.ref, it.id, it.claimed = r, r.id(), true
		r.file, r.found = fl, it
		s.held[itemKey{r.scope, r.id()}] = fl
	}
	open := func(it *item, r *ref) bool { return !it.claimed && r.file == nil && it.scope == r.scope }
	if fl.held.bundle {
		// By content first: several items of a bundle may share a UID, and copies
		// that no longer count must not pass for another holder.
		byContent := make(map[engine.Digest][]*ref, len(refs))
		for _, r := range refs {
			d := contentOf(r.item.Meta.Units)
			byContent[d] = append(byContent[d], r)
		}
		for _, it := range items {
			for _, r := range byContent[contentOf(s.f.describe(it))] {
				if open(it, r) && (r.byPath || it.uid == "" || holderOf(it.scope, it.uid, r.id()) > 0) {
					join(it, r)
				}
			}
		}
		for _, it := range items {
			it.claimed = it.claimed || s.isListed(it)
		}
	}
	// By UID, the first holder first.
	byID := make(map[itemKey]*ref, len(refs))
	for _, r := range refs {
		byID[itemKey{r.scope, r.id()}] = r
	}
	for _, it := range items {
		for n := 1; len(byID) > 0 && it.uid != "" && n <= maxHolders && !it.claimed; n++ {
			if r := byID[itemKey{it.scope, engine.ItemIDFromUID(it.scope, it.uid, n)}]; r != nil && open(it, r) {
				join(it, r)
			}
		}
	}
	// One item in the file, now and before: it is that item, unless both have a
	// UID and it is another one.
	if len(items) == 1 && len(refs) == 1 && open(items[0], refs[0]) && (refs[0].byPath || items[0].uid == "") {
		join(items[0], refs[0])
	}
	for _, it := range items {
		it.claimed = it.claimed || s.isSuperseded(it)
	}
	// The rest of a bundle: what is most alike.
	if len(items) > 1 || len(refs) > 1 {
		type pair struct {
			it    *item
			r     *ref
			score int
		}
		var pairs []pair
		for _, it := range items {
			for _, r := range refs {
				if open(it, r) && (it.uid == "" || r.byPath) && len(items)*len(refs) <= maxPairs {
					if n := alike(s.f.describe(it), r.item.Meta.Units); n > 0 {
						pairs = append(pairs, pair{it, r, n})
					}
				}
			}
		}
		slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
		for _, p := range pairs {
			if open(p.it, p.r) {
				join(p.it, p.r)
			}
		}
	}
	for _, it := range items {
		switch {
		case !it.claimed:
			s.loose = append(s.loose, it)
		case it.ref != nil:
			it.viewID = s.otherID(fl, it.ref)
		}
	}
}

// maxPairs bounds the comparisons within one bundle.
const maxPairs = 4_000_000

// otherID is the ID that the view gives an item that is known by its path alone,
// where the state doesn't know that ID at all: two computers met the object at the
// same time.
func (s *survey) otherID(fl *file, r *ref) engine.ItemID {
	if !r.byPath || len(fl.refs) != 1 {
		return engine.ItemID{}
	}
	for _, row := range s.rowsAt(fl, r.scope) {
		if row.Meta.ID != r.id() && !s.inState(r.scope, row.Meta.ID) {
			return row.Meta.ID
		}
	}
	return engine.ItemID{}
}

// inState reports whether the state knows an item, deleted ones included.
func (s *survey) inState(scope string, id engine.ItemID) bool {
	sc := s.f.state.scopes[scope]
	if sc == nil {
		return false
	}
	_, ok := slices.BinarySearchFunc(sc.Items, id, func(it engine.PartialItem, id engine.ItemID) int { return it.Meta.ID.Compare(id) })
	return ok
}

// identify gives every item that was read its ID.
func (s *survey) identify() {
	if len(s.loose) == 0 {
		return
	}
	slices.SortStableFunc(s.loose, func(a, b *item) int {
		return cmp.Or(
			compareBool(a.file.held.bundle, b.file.held.bundle),
			cmp.Compare(a.file.where(), b.file.where()),
			cmp.Compare(a.file.storage, b.file.storage),
			cmp.Compare(a.pos, b.pos),
		)
	})
	for _, it := range s.loose {
		if s.isSuperseded(it) {
			it.claimed = true // by nobody: it has no ID and isn't reported
		}
	}
	s.byMissing()
	s.byName()
	s.byView()
	s.byLikeness()
	for _, it := range s.loose {
		if it.claimed || s.isSuperseded(it) {
			continue
		}
		if it.uid != "" {
			s.byUID(it)
		} else {
			s.byContent(it)
		}
	}
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// take gives an item an ID, and the state's line of that ID if it has one.
func (s *survey) take(it *item, id engine.ItemID) {
	it.id, it.claimed = id, true
	s.held[itemKey{it.scope, id}] = it.file
	if r := s.lookUp(it.scope, id); r != nil && r.file == nil && s.vague[r] == nil {
		it.ref = r
		r.file, r.found = it.file, it
	}
}

// missing reports whether an item of the state is certainly not where the state
// has it.
func (s *survey) missing(r *ref) bool {
	return s.want[r.scope] && r.file == nil && s.vague[r] == nil && s.isAway(r)
}

// isAway reports whether an item of the state may be elsewhere now: it isn't where the
// state has it, or lies in a folder that was let go.
func (s *survey) isAway(r *ref) bool {
	why := s.f.blind(s.walk, spotOf(r.item.Place))
	return why == nil || errors.Is(why, errLeft)
}

// byMissing finds files that were renamed or moved as they were.
func (s *survey) byMissing() {
	byBody := map[engine.Digest][]*ref{}
	for i := range s.refs {
		if r := &s.refs[i]; s.missing(r) && !r.item.Place.Body.IsZero() {
			byBody[r.item.Place.Body] = append(byBody[r.item.Place.Body], r)
		}
	}
	if len(byBody) == 0 {
		return
	}
	for _, it := range s.loose {
		refs := byBody[it.file.body]
		i := slices.IndexFunc(refs, func(r *ref) bool {
			if it.claimed || r.file != nil || r.scope != it.scope || it.uid != "" && !r.byPath && holderOf(it.scope, it.uid, r.id()) == 0 {
				return false
			}
			return !it.file.held.bundle || contentOf(s.f.describe(it)) == contentOf(r.item.Meta.Units)
		})
		if i >= 0 {
			s.take(it, refs[i].id())
		}
	}
}

// byName finds objects without a UID that were moved and edited at once: the name
// that Cradle gave them carries the item's ID.
func (s *survey) byName() {
	var missing map[string][]*ref // by the shortest part of the ID that a name carries
	for _, it := range s.loose {
		part := it.file.idPart()
		if it.claimed || it.uid != "" || it.file.held.bundle || part == "" {
			continue
		}
		if missing == nil {
			missing = map[string][]*ref{}
			for i := range s.refs {
				if r := &s.refs[i]; s.missing(r) {
					id := r.id()
					key := hex.EncodeToString(id[:idLength/2])
					missing[key] = append(missing[key], r)
				}
			}
		}
		for _, r := range missing[part[:idLength]] {
			if r.file == nil && r.scope == it.scope && it.file.carries(r.id()) {
				s.take(it, r.id())
				break
			}
		}
	}
}

// idPart is the part of an item's ID in a name that Cradle gives; "" in another.
func (fl *file) idPart() string {
	if fl.step != nil {
		return fl.step.id
	}
	name := base(fl.spot.path)
	part := strings.TrimSuffix(name, extOf(name))
	part = part[strings.LastIndexByte(part, '.')+1:]
	if len(part) < idLength || !isHex(part) {
		return ""
	}
	return part
}

// carries reports whether the file's name is one that Cradle gives the item.
func (fl *file) carries(id engine.ItemID) bool {
	part := fl.idPart()
	return part != "" && strings.HasPrefix(hex.EncodeToString(id[:]), part)
}

// byView asks what the store knows of the file: by path and UID, by path and
// content, or by the ID in a name that Cradle gave.
func (s *survey) byView() {
	if len(s.rows) == 0 {
		return
	}
	// Of a bundle's items by content first, as in match.
	for _, it := range s.loose {
		if it.claimed || !it.file.held.bundle {
			continue
		}
		content := contentOf(s.f.describe(it))
		for _, row := range s.rowsAt(it.file, it.scope) {
			_, taken := s.held[itemKey{it.scope, row.Meta.ID}]
			if !taken && content == contentOf(row.Meta.Units) && (it.uid == "" || holderOf(it.scope, it.uid, row.Meta.ID) > 0) {
				s.take(it, row.Meta.ID)
				break
			}
		}
	}
	for _, it := range s.loose {
		if it.claimed {
			continue
		}
		for _, row := range s.rowsAt(it.file, it.scope) {
			if _, taken := s.held[itemKey{it.scope, row.Meta.ID}]; taken {
				continue
			}
			known := holderOf(it.scope, it.uid, row.Meta.ID) > 0 || it.uid == "" && it.file.carries(row.Meta.ID)
			if !known && !it.file.held.bundle {
				known = row.Body == it.file.body
			}
			if !known {
				known = contentOf(s.f.describe(it)) == contentOf(row.Meta.Units)
			}
			if known {
				s.take(it, row.Meta.ID)
				break
			}
		}
	}
}

// byUID gives the first free number of a UID.
func (s *survey) byUID(it *item) {
	for n := 1; ; n++ {
		id := engine.ItemIDFromUID(it.scope, it.uid, n)
		fl, taken := s.held[itemKey{it.scope, id}]
		if !taken {
			s.take(it, id)
			if n > 1 {
				s.note(it.file, id, errFurther)
			}
			return
		}
		if fl == nil && s.unsure(it, id) {
			return // it may be that very item, renamed in a folder that couldn't be listed
		}
		if fl != nil && !it.file.held.bundle && s.outranks(it, id, n) {
			s.steal(it, id)
			return
		}
	}
}

// unsure reports whether an item of the state that could not be looked at may be
// the one at hand.
func (s *survey) unsure(it *item, id engine.ItemID) bool {
	r := s.lookUp(it.scope, id)
	return r != nil && s.f.storage(r.item.Place.Storage) != nil
}

// byContent makes an ID of an item's content, counting equal ones by path.
func (s *survey) byContent(it *item) {
	d := engine.Digest(s.f.kinds[it.scope].ContentDigest(it.value))
	for n := 1; ; n++ {
		id := engine.ItemIDFromContent(it.scope, d, n)
		if _, taken := s.held[itemKey{it.scope, id}]; taken {
			continue
		}
		known := s.lookUp(it.scope, id) != nil
		s.take(it, id)
		it.anon = !known
		return
	}
}
