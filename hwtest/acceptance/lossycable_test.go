package acceptance

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cradle/engine"
	"cradle/hwtest/reader"
	"cradle/mtp/responder"
)

// TestLossyCable pulls the cable after every transaction in which an edited card and a new
// one go to a phone that stores part of them: the next run knows both again, and what the
// phone can't store is as it was typed, without a conflict.
func TestLossyCable(t *testing.T) {
	edited := []string{"FN:Ada", "item1.TEL;X-P=1:1112", "item1.X-ABLabel:Castle", "TEL:2222", "NOTE:0123456789abc changed", "TITLE:t2", "ROLE:r2", "X-A:2"}
	made := []string{"FN:Bob", "TEL;X-P=2:3333", "NOTE:9876543210", "TITLE:t", "ROLE:r"}
	cuts := 0
	for cut := 1; cut < 400; cut++ {
		s := lossyScene(t, "FN,TEL:1,TITLE,NOTE/8,+nolabels,+stamp,-UID")
		id := ""
		s.put(&id, "FN:Ada", "item1.TEL;X-P=1:1111", "item1.X-ABLabel:Castle", "TEL:2222", "NOTE:0123456789abc", "TITLE:t", "ROLE:r", "X-A:1")
		s.run()
		s.put(&id, edited...)
		_, err := s.pcs[0].open().Create(ctxb, "contacts", "personal", []byte(fold(append(append([]string{"BEGIN:VCARD", "VERSION:3.0", "UID:v"}, made...), "END:VCARD"))))
		s.must(err)
		s.steps++
		o, err := s.sync(s.pcs[0], s.phone, fault{cut: cut, phase: responder.After})
		if err != nil && !errors.Is(err, engine.ErrGone) {
			s.fail("cut %d: %v", cut, err)
		}
		if err == nil && o.transactions < cut {
			break // it went through
		}
		cuts++
		again := s.run()
		for kind, st := range again.res.Stats {
			if st.Conflicts > 0 || st.ToStore.Created+st.ToStore.Updated+st.ToStore.Deleted > 0 {
				s.fail("cut %d: the next run took its own writes for edits: %s %+v", cut, kind, st)
			}
		}
		var got []string
		for _, h := range s.pcs[0].items() {
			l := unfold(h.text)
			got = append(got, strings.Join(l[3:len(l)-1], "\n"))
		}
		slices.Sort(got)
		if want := []string{strings.Join(edited, "\n"), strings.Join(made, "\n")}; !slices.Equal(got, want) {
			s.fail("cut %d: in the store\n%s\nwant\n%s", cut, reader.Printable(fmt.Sprint(got)), fmt.Sprint(want))
		}
		if o := s.run(); o.moved() != 0 {
			s.fail("cut %d: a further sync moved %v", cut, o)
		}
		s.close()
	}
	if cuts < 40 {
		t.Errorf("%d cuts: too few to mean anything", cuts)
	}
}
