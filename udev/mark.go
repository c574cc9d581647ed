package udev

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// The first line of every file that an installation writes says whose it is and
// what the rest was, so that a file that somebody edited is known and kept.
const (
	markStart = "Managed by cradle install: an edited file is kept. "
	markSum   = "sha256 "
)

// mark puts the line before a file's text.
func mark(name string, text []byte) []byte {
	sum := sha256.Sum256(text)
	line := markStart + markSum + hex.EncodeToString(sum[:])
	if strings.HasSuffix(name, ".svg") {
		line = "<!-- " + line + " -->"
	} else {
		line = "# " + line
	}
	return append([]byte(line+"\n"), text...)
}

// standing is what a file that is there has to do with us.
type standing int

const (
	foreign standing = iota // without our line
	edited                  // with it, and changed since
	pristine
)

// judge looks at the first line of a file.
func judge(b []byte) standing {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	_, after, found := strings.Cut(string(line), markStart+markSum)
	if !found {
		return foreign
	}
	sum := sha256.Sum256(rest)
	want, _, _ := strings.Cut(after, " ")
	if strings.TrimSpace(want) != hex.EncodeToString(sum[:]) {
		return edited
	}
	return pristine
}
