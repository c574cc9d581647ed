package valuebag

import (
	"encoding/binary"
	"fmt"
)

// GUID is a globally unique identifier in Windows memory order, the order in
// which MTP and WPD put one on the wire: Data1 as little-endian uint32, Data2
// and Data3 as little-endian uint16, then the eight bytes of Data4 as written.
// The text {EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C} is therefore the bytes
// 0D 49 6B EF D8 5C 7A 43 AF FC DA 8B 60 EE 4A 3C. A UUID library that follows
// RFC 9562 holds the same identifier in another order: see [GUID.UUID].
type GUID [16]byte

// guidText maps each byte of a GUID to where its two digits stand in the 38
// characters of the braced text form.
var guidText = [16]int{7, 5, 3, 1, 12, 10, 17, 15, 20, 22, 25, 27, 29, 31, 33, 35}

// String is the registry form, braced and in capitals:
// {EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}.
func (g GUID) String() string { return string(g.appendText(make([]byte, 0, 38))) }

func (g GUID) appendText(b []byte) []byte {
	const digits = "0123456789ABCDEF"
	n := len(b)
	b = append(b, "{00000000-0000-0000-0000-000000000000}"...)
	for i, at := range guidText {
		b[n+at] = digits[g[i]>>4]
		b[n+at+1] = digits[g[i]&15]
	}
	return b
}

// ParseGUID reads the form of [GUID.String], with or without the braces and in
// either case.
func ParseGUID(s string) (GUID, error) {
	in := s
	if len(s) == 36 {
		s = "{" + s + "}"
	}
	if len(s) != 38 || s[0] != '{' || s[37] != '}' || s[9] != '-' || s[14] != '-' || s[19] != '-' || s[24] != '-' {
		return GUID{}, fmt.Errorf("valuebag: GUID %q: want {8-4-4-4-12 hexadecimal digits}", in)
	}
	var g GUID
	for i, at := range guidText {
		hi, lo := unhex(s[at]), unhex(s[at+1])
		if hi > 15 || lo > 15 {
			return GUID{}, fmt.Errorf("valuebag: GUID %q: bad hexadecimal digit at %d", in, at)
		}
		g[i] = hi<<4 | lo
	}
	return g, nil
}

func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 255
}

// UUID is the identifier in the byte order of RFC 9562 (all fields big-endian),
// which is what UUID libraries hash and compare.
func (g GUID) UUID() [16]byte {
	return [16]byte{g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]}
}

// GUIDFromUUID is the inverse of [GUID.UUID].
func GUIDFromUUID(u [16]byte) GUID { return GUID(GUID(u).UUID()) }

// Compare orders GUIDs by their bytes in memory order; it returns -1, 0 or +1.
func (g GUID) Compare(o GUID) int {
	a, b := binary.BigEndian.Uint64(g[:8]), binary.BigEndian.Uint64(o[:8])
	if a == b {
		a, b = binary.BigEndian.Uint64(g[8:]), binary.BigEndian.Uint64(o[8:])
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// MarshalText implements [encoding.TextMarshaler] with the form of String.
func (g GUID) MarshalText() ([]byte, error) { return g.appendText(nil), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] with [ParseGUID].
func (g *GUID) UnmarshalText(b []byte) error {
	p, err := ParseGUID(string(b))
	if err == nil {
		*g = p
	}
	return err
}
