package hwtest

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cradle/mtp"
)

// A node is one object that the phone has told of, or the top folder of a
// volume. It remembers how the file looked when it was last read, so that a
// later look can tell what another program did.
type node struct {
	handle mtp.ObjectHandle // 0 for the top of a volume
	parent *node            // nil for the top of a volume, and once the object is gone
	vol    *volume
	name   string
	folder bool

	size  int64
	mtime int64 // Unix nanoseconds on the host's clock

	// kids is sorted by name; whole says that it was read from the folder and
	// that no change was noticed since.
	kids    []*node
	scanned bool
	whole   bool
	readAt  time.Time
}

// volume is one storage: a folder of the host.
type volume struct {
	id          mtp.StorageID
	root        *node
	dir         string // absolute
	description string
	identifier  string

	service *serviceVolume // whose objects lie here; nil: none's

	limited  bool
	free     int64 // bytes left when limited
	capacity int64
}

// path is where the object lies on the host.
func (n *node) path() string {
	if n.parent == nil {
		return n.vol.dir
	}
	return n.parent.path() + string(filepath.Separator) + n.name
}

// pathHash is a FNV-1a digest of the path within the volume.
func (n *node) pathHash() uint64 {
	if n.parent == nil {
		return 14695981039346656037
	}
	h := n.parent.pathHash()
	for i := range len(n.name) {
		h = (h ^ uint64(n.name[i])) * 1099511628211
	}
	return (h ^ '/') * 1099511628211
}

// within reports whether n is top or lies below it.
func (n *node) within(top *node) bool {
	for ; n != nil; n = n.parent {
		if n == top {
			return true
		}
	}
	return false
}

func (n *node) find(name string) (int, bool) {
	return slices.BinarySearchFunc(n.kids, name, func(k *node, name string) int { return cmp.Compare(k.name, name) })
}

func (n *node) attach(kid *node) {
	i, ok := n.find(kid.name)
	if ok {
		n.kids[i] = kid
	} else {
		n.kids = slices.Insert(n.kids, i, kid)
	}
	kid.parent, kid.vol = n, n.vol
}

func (n *node) detach(kid *node) {
	if i, ok := n.find(kid.name); ok && n.kids[i] == kid {
		n.kids = slices.Delete(n.kids, i, i+1)
	}
}

// setInfo takes over what the host knows of the file and reports whether
// anything that an initiator can see has changed.
func (n *node) setInfo(fi fs.FileInfo) bool {
	size, mtime := fi.Size(), fi.ModTime().UnixNano()
	if n.folder {
		size = 0
	}
	changed := n.size != size || n.mtime != mtime && !n.folder
	n.size, n.mtime = size, mtime
	return changed
}

// kept reports whether a file of the host is an object: folders and plain
// files are, links and devices are not, so that nothing outside the folder can
// be reached.
func kept(mode fs.FileMode) bool { return mode.IsDir() || mode.IsRegular() }

// tree gives out handles and keeps the nodes in step with the folders.
type tree struct {
	first   mtp.ObjectHandle // handle of nodes[0]
	nodes   []*node          // by handle; nil once gone
	volumes []*volume
	watch   watcher

	// notify is told of what other programs changed.
	notify func(mtp.EventCode, *node)
}

// unwatchedLimit is the number of objects up to which a folder is simply read
// again whenever it is asked for.
const unwatchedLimit = 64

// trust is how long a watched folder is believed not to have changed since it was read. It
// bounds what a watch misses (writes through another hard link or a memory map), and is
// long enough for the lists of one listing of a large folder on a slow machine.
const trust = 5 * time.Second

func (t *tree) node(h mtp.ObjectHandle) *node {
	if h < t.first || int(h-t.first) >= len(t.nodes) {
		return nil
	}
	return t.nodes[h-t.first]
}

func (t *tree) add(n *node) {
	n.handle = t.first + mtp.ObjectHandle(len(t.nodes))
	t.nodes = append(t.nodes, n)
}

