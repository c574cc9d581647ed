package devprovider

import (
	"strings"
	"unicode/utf8"
)

// fold maps names that a case-insensitive file system takes for one to the same
// text.
func fold(name string) string {
	lower := true
	for i := 0; i < len(name); i++ {
		if c := name[i]; c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' {
			lower = false
			break
		}
	}
	if lower {
		return name
	}
	return strings.ToLower(strings.ToUpper(name))
}
