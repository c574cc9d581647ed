package devprovider

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"cradle/engine"
)

// Errors of a state's bytes.
var (
	// errUnfinished: the beginning of a state, cut while it was written.
	errUnfinished = errors.New("state is unfinished")
	// errCorrupt: whole, and not what was written.
	errCorrupt = errors.New("state is corrupt")
	// errForeign: no state of Cradle at all.
	errForeign = errors.New("not a state of Cradle")
)

// The fixed parts of a state, little-endian; docs/state-format.md.
const (
	stateMagic   = "CRADLEST"
	headSize     = 32 // magic 8, version 2, scheme 2, reserved 4, generation 8, length 8
	sectionHead  = 12 // kind 4, length 8
	checksumSize = sha256.Size
)

// The sections of versions 1 to 3. sectionReserved was meant for filters: this program
// keeps it as it keeps those that it doesn't know.
const (
	sectionIdentity   = 1
	sectionMarks      = 2
	sectionScope      = 3
	sectionSuperseded = 4
	sectionFolders    = 5
	sectionLearned    = 6
	sectionReserved   = 7
	sectionAside      = 8
	sectionFilling    = 9
	sectionVdirs      = 10 // of version 2
	sectionFilters    = 11 // of version 2
	sectionShadows    = 12 // of version 3
)

// The bits of an item's line.
const (
	linePlace = 1 << iota
	lineBundle
	lineBody
	lineByPath
	lineOutside // of version 2
	lineLeaving // of version 2
	lineKnown   = linePlace | lineBundle | lineBody | lineByPath | lineOutside | lineLeaving
)

// encode gives the state's bytes; equal states have equal bytes.
func (s *state) encode() []byte { return s.encodeFor(nil) }

// encodeFor is encode for a device that can't take objects of every size: where it
// can't take the state's, a section that says nothing follows. Nil takes any.
func (s *state) encodeFor(canTake func(size int) bool) []byte {
	size := 4096
	for _, sc := range s.scopes {
		size += 512 * len(sc.Items)
	}
	b := make([]byte, headSize, size)
	copy(b, stateMagic)
	binary.LittleEndian.PutUint16(b[8:], s.version())
	binary.LittleEndian.PutUint16(b[10:], digestScheme)
	binary.LittleEndian.PutUint64(b[16:], s.generation)
	b = appendSection(b, sectionIdentity, s.appendIdentity)
	b = appendSection(b, sectionMarks, s.appendMarks)
	for _, name := range sortedKeys(s.scopes) {
		b = appendSection(b, sectionScope, func(b []byte) []byte { return s.scopes[name].append(b, name) })
	}
	if len(s.superseded) > 0 || len(s.bundles) > 0 {
		b = appendSection(b, sectionSuperseded, s.appendSuperseded)
	}
	if len(s.folders) > 0 {
		b = appendSection(b, sectionFolders, s.appendFolders)
	}
	if len(s.learned) > 0 {
		b = appendSection(b, sectionLearned, s.appendLearned)
	}
	if len(s.aside) > 0 {
		b = appendSection(b, sectionAside, s.appendAside)
	}
	if len(s.vdirs) > 0 {
		b = appendSection(b, sectionVdirs, s.appendVdirs)
	}
	if s.hasFilters() {
		b = appendSection(b, sectionFilters, s.appendFilters)
	}
	if len(s.shadows) > 0 {
		b = appendSection(b, sectionShadows, s.appendShadows)
	}
	for _, u := range s.unknown {
		b = appendSection(b, u.kind, func(b []byte) []byte { return append(b, u.data...) })
	}
	said := len(b)
	for n := 0; n <= maxFilling && canTake != nil && !canTake(len(b)+checksumSize); n++ {
		b = appendSection(b[:said], sectionFilling, func(b []byte) []byte { return append(b, make([]byte, n)...) })
	}
	binary.LittleEndian.PutUint64(b[24:], uint64(len(b)+checksumSize))
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// version is the lowest version of the form that says all of the state. A program
// that doesn't know of vdirs would take what is in them for deleted, and one that doesn't
// know of items stored in part would take what is missing of them for edited.
func (s *state) version() uint16 {
	if len(s.shadows) > 0 {
		return 3
	}
	if len(s.vdirs) > 0 {
		return 2
	}
	for _, sc := range s.scopes {
		if sc.isFiltered() {
			return 2
		}
	}
	return 1
}

func appendSection(b []byte, kind uint32, body func([]byte) []byte) []byte {
	at := len(b)
	b = append(b, make([]byte, sectionHead)...)
	b = body(b)
	binary.LittleEndian.PutUint32(b[at:], kind)
	binary.LittleEndian.PutUint64(b[at+4:], uint64(len(b)-at-sectionHead))
	return b
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func (s *state) appendIdentity(b []byte) []byte {
	b = append(b, s.phone[:]...)
	b = appendString(b, s.serial)
	b = appendString(b, s.name)
	b = appendString(b, s.home)
	b = binary.AppendVarint(b, s.written)
	var flags byte
	if s.hasOffset {
		flags = 1
	}
	b = append(b, flags)
	b = binary.AppendVarint(b, s.offset)
	b = binary.AppendVarint(b, s.readmeTime)
	return appendString(b, s.program)
}

func (s *state) appendMarks(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.marks)))
	for _, id := range sortedIDs(s.marks) {
		mark := s.marks[id]
		b = append(append(b, id[:]...), mark[:]...)
	}
	return b
}

