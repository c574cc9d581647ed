package enginetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"cradle/engine"
	"cradle/valuebag"
)

// Subject is the provider under test.
type Subject struct {
	Schema engine.Schema
	// Item makes an item with three units: two plain ones and a list; empty strings
	// are empty units. Without a uid it has none.
	Item func(uid, name, note string, tags ...string) *valuebag.Values
	// Units are the names of those three.
	Units [3]string
	// Filter has rules that keep out what Outside makes of an item, and nothing else; for
	// participants that can hold a part of a scope.
	Filter  engine.Filter
	Outside func(v *valuebag.Values) *valuebag.Values
	// New makes an empty participant.
	New func(t testing.TB) Participant
	// Histories is how many random histories are run; 0: 40.
	Histories int
	// Skip names the capabilities that the participant doesn't have, each with the
	// reason.
	Skip map[Capability]string
}

// Participant is a provider together with what its user sees of it.
type Participant interface {
	// Start gives the provider as after a new start of its program.
	Start(t testing.TB) engine.Provider
	// Edit is what its user does: the item with this UID gets a value; nil deletes it.
	Edit(t testing.TB, uid string, v *valuebag.Values)
	// Items lists what its user sees, in any order.
	Items(t testing.TB) []*valuebag.Values
}

// Capability is something that not every participant has: an interface that its
// Participant implements.
type Capability string

// The capabilities.
const (
	CanAnonymous Capability = "anonymous" // Anonymous
	CanQuiet     Capability = "quiet"     // Quiet
	CanRefuse    Capability = "refuse"    // Refusing
	CanUnread    Capability = "unread"    // Unreading
	CanCrash     Capability = "crash"     // Crashing
	CanRestore   Capability = "restore"   // Restoring
	CanLog       Capability = "log"       // Logging
	CanHold      Capability = "hold"      // Holding
)

// Anonymous participants have items without a UID.
type Anonymous interface {
	// Add adds an item; Drop deletes one with the same content.
	Add(t testing.TB, v *valuebag.Values)
}

// Quiet participants count what they write.
type Quiet interface {
	// Writes counts rows, objects or commits so far.
	Writes(t testing.TB) int
}

// Refusing participants can be made to refuse an item.
type Refusing interface {
	// Refuse has every write of the item with this UID fail; nil ends it.
	Refuse(uid string, err error)
}

// Unreading participants can be made to lose sight of an item.
type Unreading interface {
	// Unread has every read of the item with this UID fail; nil ends it.
	Unread(t testing.TB, uid string, err error)
}

// Crashing participants can be killed.
type Crashing interface {
	// Crash kills the program at its nth write from now, counted from 1; 0 never.
	// After it Start is called.
	Crash(n int)
}

// Restoring participants can be restored from a backup.
type Restoring interface {
	// Backup keeps the participant's metadata as of now, and its data if both are one.
	// The function it returns puts that back. Start is called after both.
	Backup(t testing.TB) (restore func())
}

// Logging participants keep a log of conflicts.
type Logging interface {
	Conflicts(t testing.TB) []engine.Conflict
}

var capabilities = map[Capability]func(Participant) bool{
	CanAnonymous: has[Anonymous],
	CanQuiet:     has[Quiet],
	CanRefuse:    has[Refusing],
	CanUnread:    has[Unreading],
	CanCrash:     has[Crashing],
	CanRestore:   has[Restoring],
	CanLog:       has[Logging],
	CanHold:      has[Holding],
}

func has[C any](p Participant) bool { _, ok := p.(C); return ok }

