package devprovider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"cradle/engine"
)

// ref is a live item of the state, as a survey looks for it.
type ref struct {
	scope  string
	item   *engine.PartialItem
	byPath bool
	file   *file // where it was found; nil while it is missing
	found  *item // as read; nil when its file wasn't read
}

func (r *ref) id() engine.ItemID { return r.item.Meta.ID }

// itemKey names an item in all scopes.
type itemKey struct {
	scope string
	id    engine.ItemID
}

// survey is one Survey under way.
type survey struct {
	f     *Folder
	walk  *walk
	views engine.Views
	want  map[string]bool

	refs   []ref
	byID   map[itemKey]*ref
	held   map[itemKey]*file // who holds an item; the file of an untouched one is nil
	loose  []*item           // read, and not yet known to be of the state
	rows   map[string][]engine.ViewRow
	failed []failure
	vague  map[*ref]error // refs that could not be looked at
}

type failure struct {
	scope string // "" when the file may be of any
	err   engine.ItemError
}

// Survey compares what lies on the device with the state. It writes nothing; what
// is to be settled first is noted for the next write.
func (f *Folder) Survey(ctx context.Context, scopes []string, views engine.Views) (map[string]*engine.Survey, error) {
	if f.newer != nil {
		return nil, f.newer
	}
	s := &survey{
		f: f, views: views, want: map[string]bool{}, byID: map[itemKey]*ref{}, held: map[itemKey]*file{}, vague: map[*ref]error{},
	}
	for _, sc := range scopes {
		if f.kinds[sc] == nil {
			return nil, fmt.Errorf("a survey of %q: no such kind", sc)
		}
		s.want[sc] = true
	}
	f.items, _ = views.(Items)
	f.wholes, f.restored = nil, map[itemKey]restored{}
	f.steps, f.alias, f.bundles = nil, map[spot]string{}, map[spot]*bundle{}
	var err error
	if s.walk, err = f.walkTrees(ctx); err != nil {
		return nil, err
	}
	f.chooseHome()
	s.index()
	s.classify()
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	if err := s.askViews(ctx); err != nil {
		return nil, err
	}
	s.settleSteps()
	s.findRefs()
	s.identify()
	if err := s.restoreLate(ctx); err != nil {
		return nil, err
	}
	if err := s.missWholes(ctx); err != nil {
		return nil, err
	}
	s.setAside()
	s.tellBlind()
	for _, fl := range s.walk.files {
		if fl.held.bundle {
			f.bundles[fl.spot] = newBundle(fl)
		}
	}
	return s.report(scopes), nil
}

// tellBlind reports the folders of which nobody knows all that lies there: what
// they held stays untouched.
func (s *survey) tellBlind() {
	for _, at := range slices.SortedFunc(maps.Keys(s.walk.partial), func(a, b spot) int {
		return cmp.Or(strings.Compare(a.storage, b.storage), strings.Compare(a.path, b.path))
	}) {
		s.failed = append(s.failed, failure{err: engine.ItemError{Path: at.path + "/", Reason: s.walk.partial[at]}})
	}
}

// index finds the live items of the state by their files.
func (s *survey) index() {
	n := 0
	for _, sc := range s.f.state.scopes {
		n += len(sc.Items)
	}
	s.refs = make([]ref, 0, n)
	for _, name := range sortedKeys(s.f.state.scopes) {
		sc := s.f.state.scopes[name]
		for i := range sc.Items {
			it := &sc.Items[i]
			if it.Meta.Deleted || it.Place.Path == "" {
				continue
			}
			s.refs = append(s.refs, ref{scope: name, item: it, byPath: sc.byPath[i]})
			r := &s.refs[len(s.refs)-1]
			if fl := s.walk.bySpot[spotOf(it.Place)]; fl != nil {
				fl.refs = append(fl.refs, r)
			}
		}
	}
}

// lookUp finds a live item of the state by its ID.
func (s *survey) lookUp(scope string, id engine.ItemID) *ref {
	if len(s.byID) == 0 {
		s.byID = make(map[itemKey]*ref, len(s.refs))
		for i := range s.refs {
			s.byID[itemKey{s.refs[i].scope, s.refs[i].id()}] = &s.refs[i]
		}
	}
	return s.byID[itemKey{scope, id}]
}

