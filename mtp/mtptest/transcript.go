package mtptest

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"cradle/mtp"
)

// Kind is the pipe and direction of a [Step].
type Kind byte

// Kinds, as they begin a line.
const (
	Out        Kind = '>'
	In         Kind = '<'
	Event      Kind = 'e'
	ControlOut Kind = 'c'
	ControlIn  Kind = 'C' // written "c CODE <"
)

// Step is one transfer of a transcript.
type Step struct {
	Kind    Kind
	Request mtp.ClassRequest // of the control kinds
	Data    []byte
	// Err is how the transfer ended: nil, [mtp.ErrStalled], [mtp.ErrDeviceGone]
	// or [ErrSilence].
	Err error
}

// ErrSilence stands for a device that doesn't answer.
var ErrSilence = errors.New("silence")

var errWords = []struct {
	word string
	err  error
}{{"stall", mtp.ErrStalled}, {"gone", mtp.ErrDeviceGone}, {"silence", ErrSilence}}

// Parse reads a transcript.
func Parse(r io.Reader) ([]Step, error) {
	var steps []Step
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<20)
	for n := 1; lines.Scan(); n++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := parseLine(&steps, line); err != nil {
			return nil, fmt.Errorf("transcript line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("transcript: %w", err)
	}
	if len(steps) == 0 {
		return nil, errors.New("transcript: nothing in it")
	}
	return steps, nil
}

func parseLine(steps *[]Step, line string) error {
	s := Step{Kind: Kind(line[0])}
	rest := strings.TrimSpace(line[1:])
	switch s.Kind {
	case Out, In, Event:
	case ControlOut:
		code, data, _ := strings.Cut(rest, " ")
		n, err := strconv.ParseUint(code, 16, 8)
		if err != nil {
			return fmt.Errorf("class request %q", code)
		}
		s.Request = mtp.ClassRequest(n)
		rest = strings.TrimSpace(data)
		if strings.HasPrefix(rest, "<") {
			s.Kind = ControlIn
		} else if !strings.HasPrefix(rest, ">") {
			return errors.New("want < or > after the class request")
		}
		rest = rest[1:]
	case '+':
		if len(*steps) == 0 {
			return errors.New("bytes that go on without a transfer")
		}
		data, err := parseHex(rest)
		last := &(*steps)[len(*steps)-1]
		last.Data = append(last.Data, data...)
		return err
	case '!':
		if len(*steps) == 0 {
			return errors.New("error without a transfer")
		}
		for _, w := range errWords {
			if w.word == rest {
				(*steps)[len(*steps)-1].Err = w.err
				return nil
			}
		}
		return fmt.Errorf("unknown error %q", rest)
	default:
		return fmt.Errorf("unknown kind %q", line[0])
	}
	data, err := parseHex(rest)
	if err != nil {
		return err
	}
	s.Data = data
	*steps = append(*steps, s)
	return nil
}

func parseHex(s string) ([]byte, error) {
	var out []byte
	for _, f := range strings.Fields(s) {
		if f == "-" {
			continue
		}
		digits, times, repeated := strings.Cut(f, "*")
		b, err := hex.DecodeString(digits)
		if err != nil {
			return nil, err
		}
		n := 1
		if repeated {
			if n, err = strconv.Atoi(times); err != nil || n < 0 || n > 64<<20 {
				return nil, fmt.Errorf("repetition %q", f)
			}
		}
		for range n {
			out = append(out, b...)
		}
	}
	return out, nil
}

// formatHex writes bytes so that parseHex reads them: the header's fields and
// the rest apart, long runs of a byte short.
func formatHex(p []byte) string {
	if len(p) == 0 {
		return "-"
	}
	var words []string
	flush := func(b []byte) {
		for len(b) > 0 {
			n := min(len(b), 16)
			words = append(words, hex.EncodeToString(b[:n]))
			b = b[n:]
		}
	}
	if len(p) >= mtp.HeaderSize {
		for _, n := range [...]int{4, 2, 2, 4} {
			words = append(words, hex.EncodeToString(p[:n]))
			p = p[n:]
		}
	}
	from := 0
	for i := 0; i < len(p); {
		j := i
		for j < len(p) && p[j] == p[i] {
			j++
		}
		if j-i > 24 {
			flush(p[from:i])
			words = append(words, fmt.Sprintf("%02x*%d", p[i], j-i))
			from = j
		}
		i = j
	}
	flush(p[from:])
	return strings.Join(words, " ")
}

// Format writes steps as a transcript, with comments that say what the
// containers are.
func Format(w io.Writer, steps []Step) error {
	b := bufio.NewWriter(w)
	for _, s := range steps {
		if c := explain(s); c != "" {
			fmt.Fprintf(b, "# %s\n", c)
		}
		switch s.Kind {
		case ControlOut:
			fmt.Fprintf(b, "c %02x > %s\n", uint8(s.Request), formatHex(s.Data))
		case ControlIn:
			fmt.Fprintf(b, "c %02x < %s\n", uint8(s.Request), formatHex(s.Data))
		default:
			fmt.Fprintf(b, "%c %s\n", s.Kind, formatHex(s.Data))
		}
		for _, e := range errWords {
			if s.Err != nil && errors.Is(s.Err, e.err) {
				fmt.Fprintf(b, "! %s\n", e.word)
			}
		}
	}
	return b.Flush()
}

func explain(s Step) string {
	if s.Kind == ControlOut || s.Kind == ControlIn {
		return ""
	}
	if m, err := mtp.DecodeMessage(s.Data); err == nil {
		return m.String()
	}
	if h, err := mtp.DecodeHeader(s.Data); err == nil && h.Type == mtp.ContainerData {
		return fmt.Sprintf("data %v tx=%d, %d bytes", mtp.OpCode(h.Code), h.TransactionID, len(s.Data)-mtp.HeaderSize)
	}
	return ""
}
