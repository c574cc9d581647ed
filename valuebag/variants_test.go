package valuebag

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestVariants(t *testing.T) {
	if _, err := Variants(TypeUint32, []Value{Uint32(1), String("2")}); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("mixed types: got %v, want ErrTypeMismatch", err)
	}
	for _, typ := range []Type{TypeNull, TypeUnknown, TypeKey, Type(99), Type(0x2011)} {
		if v, err := Variants(typ, nil); !errors.Is(err, ErrTypeMismatch) {
			t.Errorf("collection of %s: got %s, %v, want ErrTypeMismatch", typ, v, err)
		}
	}
	if _, err := Variants(TypeEmpty, []Value{{}}); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("elements that are empty: got %v, want ErrTypeMismatch", err)
	}
	v, err := Variants(TypeString, []Value{String("a"), String("b")})
	if got, err2 := v.AsStrings(); err != nil || err2 != nil || !slices.Equal(got, []string{"a", "b"}) || !v.Equal(Strings(got)) {
		t.Errorf("texts: got %q, %v, %v", got, err, err2)
	}
	typ, elems, err := Strings([]string{"a"}).AsVariants()
	if err != nil || typ != TypeString || len(elems) != 1 || !elems[0].Equal(String("a")) {
		t.Errorf("texts as values: got %s, %v, %v", typ, elems, err)
	}
	n, _ := Variants(TypeUint32, []Value{Uint32(1)})
	if _, err := n.AsStrings(); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("numbers as texts: got %v, want ErrTypeMismatch", err)
	}
	if _, _, err := String("a").AsVariants(); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("a text as collection: got %v, want ErrTypeMismatch", err)
	}
}

func TestVariantCollection(t *testing.T) {
	var c VariantCollection
	if c.Type() != TypeEmpty || c.Len() != 0 {
		t.Errorf("new: %s with %d elements", c.Type(), c.Len())
	}
	if s, err := c.Value().AsStrings(); err != nil || len(s) != 0 {
		t.Errorf("without a type as texts: %q, %v", s, err)
	}
	for _, v := range []Value{Uint32(1), Uint32(300), Uint32(2)} {
		if err := c.Add(v); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range []Value{String("x"), Null(), {}, Keys(nil), ValuesOf(nil), Key(WPDObjectName)} {
		if err := c.Add(v); !errors.Is(err, ErrTypeMismatch) {
			t.Errorf("Add(%s): got %v, want ErrTypeMismatch", v, err)
		}
	}
	before := c.Value()
	if err := c.ChangeType(TypeUint8); !errors.Is(err, ErrOverflow) || !strings.Contains(err.Error(), "element 1") || !c.Value().Equal(before) {
		t.Errorf("ChangeType that fails: %v, left %s", err, c.Value())
	}
	if err := c.ChangeType(TypeUnknown); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("ChangeType to bags: %v", err)
	}
	if err := c.RemoveAt(1); err != nil {
		t.Error(err)
	}
	if err := c.ChangeType(TypeUint8); err != nil || c.Type() != TypeUint8 {
		t.Errorf("ChangeType: %v, %s", err, c.Type())
	}
	if v, err := c.At(1); err != nil || !v.Equal(Uint8(2)) {
		t.Errorf("At(1): %s, %v", v, err)
	}
	if err := c.ChangeType(TypeString); err != nil || !c.Value().Equal(Strings([]string{"1", "2"})) {
		t.Errorf("ChangeType to text: %v, %s", err, c.Value())
	}
	if _, _, n := before.AsVariants(); n != nil || before.Len() != 3 {
		t.Errorf("a value changed with its builder: %s", before)
	}
	again, err := NewVariants(before)
	if err != nil || again.Len() != 3 || again.Type() != TypeUint32 {
		t.Errorf("NewVariants: %v, %v", again, err)
	}
	if _, err := NewVariants(Uint8(1)); !errors.Is(err, ErrTypeMismatch) {
		t.Errorf("NewVariants of a number: %v", err)
	}
	for _, i := range []int{-1, 2} {
		if _, err := c.At(i); !errors.Is(err, ErrOutOfRange) {
			t.Errorf("At(%d): %v", i, err)
		}
		if err := c.RemoveAt(i); !errors.Is(err, ErrOutOfRange) {
			t.Errorf("RemoveAt(%d): %v", i, err)
		}
	}
	c.Clear()
	if err := c.Add(Bool(true)); err != nil || c.Type() != TypeBool {
		t.Errorf("after Clear: %v, %s", err, c.Type())
	}
}