// classify finds what needn't be read.
func (s *survey) classify() {
	f := s.f
	var moved []int64
	witness := func(was, is int64) {
		if was != 0 && is != 0 {
			moved = append(moved, is-was)
		}
	}
	for _, fl := range s.walk.files {
		if len(fl.refs) > 0 {
			if p := &fl.refs[0].item.Place; p.Size == fl.entry.Size {
				witness(p.Modified, fl.entry.Modified)
			}
		}
	}
	if r, ok := f.seen[spot{f.home, readmePath}]; ok {
		witness(f.state.readmeTime, r.modified)
	}
	f.clock.shift = commonShift(moved)

	asked := len(s.want) == len(f.kinds)
	for _, fl := range s.walk.files {
		p := f.lastPlace(fl)
		if p == nil {
			continue
		}
		if !asked && len(fl.refs) > 0 && !slices.ContainsFunc(fl.refs, func(r *ref) bool { return s.want[r.scope] }) {
			fl.status = statusIgnored
			continue
		}
		racy := fl.entry.Modified == 0 || f.stateTime == 0 || fl.entry.Modified+racyMargin >= f.stateTime
		if !racy && asListed(&fl.entry, p, f.clock.shift) || f.cached(fl, p) {
			fl.status, fl.body = statusUnchanged, p.Body
			f.seen[fl.spot] = object{
				size: fl.entry.Size, modified: fl.entry.Modified, at: fl.at, body: p.Body, single: !p.Bundle,
			}
		}
	}
}

// lastPlace is how the state says a file looked; nil when it doesn't know it.
func (f *Folder) lastPlace(fl *file) *engine.Place {
	if len(fl.refs) > 0 {
		return &fl.refs[0].item.Place
	}
	for i := range f.state.bundles {
		if spotOf(f.state.bundles[i]) == fl.spot {
			return &f.state.bundles[i]
		}
	}
	return nil
}

// cached reports whether this computer has read the object as it looks now, and
// found in it what the state says.
func (f *Folder) cached(fl *file, p *engine.Place) bool {
	if f.opt.Cache == nil || fl.entry.Modified == 0 || p.Body.IsZero() {
		return false
	}
	return f.opt.Cache.Known(engine.Place{
		Storage: fl.storage, Path: fl.spot.path, Size: fl.entry.Size, Modified: fl.entry.Modified, Body: p.Body,
	})
}

// read reads every file that may differ from the state. Parsing goes on beside
// the reading.
func (s *survey) read(ctx context.Context) error {
	f := s.f
	type job struct {
		fl   *file
		data []byte
		one  bool // it is one item's, whatever the device made of it
	}
	jobs := make(chan job, 64)
	var wg sync.WaitGroup
	for range max(1, runtime.GOMAXPROCS(0)) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for j := range jobs {
				j.fl.held = f.parse(j.data, j.fl.where(), f.collectionAt(spot{j.fl.storage, parent(j.fl.where())}), func(sc string) bool { return s.want[sc] })
				if j.one {
					j.fl.held = f.asOne(j.fl.held, j.data, f.collectionAt(spot{j.fl.storage, parent(j.fl.where())}))
				}
			}
		}()
	}
	err := func() error {
		for _, fl := range s.walk.files {
			if fl.status != statusListed {
				continue
			}
			if reason, ok := f.knownFailure(fl); ok {
				fl.status, fl.err = statusFailed, errors.New(reason)
				continue
			}
			data, err := s.readFile(ctx, fl)
			if err != nil {
				return err
			}
			if fl.status == statusRead || fl.status == statusSame && s.mustParse(fl) {
				jobs <- job{fl, data, s.inPart(fl)}
			}
		}
		return nil
	}()
	close(jobs)
	wg.Wait()
	if err != nil {
		return err
	}
	for _, fl := range s.walk.files {
		if fl.status == statusRead || fl.status == statusSame {
			if fl.status == statusRead {
				if err := s.restoreEarly(ctx, fl); err != nil {
					return err
				}
			}
			s.judge(fl)
		}
	}
	return nil
}

// mustParse reports whether a file whose body is as in the state still has to be
// taken apart.
func (s *survey) mustParse(fl *file) bool { return len(fl.refs) == 0 }

// readFile reads one file; an error ends the survey.
func (s *survey) readFile(ctx context.Context, fl *file) ([]byte, error) {
	f := s.f
	at := f.clock.device()
	f.bodies++
	data, err := f.store.Read(ctx, fl.storage, fl.spot.path, maxObject)
	switch {
	case err == nil:
	case errors.Is(err, engine.ErrGone), ctx.Err() != nil:
		return nil, err
	case errors.Is(err, fs.ErrNotExist):
		fl.status = statusVanished
		return nil, nil
	default:
		fl.status, fl.err = statusFailed, err
		return nil, nil
	}
	if size := int64(len(data)); fl.entry.Size != size && fl.entry.Size >= 0 {
		// It changed since it was listed, or the device lies about sizes.
		if e, err := f.store.Stat(ctx, fl.storage, fl.spot.path); err == nil {
			fl.entry = e
		} else if errors.Is(err, engine.ErrGone) || ctx.Err() != nil {
			return nil, err
		}
	}
	fl.at, fl.body, fl.status = at, bodyDigest(data), statusRead
	p := f.lastPlace(fl)
	if p != nil && p.Body == fl.body {
		fl.status = statusSame
	}
	f.seen[fl.spot] = object{
		size: fl.entry.Size, modified: fl.entry.Modified, at: at, body: fl.body,
		single: fl.status == statusSame && !p.Bundle,
	}
	if f.opt.Cache != nil && settled(fl.entry.Modified, at) {
		f.opt.Cache.Remember(engine.Place{
			Storage: fl.storage, Path: fl.spot.path, Size: fl.entry.Size, Modified: fl.entry.Modified, Body: fl.body,
		})
	}
	return data, nil
}

