package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cradle/pim"
)

// Filter is what a phone isn't to be given. A part that is nil says nothing: what the
// phone has of it stays. One that is empty takes it away.
type Filter struct {
	// Without are parts of items: "photo", or "contacts/photo" for one kind alone.
	Without []Part `toml:"without"`
	// LeaveOut are collections: "Old", or "events/Old" for one kind alone.
	LeaveOut []LeftOut `toml:"leave_out"`
	// Window is the time of events and tasks.
	Window *Window `toml:"window"`
}

// Part is a part of items that isn't sent: "photo", or "contacts/photo" for one kind.
type Part string

// UnmarshalText refuses what no kind of items has, or can't do without.
func (p *Part) UnmarshalText(text []byte) error {
	var parts []string
	for _, k := range pim.Kinds() {
		part := Part(text)
		if name, ok := part.Of(k); ok && slices.Contains(k.Optional(), name) {
			*p = part
			return nil
		}
		parts = append(parts, k.Optional()...)
	}
	slices.Sort(parts)
	return fmt.Errorf("without %q: want one of %s", text, strings.Join(slices.Compact(parts), ", "))
}

// Of gives the name without its kind; false if that is another kind than k.
func (p Part) Of(k *pim.Kind) (string, bool) { return forKind(k, string(p)) }

// LeftOut is a collection that isn't sent: "Old", or "events/Old" for one kind.
type LeftOut string

// UnmarshalText refuses an empty name.
func (l *LeftOut) UnmarshalText(text []byte) error {
	if _, name, ok := strings.Cut(string(text), "/"); strings.TrimSpace(string(text)) == "" || ok && name == "" {
		return fmt.Errorf("leave_out %q: want a collection, or KIND/COLLECTION", text)
	}
	*l = LeftOut(text)
	return nil
}

// Of gives the name without its kind; false if that is another kind than k.
func (l LeftOut) Of(k *pim.Kind) (string, bool) { return forKind(k, string(l)) }

// forKind reads "NAME" or "KIND/NAME"; false if that is of another kind.
func forKind(k *pim.Kind, s string) (string, bool) {
	kind, name, ok := strings.Cut(s, "/")
	if _, known := pim.KindByName(kind); !ok || !known {
		return s, true
	}
	return name, kind == k.Name()
}

// IsZero reports whether f says nothing at all.
func (f Filter) IsZero() bool { return f.Without == nil && f.LeaveOut == nil && f.Window == nil }

// Over gives f's parts, and base's where f says nothing.
func (f Filter) Over(base Filter) Filter {
	if f.Without != nil {
		base.Without = f.Without
	}
	if f.LeaveOut != nil {
		base.LeaveOut = f.LeaveOut
	}
	if f.Window != nil {
		base.Window = f.Window
	}
	return base
}

// Window is a stretch of days around today: "90d..365d" from 90 days ago to 365 days
// ahead, "90d.." and "..365d" with an open end, "all" for all time.
type Window struct {
	Back, Ahead int  // days; -1 all the way
	All         bool // no window
}

// UnmarshalText reads the form above.
func (w *Window) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "all" {
		*w = Window{All: true}
		return nil
	}
	from, to, ok := strings.Cut(s, "..")
	back, err := days(from)
	ahead, err2 := days(to)
	if !ok || errors.Join(err, err2) != nil || back < 0 && ahead < 0 {
		return fmt.Errorf("window %q: want days back and ahead such as 90d..365d, 90d.. or ..365d, or all", s)
	}
	*w = Window{Back: back, Ahead: ahead}
	return nil
}

// days reads "90d"; -1 for nothing.
func days(s string) (int, error) {
	if s == "" {
		return -1, nil
	}
	n, ok := strings.CutSuffix(s, "d")
	d, err := strconv.Atoi(n)
	if !ok || err != nil || d < 0 || d > 36525 {
		return 0, fmt.Errorf("%q is no number of days", s)
	}
	return d, nil
}

func (w Window) String() string {
	if w.All {
		return "all"
	}
	end := func(n int) string {
		if n < 0 {
			return ""
		}
		return strconv.Itoa(n) + "d"
	}
	return end(w.Back) + ".." + end(w.Ahead)
}
