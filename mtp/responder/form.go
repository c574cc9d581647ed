package responder

import (
	"slices"

	"cradle/mtp"
)

// fits reports whether a value is one that a form allows. Patterns aren't looked
// at.
func fits(f *mtp.Form, v mtp.Value) bool {
	switch f.Flag {
	case mtp.FormEnum:
		return slices.Contains(f.Enum, v)
	case mtp.FormRange:
		return !less(v, f.Min) && !less(f.Max, v)
	case mtp.FormFixedArray:
		return v.Len() == int(f.Length)
	case mtp.FormByteArray, mtp.FormLongString:
		return v.Len() <= int(f.Length)
	case mtp.FormServiceProp, mtp.FormMethodParam:
		return f.Inner == nil || fits(f.Inner, v)
	default:
		return true
	}
}

// less compares integers of one type.
func less(a, b mtp.Value) bool {
	if a.Type().Signed() {
		return a.Int() < b.Int()
	}
	alo, ahi := a.Uint128()
	blo, bhi := b.Uint128()
	return ahi < bhi || ahi == bhi && alo < blo
}
