package mtp

import (
	"context"
	"errors"
	"fmt"
)

// GetObjectPropsSupported lists the properties that objects of a format have.
func (s *Session) GetObjectPropsSupported(ctx context.Context, format FormatCode) ([]PropCode, error) {
	p, err := s.get(ctx, OpGetObjectPropsSupported, uint32(format))
	return decoded(OpGetObjectPropsSupported, p, err, DecodePropCodes)
}

// GetObjectPropDesc describes a property of a format.
func (s *Session) GetObjectPropDesc(ctx context.Context, prop PropCode, format FormatCode) (ObjectPropDesc, error) {
	p, err := s.get(ctx, OpGetObjectPropDesc, uint32(prop), uint32(format))
	return decoded(OpGetObjectPropDesc, p, err, DecodeObjectPropDesc)
}

// GetObjectPropValue reads one property that is known to have type t.
func (s *Session) GetObjectPropValue(ctx context.Context, h ObjectHandle, prop PropCode, t DataType) (Value, error) {
	p, err := s.get(ctx, OpGetObjectPropValue, uint32(h), uint32(prop))
	return decoded(OpGetObjectPropValue, p, err, func(p []byte) (Value, error) { return DecodeValue(t, p) })
}

// SetObjectPropValue sets one property.
func (s *Session) SetObjectPropValue(ctx context.Context, h ObjectHandle, prop PropCode, v Value) error {
	if err := s.checkNameProp(OpSetObjectPropValue, prop, v); err != nil {
		return err
	}
	p, err := AppendValue(nil, v)
	if err != nil {
		return fmt.Errorf("%v: %w", OpSetObjectPropValue, err)
	}
	_, err = s.do(ctx, OpSetObjectPropValue, []uint32{uint32(h), uint32(prop)}, outBytes(p), nil)
	return err
}

// Depths of GetObjectPropList.
const (
	DepthObject   uint32 = 0
	DepthChildren uint32 = 1
	DepthAll      uint32 = 0xFFFFFFFF
)

// GetObjectPropList reads properties of many objects. h is a folder, an object,
// 0 for the top level of all storages or [AllHandles]; format 0 is any. prop
// is a [PropCode], [AllProps], or 0 for those of group. With [DepthChildren]
// some devices put the folder itself first. See [Session.ListFolder] for what
// else devices do to it.
func (s *Session) GetObjectPropList(ctx context.Context, h ObjectHandle, format FormatCode, prop, group, depth uint32) ([]ObjectProp, error) {
	p, err := s.propList(ctx, h, format, prop, group, depth)
	return decoded(OpGetObjectPropList, p, err, DecodeObjectPropList)
}

func (s *Session) propList(ctx context.Context, h ObjectHandle, format FormatCode, prop, group, depth uint32) ([]byte, error) {
	return s.get(ctx, OpGetObjectPropList, uint32(h), uint32(format), prop, group, depth)
}

// SetObjectPropList sets properties, of one object or several. Where the device
// has no such operation, or a bad one, they are set one by one; the session
// remembers that. On refusal the index of the element at fault is often in the
// [OpError]'s RespParams; those before it may have been set.
func (s *Session) SetObjectPropList(ctx context.Context, props []ObjectProp) error {
	for i := range props {
		if err := s.checkNameProp(OpSetObjectPropList, props[i].Code, props[i].Value); err != nil {
			return err
		}
	}
	p, err := AppendObjectPropList(nil, props)
	if err != nil {
		return fmt.Errorf("%v: %w", OpSetObjectPropList, err)
	}
	if s.Supports(OpSetObjectPropList) && !s.Quirks().Has(QuirkNoSetPropList) {
		_, err = s.do(ctx, OpSetObjectPropList, nil, outBytes(p), nil)
		switch {
		case errors.Is(err, OperationNotSupported):
			s.learn(QuirkNoSetPropList)
		case errors.Is(err, GeneralError), errors.Is(err, InvalidDataset):
			// If they can be set one by one, it is the list that it has no use for.
			if s.setOneByOne(ctx, props) == nil {
				s.learn(QuirkNoSetPropList)
				return nil
			}
			return err
		default:
			return err
		}
	}
	return s.setOneByOne(ctx, props)
}

func (s *Session) setOneByOne(ctx context.Context, props []ObjectProp) error {
	for i, prop := range props {
		err := s.SetObjectPropValue(ctx, prop.Handle, prop.Code, prop.Value)
		var refused *OpError
		if errors.As(err, &refused) && len(refused.RespParams) == 0 {
			refused.RespParams = []uint32{uint32(i)}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// GetInterdependentPropDesc reads which combinations of properties a format may
// have: sets of descriptions, each of which holds as a whole.
func (s *Session) GetInterdependentPropDesc(ctx context.Context, format FormatCode) ([][]ObjectPropDesc, error) {
	p, err := s.get(ctx, OpGetInterdependentPropDesc, uint32(format))
	return decoded(OpGetInterdependentPropDesc, p, err, DecodeInterdependentPropDesc)
}

// GetObjectReferences lists the objects that an object refers to.
func (s *Session) GetObjectReferences(ctx context.Context, h ObjectHandle) ([]ObjectHandle, error) {
	p, err := s.get(ctx, OpGetObjectReferences, uint32(h))
	return decoded(OpGetObjectReferences, p, err, DecodeHandles)
}

// SetObjectReferences replaces an object's references.
func (s *Session) SetObjectReferences(ctx context.Context, h ObjectHandle, refs []ObjectHandle) error {
	_, err := s.do(ctx, OpSetObjectReferences, []uint32{uint32(h)}, outBytes(AppendHandles(nil, refs)), nil)
	return err
}