// Providers runs the suite that every engine.Provider passes. It fails when the
// participant lacks a capability that Subject.Skip doesn't name, and when Skip names
// one that it has.
func Providers(t *testing.T, s Subject) {
	for _, w := range checkSkips(s.New(t), s.Skip) {
		t.Error(w)
	}
	tests := []struct {
		name  string
		needs Capability // "" is what every provider has
		run   func(*trial)
	}{
		{"FirstSync", "", firstSync},
		{"Edits", "", edits},
		{"Deletions", "", deletions},
		{"EditMeetsDeletion", "", editMeetsDeletion},
		{"Presets", "", presets},
		{"Waiting", "", waitingConflict},
		{"Log", CanLog, conflictLog},
		{"OneWay", "", oneWay},
		{"Preview", "", preview},
		{"Batches", "", batches},
		{"Cut", "", cutInTheMiddle},
		{"Loop", "", loop},
		{"Forgotten", "", forgotten},
		{"Restart", "", restarted},
		{"BadBatch", "", badBatch},
		{"Cancelled", "", cancelled},
		{"UnitFilter", "", unitFilter},
		{"RuleFilter", CanHold, ruleFilter},
		{"Quiet", CanQuiet, quiet},
		{"Anonymous", CanAnonymous, anonymous},
		{"Refused", CanRefuse, refused},
		{"Unread", CanUnread, unread},
		{"Crash", CanCrash, crash},
		{"Restored", CanRestore, restored},
		{"Histories", "", histories},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if reason, skip := s.Skip[tt.needs]; skip {
				t.Skipf("no %s: %s", tt.needs, reason)
			}
			tt.run(newTrial(t, s))
		})
	}
}

// checkSkips says what is wrong with a subject's table of skips.
func checkSkips(p Participant, skip map[Capability]string) []string {
	var wrong []string
	for _, c := range slices.Sorted(maps.Keys(capabilities)) {
		reason, skipped := skip[c]
		has := capabilities[c](p)
		switch {
		case skipped && has:
			wrong = append(wrong, fmt.Sprintf("%s is skipped, and the participant has it", c))
		case !skipped && !has:
			wrong = append(wrong, fmt.Sprintf("the participant has no %s, and Skip doesn't say why", c))
		case skipped && strings.TrimSpace(reason) == "":
			wrong = append(wrong, fmt.Sprintf("%s is skipped without a reason", c))
		}
	}
	for _, c := range slices.Sorted(maps.Keys(skip)) {
		if capabilities[c] == nil {
			wrong = append(wrong, fmt.Sprintf("the suite has no capability %q to skip", c))
		}
	}
	return wrong
}

// trial is one test: the participant and, as peers, full participants in memory.
type trial struct {
	testing.TB
	t *testing.T
	s Subject
	p Participant
	// provider is p's, between two starts.
	provider engine.Provider
	peers    []*MemStore
	now      int64
}

func newTrial(t *testing.T, s Subject) *trial {
	r := &trial{TB: t, t: t, s: s, p: s.New(t), now: startDay}
	r.provider = r.p.Start(t)
	r.addPeer()
	return r
}

// startDay is when histories begin, Unix milliseconds: noon of 2026-03-01. A
// participant with a clock of its own lets it start there.
const startDay = 1_772_366_400_000

// addPeer makes another peer.
func (r *trial) addPeer() *MemStore {
	letter, n := byte(0xa1+len(r.peers)), byte(0)
	m := NewMemStore(func() engine.ReplicaID { n++; return engine.ReplicaID{letter, n} }, r.s.Schema)
	r.peers = append(r.peers, m)
	return m
}

func (r *trial) scope() string { return r.s.Schema.Name() }

func (r *trial) id(uid string) engine.ItemID { return engine.ItemIDFromUID(r.scope(), uid, 1) }

// here is an edit at the participant, there one at the first peer; nil deletes.
func (r *trial) here(uid string, v *valuebag.Values) {
	r.Helper()
	r.p.Edit(r, uid, v)
}

func (r *trial) there(uid string, v *valuebag.Values) { r.at(r.peers[0], uid, v) }

func (r *trial) at(m *MemStore, uid string, v *valuebag.Values) {
	r.now += 10_000
	m.Edit(r.scope(), r.id(uid), v, r.now)
}

func (r *trial) options(opt engine.ExchangeOptions) engine.ExchangeOptions {
	if opt.Now == nil {
		opt.Now = func() time.Time { return time.UnixMilli(r.now) }
	}
	return opt
}

