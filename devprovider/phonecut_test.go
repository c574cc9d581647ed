package devprovider

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

// quickDir is a temporary folder, in memory where the host has such a place.
func quickDir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "cradle-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// copyTree copies a folder with its files' times.
func copyTree(t *testing.T, from string) string {
	to := quickDir(t)
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		dst := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(dst, 0o777)
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if err := os.WriteFile(dst, body, 0o666); err != nil {
			return err
		}
		return os.Chtimes(dst, info.ModTime(), info.ModTime())
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// TestPhoneCuts pulls the cable of a virtual phone after every transaction of a
// session and inside every data phase.
func TestPhoneCuts(t *testing.T) {
	for _, kind := range hwtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := quickDir(t)
			s := &cutScene{a: newPC(t, 'A')}
			s.put = func(path, text string) { write(t, dir, path, text, time.Hour) }
			s.hold()
			_, ses := plug(t, kind, dir, hwtest.Options{})
			s.a.sync(NewMTPStore(ses), s.options())

			phone, ses := plug(t, kind, copyTree(t, dir), hwtest.Options{})
			if err := s.run(clonePC(t, s.a), NewMTPStore(ses)); err != nil {
				t.Fatalf("without a cut: %v", err)
			}
			for _, tx := range phone.Log() {
				var cuts []responder.Cut
				at := func(phase responder.Phase, bytes ...int64) {
					for _, n := range bytes {
						cuts = append(cuts, responder.Cut{Transaction: tx.Number, Phase: phase, Bytes: n})
					}
				}
				switch tx.Op() {
				case mtp.OpSendObject:
					at(responder.InData, 0, 1, tx.Out/2, tx.Out-1, tx.Out)
					at(responder.After, 0)
				case mtp.OpSendObjectInfo, mtp.OpDeleteObject, mtp.OpSetObjectPropValue, mtp.OpMoveObject:
					at(responder.AtResponse, 0)
					at(responder.After, 0)
				default: // changes nothing on the phone
					if tx.Number%8 == 0 {
						at(responder.InData, tx.In/2)
					}
				}
				for _, c := range cuts {
					if err := s.cutPhone(t, kind, dir, c); err != nil {
						t.Fatalf("%v %v, %d bytes: %v", c.Phase, tx, c.Bytes, err)
					}
				}
			}
		})
	}
}

func (s *cutScene) cutPhone(t *testing.T, kind hwtest.Kind, template string, c responder.Cut) error {
	dir := copyTree(t, template)
	defer os.RemoveAll(dir)
	phone, err := hwtest.Open(kind, dir, hwtest.Options{Cuts: []responder.Cut{c}})
	if err != nil {
		return err
	}
	defer phone.Close()
	a := clonePC(t, s.a)
	ses, err := mtp.Open(context.Background(), phone.Transport(), mtp.Options{})
	if err == nil {
		if err = s.run(a, NewMTPStore(ses)); err == nil && ses.Err() == nil {
			ses.Close(context.Background())
			return nil // the cut was beyond what this run needed
		}
	}
	if err != nil && !errors.Is(err, engine.ErrGone) && !errors.Is(err, mtp.ErrDeviceGone) {
		return fmt.Errorf("the session ended with %w, want a pulled cable", err)
	}
	phone.ClearCuts()
	b := newPC(t, 'B')
	for _, p := range []*pc{b, a} {
		if ses, err = mtp.Open(context.Background(), phone.Transport(), mtp.Options{}); err != nil {
			return err
		}
		if err := p.open(NewMTPStore(ses), s.options()); err != nil {
			return err
		}
		if _, err := p.take(); err != nil {
			return err
		}
		if err := s.holds(p, false); err != nil {
			return err
		}
		if p == b {
			if err := b.commit(); err != nil {
				return err
			}
		} else if err := s.run(a, NewMTPStore(ses)); err != nil {
			return err
		}
		ses.Close(context.Background())
	}
	if ses, err = mtp.Open(context.Background(), phone.Transport(), mtp.Options{}); err != nil {
		return err
	}
	defer ses.Close(context.Background())
	if err := b.open(NewMTPStore(ses), s.options()); err != nil {
		return err
	}
	sv, err := b.take()
	if err != nil {
		return err
	}
	if n := len(sv["contacts"].Objects) + len(sv["contacts"].Absent) + len(sv["contacts"].Failed); n > 0 {
		return fmt.Errorf("another PC finds changes:\n%s", told(sv))
	}
	if err := s.holds(b, true); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "Cradle/contacts/*/*"))
	if err != nil || len(files) != 8 {
		return fmt.Errorf("%d files at the end, want 8: %v", len(files), files)
	}
	for _, f := range files {
		if kind == hwtest.Android && strings.Contains(f, "~") {
			return fmt.Errorf("%s is left", f)
		}
	}
	return nil
}
