package wire

import (
	"encoding/binary"
	"errors"
	"math"
	"testing"
)

var errKind = errors.New("damaged")

func TestCursorErrors(t *testing.T) {
	number := func(c *Cursor) { c.Uvarint("a tick") }
	for _, tt := range []struct {
		name string
		c    Cursor
		read func(c *Cursor)
		want string // "" none
		is   error
	}{
		{"nothing is left", Cursor{}, func(c *Cursor) { c.Byte("a version") }, "byte 0 of 0: expected a version", nil},
		{"too few bytes", Cursor{Buf: []byte{1, 2}}, func(c *Cursor) { c.Bytes(3, "an ID") }, "byte 0 of 2: expected an ID", nil},
		{"a negative length", Cursor{Buf: []byte{1, 2}}, func(c *Cursor) { c.Bytes(-1, "an ID") }, "byte 0 of 2: expected an ID", nil},
		{"a number cut short", Cursor{Buf: []byte{1, 0x80}, Off: 1}, number, "byte 1 of 2: expected a tick", nil},
		{"a number above 64 bits", Cursor{Buf: []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 2}}, number, "byte 0 of 10: expected a tick", nil},
		{"a long number", Cursor{Buf: []byte{0x80, 0}}, number, "byte 0 of 2: a number longer than it need be: not in normal form", ErrNormalForm},
		{"a long number where any will do", Cursor{Buf: []byte{0x80, 0}, AnyLength: true}, number, "", nil},
		{"more than the rest can hold", Cursor{Buf: []byte{3, 0, 0, 0, 0, 0}}, func(c *Cursor) { c.Count(2, "a count of rows") }, "byte 0 of 6: expected a count of rows that the bytes left can hold", nil},
		{"as many as the rest can hold", Cursor{Buf: []byte{2, 0, 0, 0, 0}}, func(c *Cursor) { c.Count(2, "a count of rows") }, "", nil},
		{"a count that no int holds", Cursor{Buf: binary.AppendUvarint(nil, math.MaxUint64)}, func(c *Cursor) { c.Count(1, "a count") }, "byte 0 of 10: expected a count that the bytes left can hold", nil},
		{"a length", Cursor{Buf: []byte{2, 'a'}}, func(c *Cursor) { c.Sized("a name") }, "byte 0 of 2: expected a length of a name that the bytes left can hold", nil},
		{"part of a whole", Cursor{Buf: []byte{1}, Base: 40, Part: true, Off: 1}, number, "byte 41: expected a tick", nil},
		{"of a kind", Cursor{Kind: errKind}, number, "byte 0 of 0: expected a tick: damaged", errKind},
		{"the first error stays", Cursor{Buf: []byte{1}}, func(c *Cursor) { c.FailAt(0, "a"); c.Fail("b"); c.FailForm(0, "c"); number(c) }, "byte 0 of 1: expected a", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.read(&tt.c)
			got := ""
			if tt.c.Err != nil {
				got = tt.c.Err.Error()
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if tt.is != nil && !errors.Is(tt.c.Err, tt.is) {
				t.Errorf("%v is no %v", tt.c.Err, tt.is)
			}
		})
	}
}

func TestCursorReads(t *testing.T) {
	b := []byte{7}
	b = binary.AppendUvarint(b, math.MaxUint64)
	b = binary.AppendVarint(b, math.MinInt64)
	b = append(b, 2, 'h', 'i', 9, 9)
	c := Cursor{Buf: b}
	if v, u, i, s := c.Byte("v"), c.Uvarint("u"), c.Varint("i"), c.Sized("s"); v != 7 || u != math.MaxUint64 || i != math.MinInt64 || string(s) != "hi" || cap(s) != 2 {
		t.Errorf("got %d %d %d %q (capacity %d)", v, u, i, s, cap(s))
	}
	if c.Err != nil || len(c.Rest()) != 2 {
		t.Errorf("%v, %d bytes left, want 2", c.Err, len(c.Rest()))
	}
}

// FuzzCursor reads with operations that the input itself names: nothing goes beyond the
// input, and nothing is read after an error.
func FuzzCursor(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 0x80, 0x80, 0}, false)
	f.Add([]byte{5, 1, 'a', 3, 255, 1, 4, 2, 0, 0}, true)
	f.Fuzz(func(t *testing.T, b []byte, anyLength bool) {
		c := Cursor{Buf: b, AnyLength: anyLength}
		for c.Err == nil && len(c.Rest()) > 0 {
			at, size := c.Off, 0
			switch op := c.Byte("an operation"); op % 6 {
			case 0:
				size = len(c.Bytes(int(op/6), "bytes"))
			case 1:
				c.Uvarint("a number")
			case 2:
				c.Varint("a number")
			case 3:
				size = c.Count(1+int(op/6), "a count") * (1 + int(op/6))
				if size > len(c.Rest()) {
					t.Fatalf("a count of %d bytes, %d are left", size, len(c.Rest()))
				}
			case 4:
				size = len(c.Sized("text"))
			case 5:
				c.Fail("nothing")
			}
			if c.Off <= at || c.Off > len(b) || size > len(b) {
				t.Fatalf("from byte %d to %d of %d, %d bytes", at, c.Off, len(b), size)
			}
		}
		off := c.Off
		if c.Err != nil && (c.Byte("a byte") != 0 || c.Uvarint("a number") != 0 || c.Bytes(1, "a byte") != nil || c.Count(1, "a count") != 0 || c.Off != off) {
			t.Fatalf("something was read after %v", c.Err)
		}
	})
}
