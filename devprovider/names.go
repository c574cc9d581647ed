package devprovider

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// idLength is how many hexadecimal digits of the item ID a new name carries; a
// longer part is taken where that name belongs to something else.
const idLength = 8

// stem is the name of a new object without its extension: readable, safe on
// exFAT, the same from any computer.
func stem(slug string, id engine.ItemID, digits int) string {
	part := hex.EncodeToString(id[:])[:digits]
	if slug == "" {
		return part
	}
	return slug + "." + part
}

// slugOf is the readable part of an item's name.
func slugOf(k *pim.Kind, item *valuebag.Values) string {
	s := strings.ToLower(pim.Slug(k.Summary(item)))
	if s == "" || s[0] == '.' || !safeName(s+".x") {
		return ""
	}
	return s
}

// stepName is the self-describing name of an object that is about to take the
// place of another one: stem~digest.ext.
type stepName struct {
	stem   string // what comes before "~": [slug.]id
	id     string // the part of the item ID, hexadecimal
	digest string // the part of the body's digest, hexadecimal
	ext    string
}

// stepDigits is how many digits of the body's digest a step's name carries.
const stepDigits = 8

func (s stepName) String() string { return s.stem + "~" + s.digest + s.ext }

// plain is the name without the digest.
func (s stepName) plain() string { return s.stem + s.ext }

// of reports whether the name's ID part is of this item.
func (s stepName) of(id engine.ItemID) bool {
	return strings.HasPrefix(hex.EncodeToString(id[:]), s.id)
}

// holds reports whether a body is the one that the name tells of.
func (s stepName) holds(body engine.Digest) bool {
	for i := range stepWindows {
		if s.digest == digestPart(body, i) {
			return true
		}
	}
	return false
}

// stepWindows is how many parts of a digest a name may carry: another one is
// taken where the first is in use.
const stepWindows = 4

func digestPart(body engine.Digest, window int) string {
	return hex.EncodeToString(body[:])[window*stepDigits:][:stepDigits]
}

// parseStep recognises a step's name.
func parseStep(name string) (stepName, bool) {
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return stepName{}, false
	}
	tilde := dot - stepDigits - 1
	if tilde < idLength || name[tilde] != '~' || !isHex(name[tilde+1:dot]) {
		return stepName{}, false
	}
	s := stepName{stem: name[:tilde], digest: name[tilde+1 : dot], ext: name[dot:]}
	s.id = s.stem[strings.LastIndexByte(s.stem, '.')+1:]
	switch len(s.id) {
	case idLength, 2 * idLength, 4 * idLength:
	default:
		return stepName{}, false
	}
	if !isHex(s.id) || !isItemFile(name) {
		return stepName{}, false
	}
	return s, true
}

func isHex(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return s != ""
}

// ownName reports whether a name is one that Cradle gives the item.
func ownName(name string, id engine.ItemID) bool {
	s := strings.TrimSuffix(name, extOf(name))
	s = s[strings.LastIndexByte(s, '.')+1:]
	return len(s) >= idLength && isHex(s) && strings.HasPrefix(hex.EncodeToString(id[:]), s)
}

// bodyDigest is the digest of an object's bytes.
func bodyDigest(body []byte) engine.Digest {
	sum := sha256.Sum256(body)
	return engine.Digest(sum[:16])
}

// collectionAt is the collection of what lies in a folder.
func (f *Folder) collectionAt(at spot) string {
	return collectionIn(f.state.vdirs, f.state.folders, at)
}

// folderOf is the folder of a collection for new objects of a scope: that of a vdir,
// else the one in the tree, the same from any computer. An object that is replaced
// keeps its storage in the tree. Each part of the name that some file system would refuse, or that
// differs from a folder that is there only in case, is replaced.
func (f *Folder) folderOf(scope, collection, storage string) spot {
	if at, ok := f.vdirOf(scope, normalCollection(collection)); ok {
		return at
	}
	return spot{storage, f.treeFolder(scope, normalCollection(collection))}
}

func (f *Folder) treeFolder(scope, collection string) string {
	t := treeOf(scope)
	for _, n := range f.state.folders {
		if n.collection == collection && strings.HasPrefix(n.folder, t.folder+"/") {
			return n.folder
		}
	}
	folder := t.folder
	parts := strings.Split(collection, "/")
	if len(parts) > maxDepth-1 {
		parts = []string{collection}
	}
	for _, part := range parts {
		name := part
		if !safeName(name) {
			name = safeFolder(name)
		} else if n := f.folders[spot{f.home, folder}]; n.has(name) && !n.exact(name) {
			name = name + "-" + shortHash(name)
		}
		folder = join(folder, name)
	}
	if slices.ContainsFunc(f.state.folders, func(n folderName) bool { return n.folder == folder && n.collection != collection }) {
		folder += "-" + shortHash(collection) // the name is a mapped collection's
	}
	return folder
}

// safeFolder makes a name that every file system takes and that no other
// collection gets.
func safeFolder(name string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(name, "_") {
		if r < 0x20 || r == 0x7f || strings.ContainsRune(`\/:*?"<>|`, r) {
			r = '_'
		}
		if b.Len() > 80 {
			break
		}
		b.WriteRune(r)
	}
	s := strings.Trim(b.String(), ". ")
	if s == "" || isDevice(s) {
		s = "collection"
	}
	return s + "-" + shortHash(name)
}

// plainFolder is a folder's name for a device that refuses the other.
func plainFolder(name string) string {
	s := strings.ToLower(pim.Slug(name))
	if s == "" {
		s = "collection"
	}
	return s + "-" + shortHash(name)
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return fmt.Sprintf("%x", sum[:4])
}
