package hwtest

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"cradle/mtp"
)

// NameRule is which file names the phone's storage can hold.
type NameRule uint8

const (
	// NamesHost takes what the host's file system takes: up to 255 bytes of
	// UTF-8, no slash.
	NamesHost NameRule = iota
	// NamesFAT is a FAT32 or exFAT card: up to 255 UTF-16 units, none of
	// \ / : * ? " < > | or a control character, no trailing dot or space, and
	// no character beyond the Basic Multilingual Plane; names that differ in
	// case are the same name.
	NamesFAT
	// Names7Bit is a device that takes ASCII only (libmtp's
	// ONLY_7BIT_FILENAMES).
	Names7Bit
)

var errName = errors.New("name that the storage can't hold")

// check says what is wrong with a name. The host's rule always holds too, so
// that a name never leads out of its folder.
func (r NameRule) check(name string) error {
	switch {
	case name == "", name == ".", name == "..", strings.ContainsAny(name, "/\x00"):
		return fmt.Errorf("%w: %q", errName, name)
	case len(name) > 255:
		return fmt.Errorf("%w: %d bytes", errName, len(name))
	case !utf8.ValidString(name):
		return fmt.Errorf("%w: not UTF-8", errName)
	}
	switch r {
	case NamesFAT:
		if mtp.StringUnits(name) > 255 {
			return fmt.Errorf("%w: more than 255 characters", errName)
		}
		if last := name[len(name)-1]; last == '.' || last == ' ' {
			return fmt.Errorf("%w: %q at its end", errName, last)
		}
		for _, c := range name {
			if c < 0x20 || c == 0x7F || c > 0xFFFF || strings.ContainsRune(`\:*?"<>|`, c) {
				return fmt.Errorf("%w: %q", errName, c)
			}
		}
	case Names7Bit:
		for _, c := range name {
			if c < 0x20 || c > 0x7E {
				return fmt.Errorf("%w: %q", errName, c)
			}
		}
	}
	return nil
}
