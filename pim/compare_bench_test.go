package pim

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/emersion/go-ical"
	"github.com/emersion/go-vcard"

	"cradle/valuebag"
)

// Cradle's reader and writer beside the two Go libraries, on the same 1,000 cards
// and 1,000 events: what each makes of a file (read), and a file of what it made
// (write). Cradle's bag is what sync works on, with all units in normal form;
// "anew" encodes every line, where an export copies the lines' own bytes.

const compared = 1000

func comparedCards() []byte {
	var all []byte
	for i := range compared {
		all = append(all, benchCard(i)...)
	}
	return all
}

func BenchmarkCompareCards(b *testing.B) {
	all := comparedCards()
	run := func(name string, f func() int) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(all)))
			b.ReportAllocs()
			for b.Loop() {
				if n := f(); n != compared {
					b.Fatalf("%d cards", n)
				}
			}
		})
	}
	run("read/cradle", func() int { return len(Read(all).Objects) })
	run("read/go-vcard", func() int { return len(decodedCards(b, all)) })
	run("bag/cradle", func() int { return len(comparedItems(b, all)) })
	items := comparedItems(b, all)
	run("write/cradle", func() int {
		texts := make([][]byte, len(items))
		for i, item := range items {
			texts[i] = Contacts.Text(item)
		}
		ExportVCF(texts)
		return len(texts)
	})
	run("write/cradle-anew", func() int {
		for _, item := range items {
			if _, err := Contacts.Convert(item, VCard40); err != nil {
				b.Fatal(err)
			}
		}
		return len(items)
	})
	cards := decodedCards(b, all)
	run("write/go-vcard", func() int {
		var out bytes.Buffer
		e := vcard.NewEncoder(&out)
		for _, c := range cards {
			if err := e.Encode(c); err != nil {
				b.Fatal(err)
			}
		}
		return len(cards)
	})
}

func decodedCards(b *testing.B, all []byte) []vcard.Card {
	var cards []vcard.Card
	for d := vcard.NewDecoder(bytes.NewReader(all)); ; {
		c, err := d.Decode()
		if errors.Is(err, io.EOF) {
			return cards
		}
		if err != nil {
			b.Fatal(err)
		}
		cards = append(cards, c)
	}
}

func BenchmarkCompareEvents(b *testing.B) {
	all := benchEvents(compared)
	run := func(name string, f func() int) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(all)))
			b.ReportAllocs()
			for b.Loop() {
				if n := f(); n != compared {
					b.Fatalf("%d events", n)
				}
			}
		})
	}
	run("read/cradle", func() int { return len(Read(all).Objects) })
	decode := func() *ical.Calendar {
		c, err := ical.NewDecoder(bytes.NewReader(all)).Decode()
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	run("read/go-ical", func() int { return len(decode().Events()) })
	run("bag/cradle", func() int { return len(comparedItems(b, all)) })
	items := comparedItems(b, all)
	run("write/cradle", func() int {
		texts := make([][]byte, len(items))
		for i, item := range items {
			texts[i] = Events.Text(item)
		}
		ExportICS(texts)
		return len(texts)
	})
	cal := decode()
	run("write/go-ical", func() int {
		var out bytes.Buffer
		if err := ical.NewEncoder(&out).Encode(cal); err != nil {
			b.Fatal(err)
		}
		return len(cal.Events())
	})
}

func comparedItems(b *testing.B, all []byte) []*valuebag.Values {
	var items []*valuebag.Values
	for s := NewScanner(bytes.NewReader(all)); s.Scan(); {
		for _, o := range s.File().Objects {
			item, err := o.Item("")
			if err != nil {
				b.Fatal(err)
			}
			items = append(items, item)
		}
	}
	return items
}
