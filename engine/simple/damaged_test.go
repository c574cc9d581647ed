package simple_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cradle/engine"
	. "cradle/engine/enginetest"
	"cradle/engine/metastore"
	"cradle/engine/simple"
)

// TestDamagedMetadata: the metadata of a simple participant is cut, changed, forged or
// of another program. It is refused with the file and the place in it; kept aside on
// demand, and all is enumerated again under a new identity with no item twice.
func TestDamagedMetadata(t *testing.T) {
	forged := func(change func(*metastore.Content)) func([]byte) []byte {
		return func(b []byte) []byte {
			c, err := metastore.Decode(b)
			if err != nil {
				panic(err)
			}
			change(c)
			return metastore.Encode(c)
		}
	}
	beyond := func(c *metastore.Content) engine.Version {
		return engine.Version{Replica: c.Replica.ID, Tick: c.Replica.Tick + 1}
	}
	for _, row := range []struct {
		name  string
		spoil func([]byte) []byte
		is    error
	}{
		{"cut in half", func(b []byte) []byte { return b[:len(b)/2] }, metastore.ErrDamaged},
		{"emptied", func([]byte) []byte { return nil }, metastore.ErrDamaged},
		{"zeros", func(b []byte) []byte { return make([]byte, len(b)) }, metastore.ErrDamaged},
		{"one bit", func(b []byte) []byte { b[len(b)/2] ^= 0x20; return b }, metastore.ErrDamaged},
		{"another program's", func([]byte) []byte { return []byte("BEGIN:VCARD\r\n") }, metastore.ErrDamaged},
		{"a newer version", func(b []byte) []byte { b[8] = 99; return b }, engine.ErrNewer},
		{"forged knowledge", forged(func(c *metastore.Content) { c.Replica.Knowledge = c.Replica.Knowledge.WithTick(beyond(c)) }), metastore.ErrDamaged},
		{"a forged item", forged(func(c *metastore.Content) { c.Items[0].Meta.LifeVersion = beyond(c) }), metastore.ErrDamaged},
		{"a forged element", forged(func(c *metastore.Content) {
			c.Items[0].Meta.Unit("tags").Elements[0].Added = beyond(c)
		}), metastore.ErrDamaged},
	} {
		t.Run(row.name, func(t *testing.T) {
			ctx := context.Background()
			file := metastore.File(filepath.Join(t.TempDir(), ".sync"))
			place, peer := newPlace(), newPeer(0xa0)
			start := func(o metastore.Options) (*simple.Provider, *metastore.Blob, error) {
				s, err := metastore.OpenBlob(ctx, file, o)
				if err != nil {
					return nil, nil, err
				}
				p, err := simple.New(ctx, Toy{Scope: scope}, place, s, simple.Options{})
				return p, s, err
			}
			sync := func(p *simple.Provider) {
				t.Helper()
				if _, err := engine.Exchange(ctx, p, peer.Full(), []string{scope}, engine.ExchangeOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			for i := range 12 {
				uid := fmt.Sprintf("i%02d", i)
				place.put("", Item(uid, uid, "", "tag"))
			}
			p, _, err := start(metastore.Options{})
			if err != nil {
				t.Fatal(err)
			}
			sync(p)

			was := must(os.ReadFile(string(file)))
			spoilt := row.spoil(append([]byte(nil), was...))
			if err := os.WriteFile(string(file), spoilt, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, _, err := start(metastore.Options{}); !errors.Is(err, row.is) || !strings.Contains(err.Error(), string(file)) {
				t.Fatalf("got %v, want %v with the name of the file", err, row.is)
			}
			p, blob, err := start(metastore.Options{Recover: true})
			if errors.Is(row.is, engine.ErrNewer) {
				if !errors.Is(err, engine.ErrNewer) || string(must(os.ReadFile(string(file)))) != string(spoilt) {
					t.Errorf("got %v, want ErrNewer and the file as it was", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if kept := must(os.ReadFile(blob.Aside())); string(kept) != string(spoilt) {
				t.Errorf("%d bytes were kept aside, want the %d that were there", len(kept), len(spoilt))
			}
			// Both sides change while nothing is known.
			place.put("k001", Item("i00", "edited at the place", "", "tag"))
			peer.Edit(scope, engine.ItemIDFromUID(scope, "i01", 1), Item("i01", "i01", "a note of the peer", "tag"), 1)
			sync(p)
			sync(p)
			if here, there := len(place.objects), len(peer.Live(scope)); here != 12 || there != 12 {
				t.Errorf("the place holds %d items, the peer %d, want 12 each", here, there)
			}
			if v := describe(peer.Live(scope)[engine.ItemIDFromUID(scope, "i00", 1)]); v != "edited at the place #tag" && len(peer.Conflicts()) == 0 {
				t.Errorf("the peer holds %q, and its log nothing", v)
			}
			if v := describe(place.objects["k002"].Value); !strings.Contains(v, "a note of the peer") {
				t.Errorf("the place holds %q", v)
			}
		})
	}
}
