package valuebag

import (
	"encoding/base64"
	"unicode/utf8"
)

// The JSON form is readable and loses nothing: reading it back gives an equal
// bag. A bag is an object with a member for each entry, in key order, named by
// [PropertyKey.Name]; a value is an object with one member, named by its kind:
//
//	{"WPD_OBJECT_NAME": {"string": "Ada Lovelace"},
//	 "WPD_OBJECT_SIZE": {"uint64": "4096"},
//	 "WPD_CONTACT_OTHER_PHONES": {"variants": {"string": ["+44 20 7946 0001"]}}}
//
//	empty null            null
//	bool                  true, false
//	8 to 32 bit integers  a number
//	64 bit integers       a decimal in a string, for readers whose numbers are doubles
//	float32 float64       a number, or "NaN", "+Inf", "-Inf"
//	error                 "0x80070490"
//	date                  "2026-11-20T10:00:00.5", or the number of days in a string
//	                      if that says more
//	string                a string; {"base64": …} if it is not UTF-8
//	bytes                 a string in base64
//	guid                  "{EF6B490D-5CD8-437A-AFFC-DA8B60EE4A3C}"
//	key                   a name or "{GUID}.pid"
//	values                a bag
//	keys                  an array of keys
//	variants              {kind: an array of what that kind has here}; {"empty": []}
//	                      for a collection that never had a type
//	valuesList            an array of bags

// MarshalJSON gives the JSON form. The only error is [ErrTooDeep].
func (vs *Values) MarshalJSON() ([]byte, error) {
	if vs.deeper(MaxDepth) {
		return nil, ErrTooDeep
	}
	return appendJSONBag(nil, vs), nil
}

// MarshalJSON gives the value's JSON form, an object with one member.
func (v Value) MarshalJSON() ([]byte, error) {
	if (&Values{entries: []entry{{value: v}}}).deeper(MaxDepth) {
		return nil, ErrTooDeep
	}
	return appendJSONValue(nil, v), nil
}

func appendJSONBag(b []byte, vs *Values) []byte {
	b = append(b, '{')
	for i, e := range vs.all() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, e.key.Name()), ':')
		b = appendJSONValue(b, e.value)
	}
	return append(b, '}')
}

func appendJSONValue(b []byte, v Value) []byte {
	b = append(appendJSONString(append(b, '{'), v.kind.String()), ':')
	return append(appendJSONPayload(b, v), '}')
}

// appendJSONArray appends n items in square brackets.
func appendJSONArray(b []byte, n int, item func(b []byte, i int) []byte) []byte {
	b = append(b, '[')
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(b, i)
	}
	return append(b, ']')
}

func appendJSONPayload(b []byte, v Value) []byte {
	switch v.kind {
	case KindEmpty, KindNull:
		return append(b, "null"...)
	case KindBool, KindInt8, KindInt16, KindInt32, KindUint8, KindUint16, KindUint32:
		return append(b, v.plain()...)
	case KindFloat32, KindFloat64:
		s := v.plain()
		if c := s[len(s)-1]; c == 'N' || c == 'f' { // NaN, +Inf, -Inf
			return appendJSONString(b, s)
		}
		return append(b, s...)
	case KindString:
		if s := v.text(); utf8.ValidString(s) {
			return appendJSONString(b, s)
		}
		b = append(b, `{"base64":"`...)
		b = base64.StdEncoding.AppendEncode(b, v.bytes())
		return append(b, `"}`...)
	case KindBytes:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.bytes())
		return append(b, '"')
	case KindValues:
		return appendJSONBag(b, v.bag())
	case KindKeys:
		return appendJSONArray(b, int(v.num), func(b []byte, i int) []byte { return appendJSONString(b, v.keys()[i].Name()) })
	case KindValuesList:
		return appendJSONArray(b, int(v.num), func(b []byte, i int) []byte { return appendJSONBag(b, v.bags()[i]) })
	case KindVariants:
		elems := v.boxed()
		b = append(appendJSONString(append(b, '{'), v.elem.String()), ':')
		b = appendJSONArray(b, len(elems), func(b []byte, i int) []byte { return appendJSONPayload(b, elems[i]) })
		return append(b, '}')
	}
	return appendJSONString(b, v.plain())
}

// appendJSONString quotes s, which must be UTF-8.
func appendJSONString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(append(b, s[start:]...), '"')
}
