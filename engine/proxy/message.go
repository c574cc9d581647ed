package proxy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"cradle/engine"
	"cradle/valuebag"
)

// category is that of the messages' own keys.
var category = valuebag.GUIDFromUUID([16]byte{0xf2, 0x53, 0x76, 0xa5, 0x35, 0x0e, 0x4d, 0x2c, 0x93, 0x57, 0x83, 0x6a, 0x4a, 0x55, 0xd1, 0x0e})

func key(pid uint32) valuebag.PropertyKey {
	return valuebag.PropertyKey{FmtID: category, PID: pid}
}

var (
	keyVersion     = key(2)  // VT_UI4: the protocol's, in the greeting of either side
	keyKind        = key(3)  // VT_LPWSTR: what the message is
	keyScope       = key(4)  // VT_LPWSTR
	keyBody        = key(5)  // bag: the argument or the result
	keySecond      = key(6)  // bag: a second argument
	keyScopes      = key(7)  // collection of bags: replicas, each with its scope
	keyError       = key(8)  // VT_LPWSTR: an error's text
	keyErrorCode   = key(9)  // VT_LPWSTR: which error of package engine it is
	keyUnit        = key(10) // VT_LPWSTR
	keyAction      = key(11) // VT_LPWSTR: an engine.ConflictAction
	keyAsk         = key(12) // VT_BOOL: the client has a Resolve
	keyNow         = key(13) // VT_I8: the client's time, Unix milliseconds
	keySource      = key(14) // bag: the source's item
	keyDestination = key(15) // bag: the destination's item
	keySourceMeta  = key(16) // bag
	keyLocalMeta   = key(17) // bag
	keySourceTime  = key(18) // VT_I8: edit times, Unix milliseconds
	keyLocalTime   = key(19) // VT_I8
)

// protocol is the version of the conversation.
const protocol = 1

// maxMessage bounds a message: a batch of large items stays below.
const maxMessage = 256 << 20

// Kinds of messages. The client sends hello, one of the five calls, answer and
// cancel; the server hello, result and ask.
const (
	hello    = "hello"
	maintain = "maintain"
	greet    = "greet"
	replica  = "replica"
	batch    = "batch"
	process  = "process"
	result   = "result"
	ask      = "ask"
	answer   = "answer"
	cancel   = "cancel"
)

func message(kind string) *valuebag.Values {
	vs := new(valuebag.Values)
	vs.SetString(keyKind, kind)
	return vs
}

func write(w io.Writer, vs *valuebag.Values) error {
	b, err := vs.AppendBinary(make([]byte, 4))
	if err != nil {
		return fmt.Errorf("message: %w", err)
	}
	if len(b)-4 > maxMessage {
		return fmt.Errorf("message of %d bytes: a pipe takes at most %d; ask for smaller batches", len(b)-4, maxMessage)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("%w: %w", engine.ErrGone, err)
	}
	return nil
}

// read gives the next message; io.EOF when the other side closed the pipe between
// two messages.
func read(r io.Reader) (*valuebag.Values, string, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, "", err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > maxMessage {
		return nil, "", fmt.Errorf("message of %d bytes: expected at most %d", n, maxMessage)
	}
	// A length that lies costs no more memory than what really comes.
	b, err := io.ReadAll(io.LimitReader(r, int64(n)))
	if err == nil && uint32(len(b)) < n {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, "", err
	}
	vs := new(valuebag.Values)
	if err := vs.UnmarshalBinary(b); err != nil {
		return nil, "", fmt.Errorf("message: %w", err)
	}
	kind, err := vs.GetString(keyKind)
	if err != nil {
		return nil, "", fmt.Errorf("message: %w", err)
	}
	return vs, kind, nil
}

// codes are the errors that a session acts on, by the name they have on the pipe.
var codes = []struct {
	code string
	err  error
}{
	{"outdated", engine.ErrOutdated}, {"same-replica", engine.ErrSameReplica}, {"newer", engine.ErrNewer},
	{"gone", engine.ErrGone}, {"changed", engine.ErrChanged}, {"claim", engine.ErrClaim},
	{"canceled", context.Canceled}, {"deadline", context.DeadlineExceeded},
}

func putError(vs *valuebag.Values, err error) {
	vs.SetString(keyError, err.Error())
	for _, c := range codes {
		if errors.Is(err, c.err) {
			vs.SetString(keyErrorCode, c.code)
			return
		}
	}
}

// remote is an error of the other side.
type remote struct {
	text string
	is   error // of package engine or context; may be nil
}

func (e *remote) Error() string { return e.text }
func (e *remote) Unwrap() error { return e.is }

func getError(vs *valuebag.Values) error {
	if !vs.Has(keyError) {
		return nil
	}
	text, err := vs.GetString(keyError)
	if err != nil {
		return fmt.Errorf("message: %w", err)
	}
	e := &remote{text: text}
	if code, err := vs.GetString(keyErrorCode); err == nil {
		for _, c := range codes {
			if c.code == code {
				e.is = c.err
			}
		}
	}
	return e
}

func putReplicas(vs *valuebag.Values, m map[string]engine.Replica, scopes []string) {
	list := make([]*valuebag.Values, 0, len(m))
	for _, s := range scopes {
		r := m[s]
		v := r.Values()
		v.SetString(keyScope, s)
		list = append(list, v)
	}
	vs.SetValuesList(keyScopes, list)
}

func getReplicas(vs *valuebag.Values) (map[string]engine.Replica, error) {
	list, err := vs.GetValuesList(keyScopes)
	if err != nil {
		return nil, err
	}
	m := map[string]engine.Replica{}
	for _, v := range list {
		s, err := v.GetString(keyScope)
		if err != nil {
			return nil, err
		}
		if m[s], err = engine.ReplicaFromValues(v); err != nil {
			return nil, fmt.Errorf("%s: %w", s, err)
		}
	}
	return m, nil
}