// try exchanges between the participant (A) and the first peer (B).
func (r *trial) try(opt engine.ExchangeOptions) (*engine.Exchanged, error) {
	return engine.Exchange(context.Background(), r.provider, r.peers[0].Full(), []string{r.scope()}, r.options(opt))
}

// exchange wants the numbers of items sent and of conflicts.
func (r *trial) exchange(opt engine.ExchangeOptions, there, here, conflicts int) (toPeer, toHere *engine.Transfer) {
	r.Helper()
	x, err := r.try(opt)
	if err != nil {
		r.Fatal(err)
	}
	toPeer, toHere = x.ToB[r.scope()], x.ToA[r.scope()]
	if toPeer == nil {
		toPeer = &engine.Transfer{}
	}
	if toHere == nil {
		toHere = &engine.Transfer{}
	}
	if toPeer.Sent != there || toHere.Sent != here || toPeer.Conflicts+toHere.Conflicts != conflicts {
		r.Errorf("sent %d to the peer and %d from it with %d conflicts, want %d and %d with %d",
			toPeer.Sent, toHere.Sent, toPeer.Conflicts+toHere.Conflicts, there, here, conflicts)
	}
	return toPeer, toHere
}

func (r *trial) sync(there, here, conflicts int) (toPeer, toHere *engine.Transfer) {
	r.Helper()
	return r.exchange(engine.ExchangeOptions{}, there, here, conflicts)
}

// settle exchanges until nothing moves any more.
func (r *trial) settle() {
	r.Helper()
	for range 6 {
		x, err := r.try(engine.ExchangeOptions{})
		if err != nil {
			r.Fatal(err)
		}
		if x.ToA[r.scope()].Sent+x.ToB[r.scope()].Sent == 0 {
			return
		}
	}
	r.Error("six exchanges, and still something moves")
}

// show is an item as far as the suite compares it.
func (r *trial) show(v *valuebag.Values) string {
	parts := []string{r.s.Schema.UID(v)}
	for _, unit := range r.s.Units {
		text := slices.Clone(r.s.Schema.UnitText(v, unit))
		slices.Sort(text)
		parts = append(parts, strings.Join(text, "+"))
	}
	return strings.Join(parts, "|")
}

func (r *trial) showAll(vs []*valuebag.Values) []string {
	out := make([]string, 0, len(vs))
	for _, v := range vs {
		out = append(out, r.show(v))
	}
	slices.Sort(out)
	return out
}

func (r *trial) peerItems(m *MemStore) []*valuebag.Values {
	var vs []*valuebag.Values
	for _, v := range m.Live(r.scope()) {
		vs = append(vs, v)
	}
	return vs
}

// holds wants just these items at the participant and at every peer.
func (r *trial) holds(want ...*valuebag.Values) {
	r.Helper()
	r.holdsHere(want...)
	for i, m := range r.peers {
		if got := r.showAll(r.peerItems(m)); !slices.Equal(got, r.showAll(want)) {
			r.Errorf("peer %d holds\n%s\nwant\n%s", i, strings.Join(got, "\n"), strings.Join(r.showAll(want), "\n"))
		}
	}
}

func (r *trial) holdsHere(want ...*valuebag.Values) {
	r.Helper()
	if got := r.showAll(r.p.Items(r)); !slices.Equal(got, r.showAll(want)) {
		r.Errorf("the participant holds\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(r.showAll(want), "\n"))
	}
}

func (r *trial) item(uid, name, note string, tags ...string) *valuebag.Values {
	return r.s.Item(uid, name, note, tags...)
}

// named makes n items with UIDs uid0, uid1, …
func (r *trial) named(uid string, n int) (uids []string, items []*valuebag.Values) {
	for i := range n {
		u := fmt.Sprint(uid, i)
		uids = append(uids, u)
		items = append(items, r.item(u, "Name "+u, "", "1"))
	}
	return uids, items
}
