package devprovider

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"cradle/engine"
	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

// stubborn are the lies under which a phone can't be written to: the session ends
// or items fail, and nothing is lost.
const stubborn = responder.LieDelete | responder.LieShortWrite | responder.LieNulWrite |
	responder.LieHandlesFail | responder.LiePartialList | responder.LieBadObject | responder.LieHandlesShort | responder.LieNames |
	responder.LieStrangeNames | responder.LieSameHandles

// TestLyingPhones runs two sessions with a phone that tells a lie, and then one
// with the same phone honest: nothing is lost or doubled.
func TestLyingPhones(t *testing.T) {
	for _, kind := range hwtest.Kinds() {
		for _, row := range responder.LieTable {
			t.Run(fmt.Sprintf("%s, %s", kind, row.Name), func(t *testing.T) {
				dir := quickDir(t)
				s := &cutScene{a: newPC(t, 'A'), doubles: row.Lie == responder.LieSameHandles}
				s.put = func(path, text string) { write(t, dir, path, text, time.Hour) }
				s.hold()
				_, ses := plug(t, kind, dir, hwtest.Options{})
				s.a.sync(NewMTPStore(ses), s.options())

				phone, err := hwtest.Open(kind, dir, hwtest.Options{Lies: row.Lie})
				if err != nil {
					t.Fatal(err)
				}
				for n := range 2 {
					ses, err := mtp.Open(context.Background(), phone.Transport(), mtp.Options{Timeout: time.Second})
					if err != nil {
						t.Logf("run %d: opening: %v", n, err)
						continue
					}
					err = s.runOn(s.a, NewMTPStore(ses))
					if err != nil {
						t.Logf("run %d: %v", n, err)
					}
					if err != nil && row.Lie&stubborn == 0 {
						t.Errorf("run %d: %v", n, err)
					}
					ses.Close(context.Background())
				}
				phone.Close()

				_, ses = plug(t, kind, dir, hwtest.Options{})
				b := newPC(t, 'B')
				b.must(b.open(NewMTPStore(ses), s.options()))
				sv, err := b.take()
				b.must(err)
				if err := s.holds(b, row.Lie&stubborn == 0); err != nil {
					t.Errorf("at the end: %v\n%s\n%s", err, told(sv), ls(dir))
				}
			})
		}
	}
}

// TestSharedHandlesDeleteNothing: a phone on which a file hides behind another one's handle, with property
// lists or without, doesn't make it look deleted.
func TestSharedHandlesDeleteNothing(t *testing.T) {
	for _, kind := range hwtest.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			dir := quickDir(t)
			const n = 7
			for i := range n {
				uid := fmt.Sprint("card", i)
				write(t, dir, personal+uid+".vcf", card(uid, "Name "+uid), time.Hour)
			}
			_, ses := plug(t, kind, dir, hwtest.Options{})
			a := newPC(t, 'A')
			a.sync(NewMTPStore(ses), Options{Serial: "S"})
			if got := a.live("contacts"); got != n {
				t.Fatalf("%d items of %d", got, n)
			}
			ses.Close(ctxb)
			_, ses = plug(t, kind, dir, hwtest.Options{Lies: responder.LieSameHandles})
			if err := a.open(NewMTPStore(ses), Options{Serial: "S"}); err != nil {
				t.Logf("opening: %v", err)
			} else if _, err := a.take(); err != nil {
				t.Logf("taking: %v", err)
			}
			if got := a.live("contacts"); got != n {
				t.Errorf("%d items of %d are left", got, n)
			}
		})
	}
}

// runOn is run, going on after items that the phone refuses.
func (s *cutScene) runOn(p *pc, device ObjectStore) error {
	if err := p.open(device, s.options()); err != nil {
		return err
	}
	if _, err := p.take(); err != nil {
		return err
	}
	var first error
	for _, m := range s.moves {
		id := cutID(m.uid)
		it, known := p.next["contacts"][id]
		live := known && !it.Meta.Deleted
		if m.text == "" && !live {
			continue
		}
		if m.text != "" && live {
			if v, err := p.f.Load(ctxb, "contacts", id, it.Place); err == nil && wholeText(v) == m.text && collectionIs(v, m.collection) {
				continue
			}
		}
		if err := p.write("contacts", id, m.collection, m.text); err != nil {
			var ie *engine.ItemError
			if !errors.As(err, &ie) && !errors.Is(err, engine.ErrChanged) {
				return err
			}
			first = errors.Join(first, err)
		}
	}
	return errors.Join(first, p.commit())
}

func ls(dir string) string {
	out := ""
	files, _ := os.ReadDir(dir + "/Cradle/contacts")
	for _, f := range files {
		sub, _ := os.ReadDir(dir + "/Cradle/contacts/" + f.Name())
		for _, e := range sub {
			out += f.Name() + "/" + e.Name() + "\n"
		}
	}
	return out
}
