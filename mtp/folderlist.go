package mtp

// folderList is a folder being listed.
type folderList struct {
	storage StorageID
	parent  ObjectHandle
	// entries are the known ones, from the handles, then strangers that were
	// only in a property list.
	entries []ObjectEntry
	facts   []facts // of each entry
	known   int
	handles []ObjectHandle // as they came
	index   map[ObjectHandle]int32
	count   [len(listProps)]int // properties seen of known entries
	last    int32               // index of the entry before, for lists in order
}

// facts are what lists have told of an entry.
type facts struct {
	have    uint8 // bits of the properties, see take
	torn    bool  // told of two objects: they have one handle
	parent  ObjectHandle
	storage StorageID
}

const (
	haveName = 1 << iota
	haveFormat
	haveSize
	haveDate
	haveParent
	haveStorage

	// haveAll is what an entry needs. A date is not for every object: folders
	// often have none.
	haveAll = haveName | haveFormat | haveSize
)

func newFolderList(storage StorageID, parent ObjectHandle, handles []ObjectHandle) *folderList {
	l := &folderList{
		storage: storage, parent: parent, handles: handles,
		entries: make([]ObjectEntry, 0, len(handles)),
		index:   make(map[ObjectHandle]int32, len(handles)),
	}
	for _, h := range handles {
		if _, twice := l.index[h]; !twice && h != 0 && h != AllHandles && h != parent {
			l.add(h)
		}
	}
	l.known = len(l.entries)
	l.facts = make([]facts, l.known)
	return l
}

// inEntry reports whether take has a use for a property.
func inEntry(p PropCode) bool {
	switch p {
	case PropObjectFileName, PropObjectFormat, PropObjectSize, PropDateModified, PropParentObject, PropStorageID:
		return true
	}
	return false
}

func (l *folderList) add(h ObjectHandle) {
	l.index[h] = int32(len(l.entries))
	l.entries = append(l.entries, ObjectEntry{Handle: h, Parent: l.parent, Storage: l.storage})
}

// find gives the index of a handle, or -1. Lists mostly keep the order of the
// handles, so the next one is tried first.
func (l *folderList) find(h ObjectHandle) int32 {
	for _, i := range [...]int32{l.last, l.last + 1} {
		if i >= 0 && int(i) < len(l.entries) && l.entries[i].Handle == h {
			l.last = i
			return i
		}
	}
	if i, ok := l.index[h]; ok {
		l.last = i
		return i
	}
	return -1
}

func (l *folderList) all() []int32 {
	out := make([]int32, len(l.entries))
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// missing are the known entries that the lists don't tell enough of.
func (l *folderList) missing() []int32 {
	var out []int32
	for i := range l.known {
		if l.facts[i].have&haveAll != haveAll {
			out = append(out, int32(i))
		}
	}
	return out
}

// nearlyWhole reports whether so few are missing that they can be asked for
// one by one without a verdict on the device.
func (l *folderList) nearlyWhole() bool {
	n := len(l.missing())
	return n <= 8 && n*4 <= l.known
}

// take puts a property into its entry.
func (l *folderList) take(p ObjectProp) {
	i := l.find(p.Handle)
	if i < 0 {
		if p.Handle == l.parent || p.Handle == 0 || p.Handle == AllHandles {
			return // AOSP puts the folder itself into the list
		}
		i = int32(len(l.entries))
		l.add(p.Handle)
		l.facts = append(l.facts, facts{})
		l.last = i
	}
	e, f := &l.entries[i], &l.facts[i]
	had := f.have
	switch v := p.Value; p.Code {
	case PropObjectFileName:
		f.torn = f.torn || had&haveName != 0 && e.Name != v.Text()
		if e.Name = v.Text(); e.Name != "" {
			f.have |= haveName
		}
	case PropObjectFormat:
		e.Format = FormatCode(v.Uint())
		e.IsFolder = e.Format == FormatAssociation
		f.have |= haveFormat
	case PropObjectSize:
		e.Size = v.Uint()
		if e.Size == UnknownSize && v.Type() == TypeUint32 {
			e.Size = NoSize
		}
		f.have |= haveSize
	case PropDateModified:
		e.setModified(v.Text())
		f.have |= haveDate
	case PropParentObject:
		f.parent = ObjectHandle(v.Uint())
		f.have |= haveParent
	case PropStorageID:
		f.storage = StorageID(v.Uint())
		f.have |= haveStorage
	}
	if int(i) < l.known {
		for bit := range l.count {
			if (f.have&^had)&(1<<bit) != 0 {
				l.count[bit]++
			}
		}
	}
}

// setModified takes a date; one that can't be read is none.
func (e *ObjectEntry) setModified(text string) {
	d, err := ParseDateTime(text)
	if err == nil && !d.IsZero() {
		e.Modified, e.Zoned, e.HasModified = d.Time, d.Zoned, true
	}
}

// holds reports whether an object that says it lies there is in the folder. At
// the top some devices give all-ones or the storage for a parent.
func (l *folderList) holds(parent ObjectHandle, storage StorageID) bool {
	if l.parent == Root && (parent == AllHandles || parent == ObjectHandle(l.storage)) {
		parent = Root
	}
	return parent == l.parent && storage == l.storage
}
