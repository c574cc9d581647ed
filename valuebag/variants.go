package valuebag

import (
	"fmt"
	"slices"
)

// VariantCollection builds and changes a collection of values of one type
// (IPortableDevicePropVariantCollection). The zero collection is empty and
// takes its type from the first element. [VariantCollection.Value] is what a
// bag stores; a plain list of texts needs no builder: see [Strings].
type VariantCollection struct {
	elem Kind
	list []Value
}

// NewVariants makes a collection for changing from what a bag stores; v must be
// a variant collection.
func NewVariants(v Value) (*VariantCollection, error) {
	if v.kind != KindVariants {
		return nil, v.is(KindVariants)
	}
	return &VariantCollection{v.elem, slices.Clone(v.boxed())}, nil
}

// Len is the number of elements.
func (c *VariantCollection) Len() int { return len(c.list) }

// Type is the type of the elements, [TypeEmpty] as long as none was added.
func (c *VariantCollection) Type() Type { return c.elem.Type() }

// At gives an element, or [ErrOutOfRange].
func (c *VariantCollection) At(i int) (Value, error) {
	if i < 0 || i >= len(c.list) {
		return Value{}, indexError(i, len(c.list))
	}
	return c.list[i], nil
}

// Add appends an element. One of another type than the collection's, or that no
// collection can hold, is [ErrTypeMismatch].
func (c *VariantCollection) Add(v Value) error {
	switch {
	case !v.kind.element():
		return &MismatchError{Got: v.kind, Want: KindVariants}
	case c.elem == KindEmpty:
		c.elem = v.kind
	case c.elem != v.kind:
		return &MismatchError{Got: v.kind, Want: c.elem}
	}
	c.list = append(c.list, v)
	return nil
}

// RemoveAt takes an element out, or answers [ErrOutOfRange].
func (c *VariantCollection) RemoveAt(i int) error {
	if i < 0 || i >= len(c.list) {
		return indexError(i, len(c.list))
	}
	c.list = slices.Delete(c.list, i, i+1)
	return nil
}

// Clear takes all elements and the type away.
func (c *VariantCollection) Clear() { *c = VariantCollection{} }

// ChangeType converts every element by the rules of [Value.Convert]. When one
// cannot be converted the collection stays as it was. (Windows may leave one
// half converted.)
func (c *VariantCollection) ChangeType(t Type) error {
	k, ok := kindOf(t)
	if !ok || !k.element() {
		return &MismatchError{Got: k, Want: KindVariants}
	}
	list := make([]Value, len(c.list))
	for i, v := range c.list {
		w, err := v.Convert(t)
		if err != nil {
			return fmt.Errorf("valuebag: element %d: %w", i, err)
		}
		list[i] = w
	}
	c.elem, c.list = k, list
	return nil
}

// Value is the collection as it is now, for a bag.
func (c *VariantCollection) Value() Value { return variants(c.elem, slices.Clone(c.list)) }
