package cmd

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSpool(t *testing.T) {
	for _, tt := range []struct {
		name  string
		size  int
		inRAM bool
	}{{"empty", 0, true}, {"small", 1000, true}, {"just held", spoolAbove - 1, true}, {"in a file", spoolAbove, false}, {"large", spoolAbove + 12345, false}} {
		t.Run(tt.name, func(t *testing.T) {
			want := bytes.Repeat([]byte("0123456789"), tt.size/10+1)[:tt.size]
			s, err := spooled(bytes.NewReader(want))
			if err != nil || (s.file == nil) != tt.inRAM {
				t.Fatalf("file %v, %v", s.file, err)
			}
			for range 2 { // a retried transaction reads it again
				r, err := s.open()
				if err != nil {
					t.Fatal(err)
				}
				if _, ok := r.(interface {
					io.ReaderAt
					io.Seeker
				}); !ok {
					t.Error("a calendar can't be read from it twice")
				}
				if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
					t.Errorf("read %d bytes, want %d (%v)", len(got), len(want), err)
				}
			}
		})
	}
	broken := errors.New("broken")
	if _, err := spooled(io.MultiReader(strings.NewReader(strings.Repeat("x", spoolAbove)), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}
