package valuebag

import (
	"encoding/hex"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The readable text form, for logs, diffs and people. It is one way: JSON is
// the readable form that can be read back.
//
//	WPD_OBJECT_NAME = string "Ada Lovelace"
//	WPD_OBJECT_SIZE = uint64 4096
//	WPD_CONTACT_OTHER_PHONES = variants string [
//	  "+44 20 7946 0001"
//	  "+44 20 7946 0002"
//	]
//	{8F052D93-ABCA-4FC5-A5AC-B01DF4DBE598}.9 = values {
//	  WPD_TASK_STATUS = string "started"
//	}

// String is the readable text form, a line an entry, in key order.
func (vs *Values) String() string { return vs.Text(nil) }

// Text is the readable text form with the names that name gives; an empty name
// (and a nil function) leaves it to [PropertyKey.Name]. Categories of keys that
// other packages define print well with it.
func (vs *Values) Text(name func(PropertyKey) string) string {
	w := textWriter{name: name}
	w.bag(vs)
	return w.String()
}

// String is v's kind and content as in the text form of a bag.
func (v Value) String() string {
	var w textWriter
	w.value(v)
	return w.String()
}

// longBuffer is how many bytes of a buffer the text form shows.
const longBuffer = 256

type textWriter struct {
	strings.Builder
	name   func(PropertyKey) string
	indent int
}

func (w *textWriter) key(k PropertyKey) {
	s := ""
	if w.name != nil {
		s = w.name(k)
	}
	if s == "" {
		s = k.Name()
	}
	w.WriteString(s)
}

// line begins a new line at the current indent.
func (w *textWriter) line() {
	for range w.indent {
		w.WriteString("  ")
	}
}

func (w *textWriter) bag(vs *Values) {
	for _, e := range vs.all() {
		w.line()
		w.key(e.key)
		w.WriteString(" = ")
		w.value(e.value)
		w.WriteByte('\n')
	}
}

// block writes n items, each on its own line, in a pair of brackets.
func (w *textWriter) block(brackets string, n int, item func(i int)) {
	w.WriteByte(' ')
	w.WriteByte(brackets[0])
	if n > 0 {
		w.WriteByte('\n')
		w.indent++
		for i := range n {
			item(i)
		}
		w.indent--
		w.line()
	}
	w.WriteByte(brackets[1])
}

// nested writes a bag in braces.
func (w *textWriter) nested(vs *Values) {
	w.WriteByte('{')
	if vs.Len() > 0 {
		w.WriteByte('\n')
		w.indent++
		w.bag(vs)
		w.indent--
		w.line()
	}
	w.WriteByte('}')
}

func (w *textWriter) value(v Value) {
	w.WriteString(v.kind.String())
	switch v.kind {
	case KindEmpty, KindNull:
	case KindValues:
		w.WriteByte(' ')
		w.nested(v.bag())
	case KindKeys:
		w.block("[]", len(v.keys()), func(i int) {
			w.line()
			w.key(v.keys()[i])
			w.WriteByte('\n')
		})
	case KindValuesList:
		w.block("[]", len(v.bags()), func(i int) {
			w.line()
			w.nested(v.bags()[i])
			w.WriteByte('\n')
		})
	case KindVariants:
		w.WriteByte(' ')
		w.WriteString(v.elem.String())
		elems := v.boxed()
		w.block("[]", len(elems), func(i int) {
			w.line()
			w.scalar(elems[i])
			w.WriteByte('\n')
		})
	default:
		w.WriteByte(' ')
		w.scalar(v)
	}
}

func (w *textWriter) scalar(v Value) {
	switch v.kind {
	case KindString:
		w.WriteString(strconv.Quote(v.text()))
	case KindBytes:
		w.buffer(v.bytes())
	case KindKey:
		w.key(*v.key())
	default:
		w.WriteString(v.plain())
	}
}

func (w *textWriter) buffer(b []byte) {
	rest := 0
	if len(b) > longBuffer {
		rest = len(b) - longBuffer
		b = b[:longBuffer]
		// Text stays text when the cut went through a character.
		for i := 1; i < utf8.UTFMax && !utf8.Valid(b) && utf8.Valid(b[:len(b)-i]); i++ {
			b, rest = b[:len(b)-i], rest+i
		}
	}
	if utf8.Valid(b) && !strings.ContainsRune(string(b), 0) {
		w.WriteString(strconv.Quote(string(b)))
	} else {
		w.WriteString("0x" + hex.EncodeToString(b))
	}
	if rest > 0 {
		w.WriteString(" and " + strconv.Itoa(rest) + " bytes more")
	}
}
