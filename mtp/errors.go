package mtp

import (
	"errors"
	"fmt"
	"strings"
)

// There are three classes of errors, after what the caller does next:
//
//   - the device refused an operation: an [*OpError] that wraps a [RespCode],
//     and the session is fine; or the data was no dataset, [ErrMalformed];
//   - the session is lost: [ErrSessionLost], open a new one;
//   - the phone is gone: [ErrDeviceGone], which is always an ErrSessionLost
//     too.
//
// An ended context, where the transaction could be called off cleanly, gives
// the context's error and the session is fine.
var (
	// ErrSessionLost says that the session can't be used any more. The
	// transport may be, for a new session.
	ErrSessionLost = errors.New("mtp session lost")
	// ErrTimeout says that the device didn't answer in time. If it comes
	// without ErrSessionLost the transaction was called off and the session is
	// fine.
	ErrTimeout = errors.New("device doesn't answer")
	// ErrClosed says that the session was closed by its owner.
	ErrClosed = errors.New("mtp session is closed")
)

// OpError is an operation that the device refused. The session is fine.
type OpError struct {
	Op     OpCode
	Params []uint32
	Code   RespCode // never [OK]
	// RespParams are what the response carried; SetObjectPropList puts the
	// index of the element at fault there.
	RespParams []uint32
}

func (e *OpError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v(", e.Op)
	for i, p := range e.Params {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%#x", p)
	}
	fmt.Fprintf(&b, "): %v", e.Code)
	return b.String()
}

// Unwrap gives the response code.
func (e *OpError) Unwrap() error { return e.Code }

// IsRefusal reports whether the device answered with a response code, or with
// a dataset that can't be read: the session is fine, and only this operation
// has failed.
func IsRefusal(err error) bool {
	if err == nil || errors.Is(err, ErrSessionLost) {
		return false
	}
	var op *OpError
	return errors.As(err, &op) || errors.Is(err, ErrMalformed)
}
