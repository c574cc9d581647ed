package cmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
)

// spoolAbove is how much of a pipe is held in memory, in bytes; more of it goes
// into a file without a name.
const spoolAbove = 4 << 20

// spool keeps what a pipe gives, so that it can be read more than once, as a
// retried transaction and a calendar do.
type spool struct {
	data []byte
	file *os.File // nil if data is all
	size int64
}

// spooled reads a pipe to its end.
func spooled(r io.Reader) (*spool, error) {
	data, err := io.ReadAll(io.LimitReader(r, spoolAbove))
	if err != nil || len(data) < spoolAbove {
		return &spool{data: data}, err
	}
	f, err := os.CreateTemp("", "cradle-import.")
	if err != nil {
		return nil, fmt.Errorf("keeping what is read: %w", err)
	}
	_ = os.Remove(f.Name()) // it goes with the program, however that ends
	n, err := io.Copy(f, io.MultiReader(bytes.NewReader(data), r))
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("keeping what is read in a file in %s: %w", os.TempDir(), err)
	}
	return &spool{file: f, size: n}, nil
}

// spoolReader reads a spool from its start; it is a ReaderAt and a Seeker too.
type spoolReader struct{ *io.SectionReader }

func (spoolReader) Close() error { return nil }

func (s *spool) open() (io.ReadCloser, error) {
	if s.file == nil {
		return spoolReader{io.NewSectionReader(bytes.NewReader(s.data), 0, int64(len(s.data)))}, nil
	}
	return spoolReader{io.NewSectionReader(s.file, 0, s.size)}, nil
}
