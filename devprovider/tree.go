package devprovider

import (
	"path"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"cradle/pim"
)

// The tree of the folder profile, below the root of a storage.
const (
	rootFolder  = "Cradle"
	stateFolder = rootFolder + "/state"
	readmePath  = rootFolder + "/README.txt"
	// firstCollection is the collection of a file that lies in none.
	firstCollection = "personal"
)

// tree is the folder of one kind. An item's kind is decided by its component; the
// folder only says where a new one goes and what its collection is.
type tree struct {
	scope  string // the kind's name
	folder string
	ext    string // of a new file
}

var trees = []tree{
	{"contacts", rootFolder + "/contacts", ".vcf"},
	{"events", rootFolder + "/calendars", ".ics"},
	{"tasks", rootFolder + "/tasks", ".ics"},
	{"notes", rootFolder + "/notes", ".ics"},
}

func treeOf(scope string) tree {
	for _, t := range trees {
		if t.scope == scope {
			return t
		}
	}
	// A kind of a later version: a folder of its name.
	return tree{scope, rootFolder + "/" + scope, ".ics"}
}

// treeOfPath finds the tree in which a path lies and the rest below it.
func treeOfPath(p string) (t tree, rest string, ok bool) {
	for _, t := range trees {
		if len(p) > len(t.folder) && p[len(t.folder)] == '/' && strings.HasPrefix(p, t.folder) {
			return t, p[len(t.folder)+1:], true
		}
	}
	return tree{}, "", false
}

// isTree reports whether a folder is the tree of a kind.
func isTree(folder string) bool {
	for _, t := range trees {
		if t.folder == folder {
			return true
		}
	}
	return false
}

// readme is for the person who finds the folder.
const readme = `This folder belongs to Cradle, which syncs the contacts, calendars, tasks and
notes in it with a computer.

contacts, calendars, tasks, notes
    One folder a collection, one file an item (.vcf, .ics). You may add, edit and
    delete files here; the next sync takes it to the computer.
    In notes a text (.txt, .md) is a note too.
state
    What was synced and when. Please leave it alone: without it the next sync
    pairs everything anew.
`

// maxDepth bounds how deep folders below a tree are looked into.
const maxDepth = 8

// extensions of files that hold items. The kind is decided by what is in them.
var extensions = map[string]bool{
	".vcf": true, ".vcard": true, ".ics": true, ".ical": true, ".icalendar": true,
	".vcs": true, ".vnt": true,
}

// isItemFile reports whether a file may hold items. Hidden files are other
// programs' temporary ones: Android's .trashed-… and .pending-…, macOS's ._….
func isItemFile(name string) bool {
	if name == "" || name[0] == '.' {
		return false
	}
	dot := strings.LastIndexByte(name, '.')
	if dot < 0 {
		return false
	}
	ext := name[dot:]
	return ext == ".vcf" || ext == ".ics" || extensions[strings.ToLower(ext)]
}

// isPlainNote reports whether a path is that of a plain text in the tree of notes: a
// note each, read and never written.
func isPlainNote(p string) bool {
	if !strings.HasPrefix(p, rootFolder+"/notes/") || isHidden(base(p)) {
		return false
	}
	return slices.Contains(pim.PlainNoteExtensions, strings.ToLower(extOf(p)))
}

func isHidden(name string) bool { return strings.HasPrefix(name, ".") }

func join(folder, name string) string {
	if folder == "" {
		return name
	}
	return folder + "/" + name
}

func parent(p string) string {
	if i := strings.LastIndexByte(p, '/'); i >= 0 {
		return p[:i]
	}
	return ""
}

func base(p string) string { return p[strings.LastIndexByte(p, '/')+1:] }

func extOf(name string) string { return path.Ext(name) }

// maxName is the longest name of exFAT and FAT, in UTF-16 units.
const maxName = 255

// safeName reports whether every common file system takes a name as it is: exFAT
// is the strictest.
func safeName(name string) bool {
	if name == "" || !utf8.ValidString(name) || isHidden(name) {
		return false
	}
	if last := name[len(name)-1]; last == '.' || last == ' ' || name[0] == ' ' {
		return false
	}
	for _, r := range name {
		if r < 0x20 || r == 0x7f || strings.ContainsRune(`\/:*?"<>|`, r) {
			return false
		}
	}
	if len(name) > maxName && len(utf16.Encode([]rune(name))) > maxName || len(name) > maxName {
		return false
	}
	return !isDevice(name)
}

// isDevice reports whether Windows takes a name for a device.
func isDevice(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch stem {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '1' && stem[3] <= '9'
}
