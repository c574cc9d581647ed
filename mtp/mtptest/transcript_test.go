package mtptest

import (
	"bytes"
	"strings"
	"testing"

	"cradle/mtp"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestTranscriptRoundTrip(t *testing.T) {
	cmd, _ := mtp.NewMessage(mtp.ContainerCommand, mtp.OpGetObject, 3, 9).AppendBinary(nil)
	steps := []Step{
		{Kind: Out, Data: cmd},
		{Kind: In, Data: append(bytes.Repeat([]byte{0}, 600), 1, 2, 3)},
		{Kind: In},
		{Kind: In, Err: mtp.ErrStalled},
		{Kind: Event, Data: []byte{1}},
		{Kind: ControlOut, Request: mtp.RequestCancel, Data: []byte{1, 0x40, 3, 0, 0, 0}},
		{Kind: ControlIn, Request: mtp.RequestStatus, Data: []byte{4, 0, 1, 0x20}},
		{Kind: Out, Data: []byte{7}, Err: mtp.ErrDeviceGone},
		{Kind: In, Err: ErrSilence},
	}
	var text bytes.Buffer
	if err := Format(&text, steps); err != nil {
		t.Fatal(err)
	}
	if want := "# command GetObject tx=3 [9]\n> 10000000 0100 0910 03000000 09000000\n"; !strings.HasPrefix(text.String(), want) {
		t.Errorf("begins with %q, want %q", text.String()[:80], want)
	}
	got, err := Parse(&text)
	if diff := cmp.Diff(steps, got, cmpopts.EquateErrors(), cmpopts.EquateEmpty()); err != nil || diff != "" {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "# nothing\n", "nothing in it"},
		{"kind", "? 00", "line 1: unknown kind"},
		{"hex", "> 00\n< 0g", "line 2"},
		{"error first", "! stall", "without a transfer"},
		{"error word", "> 00\n! oops", `unknown error "oops"`},
		{"class request", "c zz > 00", "class request"},
		{"direction", "c 64 00", "want < or >"},
		{"repetition", "> 00*99999999999", "repetition"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Parse(strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}
