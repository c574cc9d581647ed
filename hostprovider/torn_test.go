package hostprovider

import (
	"bytes"
	"context"
	"path/filepath"
	"testing"

	"cradle/pim"
)

// A text without its END would pass for torn on a phone: the store closes it,
// whichever door it came in by.
func TestTextsAreClosed(t *testing.T) {
	ctx := context.Background()
	torn := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:torn\r\nFN:Cut Off\r\n"
	for _, c := range []struct {
		name string
		in   func(t *testing.T, s *Store)
	}{
		{"import", func(t *testing.T, s *Store) {
			if _, err := s.Import(ctx, []ImportFile{{Path: "a.vcf", Data: []byte(torn)}}); err != nil {
				t.Fatal(err)
			}
		}},
		{"create", func(t *testing.T, s *Store) {
			if _, err := s.Create(ctx, "contacts", "", []byte(torn)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openAt(t, filepath.Join(t.TempDir(), "s.db"), Options{Create: true})
			c.in(t, s)
			items, err := s.Show(ctx, "torn")
			if err != nil || len(items) != 1 {
				t.Fatalf("show: %v %v", items, err)
			}
			if !bytes.HasSuffix(items[0].Text, []byte("END:VCARD\r\n")) || pim.Read(items[0].Text).Torn {
				t.Errorf("stored as %q", items[0].Text)
			}
		})
	}
}
