package mtp

import (
	"context"
	"encoding/hex"
	"log/slog"
)

// Trace wraps a transport so that every transfer is logged at debug level, with
// the header of what looks like a container and the first bytes. Contents of
// objects and people's names get into the log; it is for debugging by consent.
func Trace(t Transport, log *slog.Logger) Transport { return &tracer{Transport: t, log: log} }

type tracer struct {
	Transport
	log *slog.Logger
}

const traceBytes = 64

func describe(p []byte) slog.Attr {
	if m, err := DecodeMessage(p); err == nil {
		return slog.String("container", m.String())
	}
	return slog.String("hex", hex.EncodeToString(p[:min(len(p), traceBytes)]))
}

func (t *tracer) Write(ctx context.Context, p []byte) error {
	err := t.Transport.Write(ctx, p)
	t.log.LogAttrs(ctx, slog.LevelDebug, "bulk out", slog.Int("bytes", len(p)), describe(p), slog.Any("err", err))
	return err
}

func (t *tracer) Read(ctx context.Context, p []byte) (int, error) {
	n, err := t.Transport.Read(ctx, p)
	t.log.LogAttrs(ctx, slog.LevelDebug, "bulk in", slog.Int("bytes", n), slog.Int("room", len(p)), describe(p[:n]), slog.Any("err", err))
	return n, err
}

func (t *tracer) ReadEvent(ctx context.Context) ([]byte, error) {
	p, err := t.Transport.ReadEvent(ctx)
	t.log.LogAttrs(ctx, slog.LevelDebug, "event", slog.Int("bytes", len(p)), describe(p), slog.Any("err", err))
	return p, err
}

func (t *tracer) Control(ctx context.Context, r ControlRequest) (int, error) {
	n, err := t.Transport.Control(ctx, r)
	moved := r.Data
	if r.In() {
		moved = moved[:n]
	}
	t.log.LogAttrs(ctx, slog.LevelDebug, "control", slog.Int("request", int(r.Request)), slog.String("data", hex.EncodeToString(moved)), slog.Any("err", err))
	return n, err
}
