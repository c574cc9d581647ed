package mtptest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"

	"cradle/mtp"
)

// Recorder passes everything on to a transport and keeps it.
type Recorder struct {
	mtp.Transport
	mu    sync.Mutex
	steps []Step
}

// Record wraps a transport.
func Record(t mtp.Transport) *Recorder { return &Recorder{Transport: t} }

// Steps gives what was moved so far.
func (r *Recorder) Steps() []Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.steps)
}

func (r *Recorder) add(s Step, err error) {
	switch {
	case err == nil:
	case errors.Is(err, mtp.ErrStalled), errors.Is(err, mtp.ErrDeviceGone):
		s.Err = err
	default:
		s.Err = ErrSilence
	}
	s.Data = bytes.Clone(s.Data)
	r.mu.Lock()
	r.steps = append(r.steps, s)
	r.mu.Unlock()
}

func (r *Recorder) Write(ctx context.Context, p []byte) error {
	err := r.Transport.Write(ctx, p)
	r.add(Step{Kind: Out, Data: p}, err)
	return err
}

func (r *Recorder) Read(ctx context.Context, p []byte) (int, error) {
	n, err := r.Transport.Read(ctx, p)
	r.add(Step{Kind: In, Data: p[:n]}, err)
	return n, err
}

// ReadEvent keeps events only: that none came is no news.
func (r *Recorder) ReadEvent(ctx context.Context) ([]byte, error) {
	p, err := r.Transport.ReadEvent(ctx)
	if err == nil {
		r.add(Step{Kind: Event, Data: p}, nil)
	}
	return p, err
}

func (r *Recorder) Control(ctx context.Context, q mtp.ControlRequest) (int, error) {
	n, err := r.Transport.Control(ctx, q)
	s := Step{Kind: ControlOut, Request: q.Request, Data: q.Data}
	if q.In() {
		s.Kind, s.Data = ControlIn, q.Data[:n]
	}
	r.add(s, err)
	return n, err
}
