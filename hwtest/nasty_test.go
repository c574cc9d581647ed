package hwtest_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"cradle/hwtest"
	"cradle/mtp"
)

// TestNasty: phones with which hardly anything works. Whatever each step comes to, it ends in time
// and with a clear error; nothing is left in flight; and nothing is lost on the phone but what was
// to be deleted.
func TestNasty(t *testing.T) {
	for _, path := range nastyFiles(t) {
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(text, []byte("# ")) {
			t.Fatalf("%s doesn't say what it is, %v", path, err)
		}
		for _, kind := range hwtest.Kinds() {
			f := scenarioFile{name: filepath.Base(path), text: string(text), kind: kind}
			t.Run(strings.TrimSuffix(f.name, ".scenario")+"/"+string(kind), f.playNasty)
		}
	}
}

func nastyFiles(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/nasty/*.scenario")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d scenarios, %v", len(paths), err)
	}
	return paths
}

func (f *scenarioFile) playNasty(t *testing.T) {
	dir := t.TempDir()
	furnish(t, dir)
	// What the steps don't touch, or leave as it was.
	untouched := []string{"song.mp3", "empty", "sub/c", "sub/d", "sub/e", "sub/f", "sub/g", "sub/h"}
	for i := range 10 {
		untouched = append(untouched, fmt.Sprint("f", i))
	}
	before := map[string]string{}
	for _, name := range untouched {
		before[name] = read(t, dir, name)
	}
	synctest.Test(t, func(t *testing.T) {
		p := f.open(t, dir)
		defer p.Close()
		d := &desk{t: t, dir: dir, phone: p, plug: func() (mtp.Transport, error) { return p.Transport(), nil }}
		for _, s := range steps {
			if d.s == nil && s.name != "open" {
				if err := d.recover(t.Context()); err != nil && d.s == nil {
					continue // it can't be opened now
				}
			}
			start := time.Now()
			err := s.do(d, t.Context())
			if took := time.Since(start); took > 5*time.Minute {
				t.Errorf("%s: took %v; %v", s.name, took, err)
			}
			if err == nil {
				continue
			}
			if strings.Count(err.Error(), "\n") > 2 || len(err.Error()) > 1000 {
				t.Errorf("%s: that is no clear error: %v", s.name, err)
			}
			if err := d.recover(t.Context()); err != nil && len(err.Error()) > 1000 {
				t.Errorf("after %s: that is no clear error: %v", s.name, err)
			}
		}
		d.end()
		if d.tr != nil {
			if n := d.tr.open.Load(); n != 0 {
				t.Errorf("%d transfers are left", n)
			}
			d.tr.Close()
		}
	})
	for _, name := range untouched {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != before[name] {
			t.Errorf("%s is lost, or has other bytes: %v", name, err)
		}
	}
}