func (s *state) appendSuperseded(b []byte) []byte {
	list := slices.Clone(s.superseded)
	slices.SortFunc(list, superseded.compare)
	list = slices.Compact(list)
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, e := range list {
		b = appendString(b, e.scope)
		b = append(append(b, e.item[:]...), e.content[:]...)
	}
	bundles := slices.Clone(s.bundles)
	slices.SortFunc(bundles, func(a, b engine.Place) int {
		return cmp.Or(cmp.Compare(a.Storage, b.Storage), cmp.Compare(a.Path, b.Path))
	})
	b = binary.AppendUvarint(b, uint64(len(bundles)))
	for i := range bundles {
		b = appendString(b, bundles[i].Storage)
		b = appendString(b, bundles[i].Path)
		b = binary.AppendVarint(b, bundles[i].Size)
		b = binary.AppendVarint(b, bundles[i].Modified)
		b = append(b, bundles[i].Body[:]...)
	}
	return b
}

func (s *state) appendFolders(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.folders)))
	for _, f := range s.folders {
		b = appendString(appendString(b, f.folder), f.collection)
	}
	return b
}

func (s *state) appendLearned(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.learned)))
	for _, k := range sortedKeys(s.learned) {
		b = appendString(appendString(b, k), s.learned[k])
	}
	return b
}

func (s *state) appendAside(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s.aside)))
	for _, at := range sortedSpots(s.aside) {
		b = appendString(appendString(b, at.storage), at.path)
		b = binary.AppendUvarint(b, uint64(len(s.aside[at])))
		for _, reason := range s.aside[at] {
			b = appendString(b, reason)
		}
	}
	return b
}

func (sc *scopeState) append(b []byte, name string) []byte {
	b = appendString(b, name)
	b = appendBlob(b, sc.Knowledge.AppendBinary(nil))
	b = appendBlob(b, sc.Forgotten.AppendBinary(nil))

	// The items first: they say which storages, folders and keys there are.
	var keys engine.KeyMap
	var storages, folders index
	items := make([]byte, 0, 400*len(sc.Items))
	for i := range sc.Items {
		it := &sc.Items[i]
		items = engine.AppendMeta(items, &it.Meta, &keys)
		items = appendLine(items, it, i < len(sc.byPath) && sc.byPath[i], &storages, &folders)
	}
	b = storages.append(b)
	b = folders.append(b)
	b = keys.AppendBinary(b)
	b = binary.AppendUvarint(b, uint64(len(sc.Items)))
	return append(b, items...)
}

