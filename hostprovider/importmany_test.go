package hostprovider

import (
	"context"
	"strings"
	"testing"
	"time"
)

// A file may hold thousands of equal cards: the time that they take grows with their
// number and not with its square.
func TestImportManyEqual(t *testing.T) {
	const n = 3000
	for _, c := range []struct{ name, card string }{
		{"without a UID", "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEND:VCARD\r\n"},
		{"one UID", "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:ada\r\nFN:Ada\r\nEND:VCARD\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := storeAt(t, "many")
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			for _, step := range []struct{ cards, created, unchanged int }{{n, n, 0}, {n, 0, n}, {n + 1, 1, n}} {
				res, err := s.Import(ctx, []ImportFile{{Path: "many.vcf", Data: []byte(strings.Repeat(c.card, step.cards))}})
				if err != nil {
					t.Fatalf("%d cards: %v", step.cards, err)
				}
				if res.Created != step.created || res.Unchanged != step.unchanged || res.Updated != 0 {
					t.Errorf("%d cards: %d new, %d changed, %d unchanged; want %d, 0, %d", step.cards, res.Created, res.Updated, res.Unchanged, step.created, step.unchanged)
				}
			}
		})
	}
}
