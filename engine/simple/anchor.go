package simple

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// lookChanges asks the log what changed since the anchor. ErrAnchor leaves the
// survey as it was.
func (s *survey) lookChanges(ctx context.Context) error {
	anchor := s.state.anchor
	changed, gone := map[string]Object{}, map[string]bool{}
	for {
		d, err := s.k.log.Changes(ctx, anchor)
		if err != nil {
			return fmt.Errorf("asking for changes: %w", err)
		}
		for _, key := range d.Gone {
			delete(changed, key)
			gone[key] = true
		}
		for _, o := range d.Changed {
			delete(gone, o.Key)
			changed[o.Key] = o
		}
		if d.More && bytes.Equal(d.Anchor, anchor) {
			return errors.New("asking for changes: the place says that there are more, with the same anchor again")
		}
		if anchor = d.Anchor; anchor == nil {
			anchor = []byte{}
		}
		if !d.More {
			break
		}
	}
	for key, r := range s.byKey {
		if !gone[key] {
			s.seen[r.meta.ID] = true
		}
		if _, ok := changed[key]; r.plan != nil && !ok && !gone[key] {
			changed[key] = Object{Key: key} // did it happen?
		}
	}
	again := s.state.retry
	s.state.retry = nil
	for _, key := range again {
		if _, ok := changed[key]; ok || gone[key] {
			continue
		}
		if _, err := s.k.place.Read(ctx, key); errors.Is(err, ErrNotFound) {
			if r := s.byKey[key]; r != nil {
				s.seen[r.meta.ID] = false
			}
			continue
		}
		changed[key] = Object{Key: key}
	}
	s.state.anchor = anchor
	objects := make([]Object, 0, len(changed))
	for _, key := range slices.Sorted(maps.Keys(changed)) {
		objects = append(objects, changed[key])
	}
	return s.objects(ctx, objects)
}