func appendBlob(b, blob []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(blob))), blob...)
}

func appendLine(b []byte, it *engine.PartialItem, byPath bool, storages, folders *index) []byte {
	p := &it.Place
	var flags byte
	if byPath {
		flags |= lineByPath
	}
	if it.Outside {
		flags |= lineOutside
	}
	if it.Leaving {
		flags |= lineLeaving
	}
	if *p == (engine.Place{}) {
		return append(b, flags)
	}
	flags |= linePlace
	if p.Bundle {
		flags |= lineBundle
	}
	if !p.Body.IsZero() {
		flags |= lineBody
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, storages.of(p.Storage))
	b = binary.AppendUvarint(b, folders.of(parent(p.Path)))
	b = appendString(b, base(p.Path))
	b = binary.AppendVarint(b, p.Size)
	b = binary.AppendVarint(b, p.Modified)
	if flags&lineBody != 0 {
		b = append(b, p.Body[:]...)
	}
	return b
}

// index numbers strings in order of first use.
type index struct {
	names []string
	at    map[string]uint64
}

func (x *index) of(s string) uint64 {
	if n := len(x.names); n > 0 && x.names[n-1] == s {
		return uint64(n - 1)
	}
	if i, ok := x.at[s]; ok {
		return i
	}
	if x.at == nil {
		x.at = map[string]uint64{}
	}
	i := uint64(len(x.names))
	x.names, x.at[s] = append(x.names, s), i
	return i
}

func (x *index) append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(x.names)))
	for _, s := range x.names {
		b = appendString(b, s)
	}
	return b
}

// decodeState reads a state. The error is errUnfinished, errCorrupt, errForeign
// or engine.ErrNewer, with what was expected where.
func decodeState(data []byte) (*state, error) {
	if len(data) < len(stateMagic) || string(data[:len(stateMagic)]) != stateMagic {
		if isUnfinished(data) {
			return nil, errUnfinished
		}
		return nil, errForeign
	}
	if len(data) < headSize {
		return nil, errUnfinished
	}
	version, scheme := binary.LittleEndian.Uint16(data[8:]), binary.LittleEndian.Uint16(data[10:])
	length := binary.LittleEndian.Uint64(data[24:])
	if uint64(len(data)) < length {
		return nil, fmt.Errorf("%w: %d of %d bytes", errUnfinished, len(data), length)
	}
	if uint64(len(data)) > length || length < headSize+checksumSize {
		return nil, fmt.Errorf("%w: %d bytes, its head says %d", errCorrupt, len(data), length)
	}
	body := data[:len(data)-checksumSize]
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], data[len(body):]) {
		return nil, fmt.Errorf("%w: the checksum is another", errCorrupt)
	}
	// The head and the checksum are the same in every version to come.
	if version > stateVersion || scheme > digestScheme {
		return nil, fmt.Errorf("state of version %d, digest scheme %d: %w", version, scheme, engine.ErrNewer)
	}
	if version == 0 || scheme == 0 {
		return nil, fmt.Errorf("%w: version %d, digest scheme %d", errCorrupt, version, scheme)
	}
	s := newState()
	s.generation = binary.LittleEndian.Uint64(data[16:])
	if err := s.decodeSections(body); err != nil {
		return nil, fmt.Errorf("%w: %w", errCorrupt, err)
	}
	return s, nil
}

// isUnfinished reports whether data is what a cut leaves of a state that is being
// written: nothing, zeros, or less than the magic.
func isUnfinished(data []byte) bool {
	if len(data) < len(stateMagic) && string(data) == stateMagic[:len(data)] {
		return true
	}
	return len(bytes.Trim(data, "\x00")) == 0
}

