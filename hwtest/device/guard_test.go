package device

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"

	"cradle/hwtest"
	"cradle/mtp"
)

// looking are the operations that change nothing. What isn't here is refused, vendors' operations
// too: nobody knows what they do.
var looking = []mtp.OpCode{
	mtp.OpGetDeviceInfo, mtp.OpOpenSession, mtp.OpCloseSession, mtp.OpGetStorageIDs, mtp.OpGetStorageInfo,
	mtp.OpGetNumObjects, mtp.OpGetObjectHandles, mtp.OpGetObjectInfo, mtp.OpGetObject, mtp.OpGetThumb,
	mtp.OpGetDevicePropDesc, mtp.OpGetDevicePropValue, mtp.OpGetPartialObject, mtp.OpGetPartialObject64,
	mtp.OpGetObjectPropsSupported, mtp.OpGetObjectPropDesc, mtp.OpGetObjectPropValue, mtp.OpGetObjectPropList,
	mtp.OpGetInterdependentPropDesc, mtp.OpGetObjectReferences,
}

// errWrites is what the guard gives for an operation that isn't one of looking.
var errWrites = errors.New("the reading part was about to change something on the phone")

// guard lets only operations through that look. In the place of one that doesn't it puts an error,
// and nothing of it goes to the phone.
type guard struct {
	mtp.Transport
	refused []mtp.OpCode
}

// guarded puts a guard before t. Where t is a Pipeliner the guard is one too.
func guarded(t mtp.Transport) (mtp.Transport, *guard) {
	g := &guard{Transport: t}
	if p, ok := t.(mtp.Pipeliner); ok {
		return pipelinedGuard{g, p}, g
	}
	return g, g
}

func (g *guard) Write(ctx context.Context, p []byte) error {
	if err := g.check(p); err != nil {
		return err
	}
	return g.Transport.Write(ctx, p)
}

// check looks at the first transfer of a container: UINT32 length, UINT16 type (1 a command),
// UINT16 code.
func (g *guard) check(p []byte) error {
	if len(p) < mtp.HeaderSize || binary.LittleEndian.Uint16(p[4:]) != 1 {
		return nil // the data of an operation that went through, and those have none
	}
	op := mtp.OpCode(binary.LittleEndian.Uint16(p[6:]))
	if slices.Contains(looking, op) {
		return nil
	}
	g.refused = append(g.refused, op)
	return fmt.Errorf("%v: %w", op, errWrites)
}

type pipelinedGuard struct {
	*guard
	pipe mtp.Pipeliner
}

func (g pipelinedGuard) ReadAhead(n int64)          { g.pipe.ReadAhead(n) }
func (g pipelinedGuard) Expect(transfers, size int) { g.pipe.Expect(transfers, size) }

func (g pipelinedGuard) WriteAhead(ctx context.Context, p []byte) error {
	return g.Write(ctx, p) // what only looks sends nothing large
}

func (g pipelinedGuard) Flush(ctx context.Context) error { return g.pipe.Flush(ctx) }

func TestGuard(t *testing.T) {
	dir := t.TempDir()
	p, err := hwtest.Open(hwtest.Android, dir, hwtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	tr, g := guarded(p.Transport())
	s, err := mtp.Open(t.Context(), tr, mtp.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	ids, err := s.GetStorageIDs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := p.Transactions()
	if _, err := s.CreateFolder(t.Context(), ids[0], mtp.Root, "x"); !errors.Is(err, errWrites) {
		t.Errorf("a folder was made: %v", err)
	}
	for _, op := range p.Log()[before:] {
		if !slices.Contains(looking, op.Op()) {
			t.Errorf("%v came to the phone", op.Op())
		}
	}
	if len(g.refused) == 0 {
		t.Error("the guard doesn't say what it refused")
	}
}
