package mtp_test

import (
	"errors"
	"fmt"
	"testing"

	"cradle/hwtest"
	"cradle/mtp"
	"cradle/mtp/responder"
)

// TestSharedHandles: of two objects that lists tell of under one handle neither is listed, for what
// is done to one of them is done to the other.
func TestSharedHandles(t *testing.T) {
	for _, tt := range []struct {
		kind hwtest.Kind
		n    int
	}{{hwtest.Android, 7}, {hwtest.Android, 40}, {hwtest.Basic, 7}} { // all properties at once, one by one, without them
		s, n := numbered(t, tt.kind, tt.n, hwtest.Options{Lies: responder.LieSameHandles}), tt.n
		got, err := s.ListFolder(t.Context(), firstStorage(t, s), mtp.Root)
		if !errors.Is(err, mtp.ErrPartialList) || !errors.Is(err, mtp.ErrMalformed) {
			t.Errorf("%s, %d files: %v, want ErrPartialList", tt.kind, n, err)
		}
		if want := n - 2*(n/3); len(got) != want {
			t.Errorf("%s, %d of %d files are listed, want %d", tt.kind, len(got), n, want)
		}
		for _, e := range got {
			o, err := s.GetObjectInfo(t.Context(), e.Handle)
			if err != nil || o.FileName != e.Name {
				t.Errorf("%s is listed under the handle of %s, %v", e.Name, o.FileName, err)
			}
		}
	}
}

// numbered opens a session with a phone that has n files.
func numbered(t *testing.T, kind hwtest.Kind, n int, opt hwtest.Options) *mtp.Session {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("%02d.txt", i)] = fmt.Sprint(i)
	}
	tree(t, dir, files)
	return session(t, phone(t, kind, dir, opt).Transport())
}

// TestRepeatedHandles: a device without property lists may name a handle twice if its count of objects
// says that it means one object by it, and only then.
func TestRepeatedHandles(t *testing.T) {
	for _, tt := range []struct {
		name, scenario string
		n              int
		want           int
		torn           bool // the first
	}{
		{"counted once", "", 5, 5, false},
		{"counted once, and alone", "", 1, 1, false},
		{"not counted", "on GetNumObjects: answer OperationNotSupported", 5, 4, true},
		{"no second list", "on GetObjectHandles nth 2: answer GeneralError", 5, 4, true},
		{"property lists fail", "on GetObjectPropList: answer GeneralError", 5, 5, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sc, err := hwtest.ParseScenario(tt.scenario)
			if err != nil {
				t.Fatal(err)
			}
			kind := hwtest.Basic
			if tt.name == "property lists fail" {
				kind = hwtest.Android
			}
			s := numbered(t, kind, tt.n, hwtest.Options{Lies: responder.LieDuplicateList, Scenario: sc})
			got, err := s.ListFolder(t.Context(), firstStorage(t, s), mtp.Root)
			if len(got) != tt.want || errors.Is(err, mtp.ErrPartialList) != tt.torn || !tt.torn && err != nil {
				t.Errorf("%d entries, %v; want %d", len(got), err, tt.want)
			}
			if tt.torn && (len(got) == 0 || got[0].Name != "01.txt") {
				t.Errorf("the handle that came twice is listed: %v", got)
			}
		})
	}
}