func (s *state) decodeSections(data []byte) error {
	seen := map[uint32]bool{}
	for at := headSize; at < len(data); {
		if len(data)-at < sectionHead {
			return fmt.Errorf("byte %d: expected a section's head", at)
		}
		kind := binary.LittleEndian.Uint32(data[at:])
		size := binary.LittleEndian.Uint64(data[at+4:])
		at += sectionHead
		if size > uint64(len(data)-at) {
			return fmt.Errorf("byte %d: a section of %d bytes, %d are left", at, size, len(data)-at)
		}
		c := newCursor(data[at:at+int(size)], at)
		at += int(size)
		decode := s.decoderOf(kind)
		if decode == nil {
			s.unknown = append(s.unknown, section{kind, bytes.Clone(c.Buf)})
			continue
		}
		if seen[kind] && kind != sectionScope {
			return fmt.Errorf("byte %d: a second section %d", c.Base, kind)
		}
		seen[kind] = true
		decode(c)
		if c.Err == nil && c.Off < len(c.Buf) {
			c.Fail("the end of the section")
		}
		if c.Err != nil {
			return fmt.Errorf("section %d: %w", kind, c.Err)
		}
	}
	if !seen[sectionIdentity] {
		return errors.New("no section 1, the identity")
	}
	if !s.joinFilters() {
		return errors.New("section 11: a filter of a scope that isn't there")
	}
	return nil
}

func (s *state) decoderOf(kind uint32) func(*cursor) {
	switch kind {
	case sectionIdentity:
		return s.decodeIdentity
	case sectionMarks:
		return s.decodeMarks
	case sectionScope:
		return s.decodeScope
	case sectionSuperseded:
		return s.decodeSuperseded
	case sectionFolders:
		return s.decodeFolders
	case sectionLearned:
		return s.decodeLearned
	case sectionAside:
		return s.decodeAside
	case sectionVdirs:
		return s.decodeVdirs
	case sectionFilters:
		return s.decodeFilters
	case sectionShadows:
		return s.decodeShadows
	case sectionFilling:
		return (*cursor).filling
	}
	return nil
}

func (s *state) decodeIdentity(c *cursor) {
	copy(s.phone[:], c.Bytes(16, "a phone ID"))
	s.serial = c.string("a serial")
	s.name = c.string("a name")
	s.home = c.string("a storage")
	s.written = c.Varint("a time")
	flags := c.Byte("flags")
	if flags > 1 {
		c.Fail("flags of version 1")
	}
	s.hasOffset = flags&1 != 0
	s.offset = c.Varint("a clock's offset")
	s.readmeTime = c.Varint("a time")
	s.program = c.string("a program")
}

func (s *state) decodeMarks(c *cursor) {
	for n := c.Count(32, "a count of marks"); n > 0; n-- {
		var id engine.ReplicaID
		var mark [16]byte
		copy(id[:], c.Bytes(16, "a store's ID"))
		copy(mark[:], c.Bytes(16, "a mark"))
		s.marks[id] = mark
	}
}

func (s *state) decodeSuperseded(c *cursor) {
	n := c.Count(33, "a count of superseded copies")
	s.superseded = make([]superseded, 0, n)
	for ; n > 0; n-- {
		e := superseded{scope: c.string("a scope")}
		copy(e.item[:], c.Bytes(16, "an item ID"))
		copy(e.content[:], c.Bytes(16, "a digest"))
		s.superseded = append(s.superseded, e)
	}
	n = c.Count(20, "a count of bundles")
	s.bundles = make([]engine.Place, 0, n)
	for ; n > 0 && c.Err == nil; n-- {
		p := engine.Place{Storage: c.string("a storage"), Path: c.string("a path"), Bundle: true}
		p.Size, p.Modified = c.Varint("a size"), c.Varint("a time")
		copy(p.Body[:], c.Bytes(16, "a digest"))
		if c.Err == nil && !validPath(p.Path) {
			c.Fail("a path below the storage's root")
		}
		s.bundles = append(s.bundles, p)
	}
}

