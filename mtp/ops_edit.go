package mtp

import "context"

// Android's extension edits an object in place: BeginEditObject, any number of
// SendPartialObject and TruncateObject, EndEditObject, which makes Android look
// at the file again. No handle is spent on a temporary file; a cut cable
// leaves the object half edited.

// BeginEditObject opens an object for editing.
func (s *Session) BeginEditObject(ctx context.Context, h ObjectHandle) error {
	_, err := s.do(ctx, OpBeginEditObject, []uint32{uint32(h)}, dataOut{}, nil)
	return err
}

// SendPartialObject overwrites part of an object that is open for editing. The
// header goes out as a packet of its own: AOSP loses the offset of payload that
// shares its packet.
func (s *Session) SendPartialObject(ctx context.Context, h ObjectHandle, offset uint64, p []byte) error {
	out := outBytes(p)
	out.split = true
	_, err := s.do(ctx, OpSendPartialObject, []uint32{uint32(h), uint32(offset), uint32(offset >> 32), uint32(len(p))}, out, nil)
	return err
}

// TruncateObject cuts or extends an object that is open for editing.
func (s *Session) TruncateObject(ctx context.Context, h ObjectHandle, size uint64) error {
	_, err := s.do(ctx, OpTruncateObject, []uint32{uint32(h), uint32(size), uint32(size >> 32)}, dataOut{}, nil)
	return err
}

// EndEditObject ends the editing.
func (s *Session) EndEditObject(ctx context.Context, h ObjectHandle) error {
	_, err := s.do(ctx, OpEndEditObject, []uint32{uint32(h)}, dataOut{}, nil)
	return err
}
