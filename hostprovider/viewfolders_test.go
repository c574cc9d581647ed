package hostprovider

import (
	"context"
	"testing"

	"cradle/engine"

	"github.com/google/go-cmp/cmp"
)

// The folders of a phone as the view has them: each item where it last was, in the
// collection that it is in now.
func TestViewFolders(t *testing.T) {
	ctx := context.Background()
	s := newTestStore(t)
	var ids []engine.ItemID
	for _, it := range []struct{ uid, collection string }{{"a", "family"}, {"b", "family"}, {"c", "work"}, {"d", "personal"}, {"gone", "family"}} {
		id, err := s.Create(ctx, "contacts", it.collection, []byte(card(it.uid, it.uid)))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	err := s.Update(ctx, "contacts", func(tx engine.Tx) error {
		for i, path := range []string{
			"Documents/Contacts/a.vcf", "Documents/Contacts/b.vcf", "Documents/Contacts/c.vcf", "Old/d.vcf", "Documents/Contacts/gone.vcf",
		} {
			if err := tx.PutView(phone1.ID, engine.ViewRow{Path: path, Meta: engine.ItemMeta{ID: ids[i]}}); err != nil {
				return err
			}
		}
		// One moved on; another one is only about to.
		if err := tx.PutView(phone1.ID, engine.ViewRow{Path: "New/d.vcf", Meta: engine.ItemMeta{ID: ids[3]}}); err != nil {
			return err
		}
		return tx.PutView(phone1.ID, engine.ViewRow{Path: "Later/a.vcf", Announced: true, Meta: engine.ItemMeta{ID: ids[0]}})
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Delete(ctx, "gone"); err != nil {
		t.Fatal(err)
	}
	got, err := s.ViewFolders(ctx, phone1.ID)
	if err != nil {
		t.Fatal(err)
	}
	want := []ViewFolder{
		{"contacts", "Documents/Contacts", "family", 2}, {"contacts", "Documents/Contacts", "work", 1}, {"contacts", "New", "personal", 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for except, want := range map[string][]string{
		"Documents/Contacts": {"Later", "New", "Old"}, "Documents": {"Later", "New", "Old"}, "New": {"Documents/Contacts", "Later", "Old"}, "Cradle": {"Documents/Contacts", "Later", "New", "Old"},
	} {
		outside, err := s.ViewOutside(ctx, phone1.ID, except)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, outside); diff != "" {
			t.Errorf("outside %s (-want +got)\n%s", except, diff)
		}
	}
	if none, err := s.ViewFolders(ctx, engine.PeerID{0xff}); err != nil || len(none) != 0 {
		t.Errorf("of a stranger: %v %v", none, err)
	}
}
