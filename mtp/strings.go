package mtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxStringUnits is the longest string in UTF-16 code units, without the
// closing NUL (PTP §5.3.4: a UINT8 count that includes the NUL).
const MaxStringUnits = 254

var (
	// ErrStringTooLong says that a text has more than [MaxStringUnits] units.
	ErrStringTooLong = errors.New("longer than 254 UTF-16 units")
	// ErrStringInvalid says that a text isn't UTF-8 or has a NUL within.
	ErrStringInvalid = errors.New("not valid UTF-8, or NUL inside")
)

// AppendString appends a String: a UINT8 count of UTF-16 code units including
// the closing NUL, then the units; the empty text is the single byte 0.
// Errors: [ErrStringTooLong], [ErrStringInvalid]; b is then unchanged.
func AppendString(b []byte, s string) ([]byte, error) {
	if s == "" {
		return append(b, 0), nil
	}
	start := len(b)
	b = append(b, 0)
	units := 0
	for i, r := range s {
		switch {
		case r == 0, r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			return b[:start], fmt.Errorf("string, byte %d: %w", i, ErrStringInvalid)
		case r > 0xFFFF:
			hi, lo := utf16.EncodeRune(r)
			b = binary.LittleEndian.AppendUint16(b, uint16(hi))
			b = binary.LittleEndian.AppendUint16(b, uint16(lo))
			units += 2
		default:
			b = binary.LittleEndian.AppendUint16(b, uint16(r))
			units++
		}
		if units > MaxStringUnits {
			return b[:start], fmt.Errorf("string of %d bytes: %w", len(s), ErrStringTooLong)
		}
	}
	b[start] = byte(units + 1)
	return append(b, 0, 0), nil
}

// StringUnits counts the UTF-16 code units of s, without a NUL.
func StringUnits(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// DecodeString decodes a String at the start of p and says how many bytes it
// took. It is lenient: the NUL may be missing, and text ends at the first one;
// half a surrogate pair becomes U+FFFD.
func DecodeString(p []byte) (s string, n int, err error) {
	c := newCursor("string", p)
	s = c.string()
	return s, c.off, c.err
}

func (c *cursor) string() string {
	n := int(c.uint8())
	p := c.bytes(2 * n)
	if len(p) == 0 {
		return ""
	}
	return decodeUTF16(p)
}

// decodeUTF16 decodes little-endian units up to the first NUL.
func decodeUTF16(p []byte) string {
	// Nearly all names are ASCII: one pass, one allocation.
	var buf [256]byte
	for i := 0; ; i++ {
		if 2*i+1 >= len(p) {
			return string(buf[:i])
		}
		u := binary.LittleEndian.Uint16(p[2*i:])
		if u == 0 {
			return string(buf[:i])
		}
		if u >= 0x80 || i >= len(buf)-1 {
			break
		}
		buf[i] = byte(u)
	}
	units := make([]uint16, 0, len(p)/2)
	for i := 0; i+1 < len(p); i += 2 {
		u := binary.LittleEndian.Uint16(p[i:])
		if u == 0 {
			break
		}
		units = append(units, u)
	}
	return string(utf16.Decode(units))
}