func (s *state) decodeFolders(c *cursor) {
	n := c.Count(2, "a count of folders")
	s.folders = make([]folderName, 0, n)
	for ; n > 0; n-- {
		s.folders = append(s.folders, folderName{c.string("a folder"), c.string("a collection")})
	}
}

func (s *state) decodeLearned(c *cursor) {
	for n := c.Count(2, "a count of capabilities"); n > 0; n-- {
		k := c.string("a capability")
		s.learned[k] = c.string("a value")
	}
}

func (s *state) decodeAside(c *cursor) {
	for n := c.Count(3, "a count of files"); n > 0 && c.Err == nil; n-- {
		at := spot{c.string("a storage"), c.string("a path")}
		s.aside[at] = c.strings("a reason")
	}
}

func (s *state) decodeScope(c *cursor) {
	name := c.string("a scope")
	if c.Err == nil && s.scopes[name] != nil {
		c.Fail("a scope that is new")
		return
	}
	sc := &scopeState{}
	s.scopes[name] = sc
	sc.Knowledge = c.knowledge()
	sc.Forgotten = c.knowledge()
	storages, folders := c.strings("a storage"), c.strings("a folder")
	if c.Err != nil {
		return
	}
	keys, n, err := engine.ParseKeyMap(c.Buf[c.Off:])
	if err != nil {
		c.Err = fmt.Errorf("byte %d: %w", c.Base+c.Off, err)
		return
	}
	c.Off += n
	count := c.Count(18, "a count of items")
	sc.Items = make([]engine.PartialItem, count)
	sc.byPath = make([]bool, count)
	dec := engine.NewMetaDecoder(keys)
	for i := range sc.Items {
		it := &sc.Items[i]
		n, err := dec.Decode(c.Buf[c.Off:], &it.Meta)
		if err != nil {
			c.Err = fmt.Errorf("byte %d: %w", c.Base+c.Off, err)
			return
		}
		c.Off += n
		sc.byPath[i] = c.line(it, storages, folders)
		if i > 0 && sc.Items[i-1].Meta.ID.Compare(it.Meta.ID) >= 0 {
			c.Fail("items in order of their IDs")
		}
		if c.Err != nil {
			return
		}
	}
}

// filling passes over a section that only made the file longer.
func (c *cursor) filling() {
	if at := bytes.IndexFunc(c.Buf[c.Off:], func(r rune) bool { return r != 0 }); at >= 0 {
		c.Off += at
		c.Fail("zeros")
		return
	}
	c.Off = len(c.Buf)
}

// validPath reports whether a path leads to something below a storage's root.
func validPath(p string) bool { return p != "." && fs.ValidPath(p) }

// line reads an item's line of the state.
func (c *cursor) line(it *engine.PartialItem, storages, folders []string) (byPath bool) {
	p := &it.Place
	flags := c.Byte("an item's flags")
	if flags&^lineKnown != 0 || flags&linePlace == 0 && flags&^lineByPath != 0 {
		c.Fail("an item's flags of version 2")
	}
	byPath = flags&lineByPath != 0
	it.Outside, it.Leaving = flags&lineOutside != 0, flags&lineLeaving != 0
	if flags&linePlace == 0 {
		return byPath
	}
	p.Storage = c.pick(storages, "a storage's number")
	folder := c.pick(folders, "a folder's number")
	p.Path = join(folder, c.string("a name"))
	p.Size = c.Varint("a size")
	p.Modified = c.Varint("a time")
	p.Bundle = flags&lineBundle != 0
	if flags&lineBody != 0 {
		copy(p.Body[:], c.Bytes(16, "a digest"))
	}
	if c.Err == nil && !validPath(p.Path) {
		c.Fail("a path below the storage's root")
	}
	return byPath
}
