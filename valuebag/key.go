package valuebag

import (
	"fmt"
	"strconv"
	"strings"
)

// PropertyKey names a property: the GUID of its category and a number in it
// (PROPERTYKEY of the Windows property system: fmtid and pid, 20 bytes). Two
// keys are the same when both parts are; == does that. The pids 0 and 1 are
// reserved, a category's own numbering starts at 2.
type PropertyKey struct {
	FmtID GUID
	PID   uint32
}

// Compare orders keys by fmtid (bytes in memory order), then by pid. It is the
// order of every bag, encoding and listing of this package.
func (k PropertyKey) Compare(o PropertyKey) int {
	if c := k.FmtID.Compare(o.FmtID); c != 0 {
		return c
	}
	switch {
	case k.PID < o.PID:
		return -1
	case k.PID > o.PID:
		return 1
	}
	return 0
}

// String is the form that Windows tools use: {GUID}.pid.
func (k PropertyKey) String() string { return string(k.appendText(make([]byte, 0, 50))) }

func (k PropertyKey) appendText(b []byte) []byte {
	b = append(k.FmtID.appendText(b), '.')
	return strconv.AppendUint(b, uint64(k.PID), 10)
}

// Name is the key's name in the WPD headers (WPD_CONTACT_MOBILE_PHONE), or the
// form of [PropertyKey.String] for a key that has none.
func (k PropertyKey) Name() string {
	if i, ok := LookupKey(k); ok {
		return i.Name
	}
	return k.String()
}

// ParseKey reads {GUID}.pid, {GUID} pid, or a name of the WPD headers.
func ParseKey(s string) (PropertyKey, error) {
	if !strings.HasPrefix(s, "{") {
		if i, ok := LookupName(s); ok {
			return i.Key, nil
		}
		return PropertyKey{}, fmt.Errorf("valuebag: key %q: want {GUID}.pid or a WPD name", s)
	}
	if len(s) < 40 || s[38] != '.' && s[38] != ' ' {
		return PropertyKey{}, fmt.Errorf("valuebag: key %q: want {GUID}.pid", s)
	}
	g, err := ParseGUID(s[:38])
	if err != nil {
		return PropertyKey{}, err
	}
	// ParseUint takes no sign, but leading zeros, which would give one key two texts.
	pid, err := strconv.ParseUint(s[39:], 10, 32)
	if err != nil || len(s) > 40 && s[39] == '0' {
		return PropertyKey{}, fmt.Errorf("valuebag: key %q: pid is not a 32-bit number", s)
	}
	return PropertyKey{g, uint32(pid)}, nil
}

// MarshalText implements [encoding.TextMarshaler] with the form of
// [PropertyKey.Name].
func (k PropertyKey) MarshalText() ([]byte, error) { return []byte(k.Name()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler] with [ParseKey].
func (k *PropertyKey) UnmarshalText(b []byte) error {
	p, err := ParseKey(string(b))
	if err == nil {
		*k = p
	}
	return err
}