// drop forgets an object and all below it.
func (t *tree) drop(n *node) {
	if n.handle != 0 && t.node(n.handle) == n {
		t.nodes[n.handle-t.first] = nil
	}
	for _, k := range n.kids {
		t.drop(k)
	}
	n.kids = nil
}

func (t *tree) remove(n *node) {
	if n.parent != nil {
		n.parent.detach(n)
	}
	t.drop(n)
}

// rekey gives every object a new handle, from first on.
func (t *tree) rekey(first mtp.ObjectHandle) {
	old := t.nodes
	t.first, t.nodes = first, nil
	for _, n := range slices.Backward(old) {
		if n != nil {
			t.add(n)
		}
	}
}

// look reads an object's size and time again; it returns false when the file is
// gone or is no longer what it was.
func (t *tree) look(n *node) bool {
	fi, err := os.Lstat(n.path())
	if err != nil || !kept(fi.Mode()) || fi.IsDir() != n.folder {
		t.remove(n)
		return false
	}
	n.setInfo(fi)
	return true
}

// list brings n.kids in step with the folder. An unreadable folder is an error,
// never an empty list.
func (t *tree) list(n *node) error {
	path := n.path()
	before, err := os.Lstat(path) // a folder above may have been renamed
	if err != nil {
		n.whole = false
		return err
	}
	t.watch.poll()
	if n.whole && time.Since(n.readAt) < trust {
		return nil
	}
	n.whole = false
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	if len(entries) > unwatchedLimit {
		n.whole = t.cover(n, path, before)
	}
	old, kids := n.kids, make([]*node, 0, len(entries))
	known := n.scanned
	for _, e := range entries {
		if !kept(e.Type()) {
			continue
		}
		fi, err := e.Info()
		if err != nil {
			continue // removed since the folder was read
		}
		for len(old) > 0 && old[0].name < e.Name() {
			t.lost(old[0])
			old = old[1:]
		}
		if len(old) > 0 && old[0].name == e.Name() {
			k := old[0]
			old = old[1:]
			if k.folder == fi.IsDir() {
				if k.setInfo(fi) && known {
					t.notify(mtp.EventObjectInfoChanged, k)
				}
				kids = append(kids, k)
				continue
			}
			t.lost(k)
		}
		k := &node{parent: n, vol: n.vol, name: e.Name(), folder: fi.IsDir()}
		k.setInfo(fi)
		t.add(k)
		kids = append(kids, k)
		if known {
			t.notify(mtp.EventObjectAdded, k)
		}
	}
	for _, k := range old {
		t.lost(k)
	}
	n.kids, n.scanned, n.readAt = kids, true, time.Now()
	return nil
}

// settled is how long a folder's time must lie back to tell that nothing was
// added to it since: file systems stamp with the clock tick only.
const settled = 50 * time.Millisecond

// cover watches a folder between the reading of its names and that of its
// files' sizes and times, and reports whether nothing can have slipped through.
func (t *tree) cover(n *node, path string, before fs.FileInfo) bool {
	if time.Since(before.ModTime()) < settled || !t.watch.add(path, n) {
		return false
	}
	after, err := os.Lstat(path)
	return err == nil && after.ModTime().Equal(before.ModTime())
}

func (t *tree) lost(n *node) {
	t.notify(mtp.EventObjectRemoved, n)
	t.drop(n)
}

// twin finds the object of a folder that stands in the way of a new name. On a
// FAT storage names that differ in case are the same name.
func (t *tree) twin(folder *node, name string, fold bool) (string, bool) {
	if _, err := os.Lstat(folder.path() + string(filepath.Separator) + name); err == nil {
		return name, true
	}
	if !fold {
		return "", false
	}
	if !folder.scanned {
		if err := t.list(folder); err != nil {
			return "", false
		}
	}
	for _, k := range folder.kids {
		if strings.EqualFold(k.name, name) {
			return k.name, true
		}
	}
	return "", false
}
