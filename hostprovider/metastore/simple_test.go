package metastore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"cradle/engine"
	"cradle/engine/enginetest"
	meta "cradle/engine/metastore"
	"cradle/engine/simple"
	"cradle/valuebag"
)

var errKilled = errors.New("killed")

// shelf is a place in memory whose program can be killed before and after each of
// its writes, and before and after each transaction of the metadata.
type shelf struct {
	objects map[string]*valuebag.Values
	made    int
	fatal   int
	path    string
	db      *DB
	prov    *simple.Provider
}

func (s *shelf) dies() error {
	if s.fatal--; s.fatal == 0 {
		return errors.Join(errKilled, engine.ErrGone)
	}
	return nil
}

func (s *shelf) List(_ context.Context, yield func(simple.Object) error) error {
	for key := range s.objects {
		if err := yield(simple.Object{Key: key}); err != nil {
			return err
		}
	}
	return nil
}

func (s *shelf) Read(_ context.Context, key string) (simple.Object, error) {
	v := s.objects[key]
	if v == nil {
		return simple.Object{}, simple.ErrNotFound
	}
	return simple.Object{Key: key, Value: v}, nil
}

func (s *shelf) put(key string, v *valuebag.Values) (simple.Object, error) {
	if err := s.dies(); err != nil {
		return simple.Object{}, err
	}
	if v == nil {
		delete(s.objects, key)
	} else {
		s.objects[key] = v
	}
	return simple.Object{Key: key}, s.dies()
}

func (s *shelf) Create(_ context.Context, v *valuebag.Values) (simple.Object, error) {
	s.made++
	return s.put(fmt.Sprint("made ", s.made), v)
}

func (s *shelf) Update(_ context.Context, old simple.Object, v *valuebag.Values) (simple.Object, error) {
	return s.put(old.Key, v)
}

func (s *shelf) Delete(_ context.Context, old simple.Object) error {
	_, err := s.put(old.Key, nil)
	return err
}

// dying is a metadata store of the shelf's program.
type dying struct {
	*Store
	s *shelf
}

func (d dying) Update(ctx context.Context, fn func(meta.Tx) error) error {
	if err := d.s.dies(); err != nil {
		return err
	}
	if err := d.Store.Update(ctx, fn); err != nil {
		return err
	}
	return d.s.dies()
}

func (s *shelf) Start(t testing.TB) engine.Provider {
	t.Helper()
	ctx := context.Background()
	s.shut(t)
	var err error
	if s.db, err = Open(ctx, s.path, Options{Create: true}); err != nil {
		t.Fatal(err)
	}
	st, err := s.db.Store(ctx, "shelf", meta.Options{})
	if err == nil {
		s.prov, err = simple.New(ctx, enginetest.Toy{Scope: "contacts"}, s, dying{st, s}, simple.Options{})
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.prov
}

func (s *shelf) shut(t testing.TB) {
	if s.db != nil {
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
	}
}

func (s *shelf) Edit(_ testing.TB, uid string, v *valuebag.Values) {
	key := uid
	for k, o := range s.objects {
		if enginetest.Str(o, enginetest.KeyUID) == uid {
			key = k
		}
	}
	if v == nil {
		delete(s.objects, key)
		return
	}
	s.objects[key] = v
}

func (s *shelf) Items(testing.TB) []*valuebag.Values {
	var vs []*valuebag.Values
	for _, v := range s.objects {
		vs = append(vs, v)
	}
	return vs
}

func (s *shelf) Add(_ testing.TB, v *valuebag.Values) {
	s.made++
	s.objects[fmt.Sprint("added ", s.made)] = v
}

func (s *shelf) Crash(n int) { s.fatal = n }

func (s *shelf) Writes(t testing.TB) int {
	var n int
	if err := s.db.w.QueryRow("SELECT total_changes()").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *shelf) Conflicts(t testing.TB) []engine.Conflict {
	log, err := s.prov.Conflicts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// A simple participant with its metadata in SQLite passes the suite of all providers.
func TestSimpleParticipant(t *testing.T) {
	enginetest.Providers(t, enginetest.Subject{
		Schema: enginetest.Toy{Scope: "contacts"},
		Item:   enginetest.Item,
		Units:  [3]string{"name", "note", "tags"},
		New: func(t testing.TB) enginetest.Participant {
			s := &shelf{objects: map[string]*valuebag.Values{}, path: filepath.Join(t.TempDir(), "meta.db")}
			t.Cleanup(func() { s.shut(t) })
			return s
		},
		Histories: 10,
		Skip: map[enginetest.Capability]string{
			enginetest.CanRefuse:  "a shelf takes everything",
			enginetest.CanUnread:  "and gives everything",
			enginetest.CanHold:    "what lies in a place is its user's: no filter takes it away",
			enginetest.CanRestore: "the same code is tested with metadata in memory",
		},
	})
}