// judge says what a file that was taken apart is worth.
func (s *survey) judge(fl *file) {
	f := s.f
	if fl.status == statusSame && !s.mustParse(fl) {
		return
	}
	for i := range fl.held.items {
		fl.held.items[i].file = fl
	}
	o := f.seen[fl.spot]
	o.single, o.read = !fl.held.bundle && len(fl.held.items) == 1, true
	if o.single {
		o.uid = fl.held.items[0].uid
	}
	f.seen[fl.spot] = o
	switch {
	case fl.held.torn:
		fl.status, fl.err = statusTorn, engine.ErrTorn
		if n := f.folders[spot{fl.storage, parent(fl.spot.path)}]; n != nil {
			n.torn[base(fl.spot.path)] = true
		}
		delete(f.seen, fl.spot)
	case len(fl.held.items)+fl.held.other == 0:
		reasons := append(fl.held.lost, fl.held.problems...)
		if len(reasons) == 0 {
			reasons = []string{"no vCard and no calendar entry"}
		}
		fl.status, fl.err = statusFailed, errors.New(strings.Join(reasons, "; "))
		f.rememberFailure(fl)
		return
	}
	for _, p := range fl.held.problems {
		if fl.held.torn {
			break // nothing of it is taken
		}
		s.note(fl, engine.ItemID{}, errors.New(p))
	}
	delete(f.state.aside, fl.spot)
	if len(fl.held.lost) > 0 && len(fl.held.items)+fl.held.other > 0 {
		f.state.aside[fl.spot] = fl.held.lost
	}
}

// setAside reports what files hold beside their items that could not be taken, in
// every run; of those that weren't read this time by what the state says.
func (s *survey) setAside() {
	for _, at := range sortedSpots(s.f.state.aside) {
		fl := s.walk.bySpot[at]
		if fl == nil {
			if s.f.blind(s.walk, at) == nil {
				delete(s.f.state.aside, at)
			}
			continue
		}
		switch fl.status {
		case statusUnchanged, statusSame, statusRead:
			for _, reason := range s.f.state.aside[at] {
				s.failed = append(s.failed, failure{err: engine.ItemError{Path: fl.where(), Reason: errors.New(reason)}})
			}
		}
	}
}

// note keeps what a person is to be told, once in a session.
func (s *survey) note(fl *file, id engine.ItemID, reason error) {
	for _, n := range s.f.notes {
		if n.Item == id && n.Path == fl.where() && n.Reason.Error() == reason.Error() {
			return
		}
	}
	s.f.notes = append(s.f.notes, engine.ItemError{Item: id, Path: fl.where(), Reason: reason})
}

func (f *Folder) failurePlace(fl *file) engine.Place {
	return engine.Place{Storage: fl.storage, Path: fl.spot.path, Size: fl.entry.Size, Modified: fl.entry.Modified}
}

func (f *Folder) knownFailure(fl *file) (string, bool) {
	if c, ok := f.opt.Cache.(FailureCache); ok && fl.entry.Modified != 0 {
		return c.Failure(f.failurePlace(fl))
	}
	return "", false
}

func (f *Folder) rememberFailure(fl *file) {
	if c, ok := f.opt.Cache.(FailureCache); ok && settled(fl.entry.Modified, fl.at) {
		c.RememberFailure(f.failurePlace(fl), fl.err.Error())
	}
}

// askViews asks the store what it knows of the files that were read, and of the
// items that are known by their path alone.
func (s *survey) askViews(ctx context.Context) error {
	if s.views == nil {
		return nil
	}
	var paths []string
	for _, fl := range s.walk.files {
		switch fl.status {
		case statusRead, statusTorn:
			paths = append(paths, fl.spot.path)
			if fl.step != nil {
				paths = append(paths, join(parent(fl.spot.path), fl.step.plain()))
			}
		case statusUnchanged, statusSame:
			if len(fl.refs) == 1 && fl.refs[0].byPath {
				paths = append(paths, fl.spot.path)
			}
		}
	}
	if len(paths) == 0 {
		return nil
	}
	slices.Sort(paths)
	var err error
	s.rows, err = s.views.ByPath(ctx, slices.Compact(paths))
	return err
}

// rowsAt gives the view's rows of live items in a scope at a file's place.
func (s *survey) rowsAt(fl *file, scope string) []*engine.ViewRow {
	var list []*engine.ViewRow
	add := func(path string) {
		rows := s.rows[path]
		for i := range rows {
			if rows[i].Scope == scope && !rows[i].Meta.Deleted {
				list = append(list, &rows[i])
			}
		}
	}
	add(fl.spot.path)
	if fl.final != "" && fl.final != fl.spot.path {
		add(fl.final)
	} else if fl.step != nil {
		add(join(parent(fl.spot.path), fl.step.plain()))
	}
	return list
}
