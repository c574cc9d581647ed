package devprovider

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cradle/engine"
	"cradle/hwtest"
	"cradle/pim"
)

// TestUnfitSizes: a device that hangs on some sizes never gets one, and what it got
// is what everybody knows it has.
func TestUnfitSizes(t *testing.T) {
	text := card("x", "Ada")
	for _, c := range []struct {
		name  string
		unfit func(n int64) bool
		want  string
	}{
		{"takes it", func(n int64) bool { return n == int64(len(text))+1 }, text},
		{"one line", func(n int64) bool { return n == int64(len(text)) }, text + "\r\n"},
		{"three lines", func(n int64) bool { return n >= int64(len(text)) && n < int64(len(text))+6 }, text + "\r\n\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newWriteScene(t)
			s.m.unfit = c.unfit
			id := uidOf("x")
			s.must(s.write("contacts", id, "personal", text))
			place := s.next["contacts"][id].Place
			if got := string(s.m.storages[0].files[place.Path].body); got != c.want {
				t.Fatalf("on the device: got %q, want %q", got, c.want)
			}
			if place.Size != int64(len(c.want)) || place.Body != bodyDigest([]byte(c.want)) {
				t.Errorf("place: got %d bytes, digest %v; want those of what was written, %d, %v",
					place.Size, place.Body, len(c.want), bodyDigest([]byte(c.want)))
			}
			if target := s.views[place.Path]; len(target) != 1 || target[0].Body != place.Body {
				t.Errorf("announced: got %+v, want the digest %v", target, place.Body)
			}
			s.must(s.commit())
			s.clock.later()
			wantTold(t, "afterwards", s.survey(), "contacts present 2")

			// A replacement's step name has the digest of what is written.
			s.m.log = nil
			s.m.unfit = func(n int64) bool { return n == int64(len(card("x", "Ada", "NOTE:n"))) }
			s.must(s.write("contacts", id, "personal", card("x", "Ada", "NOTE:n")))
			want := card("x", "Ada", "NOTE:n") + "\r\n"
			if step := digestPart(bodyDigest([]byte(want)), 0); !strings.Contains(strings.Join(s.m.log, "\n"), step) {
				t.Errorf("no step of the digest %s in %q", step, s.m.log)
			}
			// To another computer it is the same card, whole.
			b := newPC(t, 'B')
			b.must(b.open(s.m, s.opt))
			b.f.state = newState()
			sv, err := b.take()
			b.must(err)
			plain, err := pim.Contacts.New([]byte(card("x", "Ada", "NOTE:n")), "personal")
			b.must(err)
			for _, o := range sv["contacts"].Objects {
				if o.ID != id {
					continue
				}
				if got, want := engine.Describe(pim.Contacts, o.Value), engine.Describe(pim.Contacts, plain); !reflect.DeepEqual(got, want) {
					t.Errorf("read again: got units %+v, want %+v", got, want)
				}
				return
			}
			t.Errorf("the other computer found %s", told(sv))
		})
	}
}

// TestUnfitState: the state gets a section that says nothing.
func TestUnfitState(t *testing.T) {
	s := newWriteScene(t)
	refused := map[int64]bool{}
	s.m.unfit = func(n int64) bool {
		if _, asked := refused[n]; !asked {
			refused[n] = len(refused) < 3 // the first three sizes that it is asked for
		}
		return refused[n]
	}
	s.must(s.write("contacts", uidOf("x"), "personal", card("x", "Ada")))
	clear(refused)
	s.must(s.commit())
	if len(refused) != 4 {
		t.Errorf("sizes asked for: got %v, want three that are refused and one that isn't", refused)
	}
	filled := 0
	for path, f := range s.m.storages[0].files {
		if !strings.HasPrefix(path, stateFolder+"/") {
			continue
		}
		st, err := decodeState(f.body)
		s.must(err)
		if again := st.encode(); len(again) < len(f.body) && bytes.HasPrefix(f.body[headSize:], again[headSize:len(again)-checksumSize]) {
			filled++
		}
	}
	if filled != 1 {
		t.Errorf("filled states: got %d, want 1", filled)
	}
	s.clock.later()
	wantTold(t, "afterwards", s.survey(), "contacts present 2")
}

// TestNoSizeFits: the item fails, nothing else does.
func TestNoSizeFits(t *testing.T) {
	s := newWriteScene(t)
	s.m.unfit = func(n int64) bool { return n < 200 }
	err := s.write("contacts", uidOf("x"), "personal", card("x", "Ada"))
	var ie *engine.ItemError
	if !errors.As(err, &ie) || !errors.Is(err, errUnfit) || ie.Item != uidOf("x") {
		t.Errorf("got %v, want the item's error that wraps %v", err, errUnfit)
	}
	s.must(s.write("contacts", uidOf("y"), "personal", card("y", "Bob", "NOTE:"+strings.Repeat("long ", 50))))
	s.must(s.commit())
}

// TestPhoneOfShortEnds writes to a phone that only takes what QEMU's does, each
// card a byte longer than the one before.
func TestPhoneOfShortEnds(t *testing.T) {
	dir := t.TempDir()
	phone, session := plug(t, hwtest.Basic, dir, hwtest.Options{})
	store := shortEnds{NewMTPStore(session)}
	p := newPC(t, 'A')
	p.must(p.open(store, Options{Serial: phone.Serial()}))
	_, err := p.take()
	p.must(err)
	for n := range 130 {
		uid := strings.Repeat("u", n+1)
		p.must(p.write("contacts", uidOf(uid), "personal", card(uid, "Ada")))
	}
	p.must(p.commit())
	files, err := filepath.Glob(filepath.Join(dir, "Cradle/contacts/personal/*.vcf"))
	if err != nil || len(files) != 130 {
		t.Fatalf("on the phone: got %d cards, %v; want 130", len(files), err)
	}
	b := newPC(t, 'B')
	b.must(b.open(store, Options{Serial: phone.Serial()}))
	sv, err := b.take()
	b.must(err)
	if n := sv["contacts"].Present; n != 130 {
		t.Errorf("the other computer: got %s, want 130 present", told(sv))
	}
}

// shortEnds stands for a phone that hangs where a container is a multiple of 64 bytes.
type shortEnds struct{ *MTPStore }

func (s shortEnds) CanTake(size int64) bool { return (size+12)%64 != 0 }

func (s shortEnds) Create(ctx context.Context, storage, path string, body []byte) (Entry, error) {
	if !s.CanTake(int64(len(body))) {
		return Entry{}, errUnfit
	}
	return s.MTPStore.Create(ctx, storage, path, body)
}
