package devprovider

import (
	"bytes"
	"context"
	"fmt"

	"cradle/engine"
	"cradle/pim"
	"cradle/valuebag"
)

// What is learned of how a device stores items, by kind: the words stand before the
// kind's name.
const (
	// learnedKind is "yes" once an object of the kind was read back as it was written.
	learnedKind = "verified "
	// learnedRewrites is "yes" for a device that gives objects back otherwise than they
	// were written: each is read back.
	learnedRewrites = "rewrites "
	// learnedLoses is "yes" once something of an item was missing: from then on its full
	// text is on the device before the object.
	learnedLoses = "loses "
	// learnedStores is what it stores, as pim.Capabilities writes it.
	learnedStores = "stores "
)

// rewrites reports whether the device gives objects of a kind back otherwise than they
// were written.
func (f *Folder) rewrites(scope string) bool { return f.learned(learnedRewrites+scope) == "yes" }

// learned is what is known of the device, or of another one of its model.
func (f *Folder) learned(key string) string {
	if v := f.state.learned[key]; v != "" {
		return v
	}
	if f.state.learned[learnedKind+f.kindIn(key)] == "yes" || f.opt.Models == nil {
		return "" // this very device was seen to be otherwise
	}
	v, asked := f.noted[key]
	if !asked {
		v = f.opt.Models.Note(key)
		f.noted[key] = v
	}
	return v
}

func (f *Folder) kindIn(key string) string {
	for name := range f.kinds {
		if len(key) > len(name) && key[len(key)-len(name):] == name {
			return name
		}
	}
	return ""
}

// learn keeps something of the device in its state, and of its model on this computer.
func (f *Folder) learn(key, value string) {
	if f.state.learned[key] == value {
		return
	}
	f.state.learned[key] = value
	if f.opt.Models != nil {
		f.opt.Models.KeepNote(key, value)
		f.noted[key] = value
	}
}

// Stores tells what is known of what the device stores of a kind: learned by reading
// back what was written to it or to another one of its model, and what the table of
// models says.
func (f *Folder) Stores(scope string) pim.Capabilities {
	k := f.kinds[scope]
	if k == nil {
		return pim.Capabilities{}
	}
	caps, err := pim.ParseCapabilities(k, f.learned(learnedStores+scope))
	if err != nil {
		f.log.Warn("what the phone stores isn't known", "kind", scope, "err", err)
	}
	if f.state.learned[learnedKind+scope] != "yes" {
		byModel := modelStores(k, f.opt.Name)
		caps.Add(&byModel)
	}
	return caps
}

// readsBack reports whether what was just written is to be read back.
func (f *Folder) readsBack(p *writePlan, e Entry) bool {
	return e.Size != int64(len(p.body)) || f.state.learned[learnedVerified] == "" || f.rewrites(p.scope)
}

// keepWhole puts the full text of an item on the device that may store only part of it,
// before its object: a cable that is pulled in between then loses nothing.
func (f *Folder) keepWhole(ctx context.Context, p *writePlan, id engine.ItemID, v *valuebag.Values) error {
	p.id, p.value = id, v
	if f.learned(learnedLoses+p.scope) != "yes" {
		return nil
	}
	_, err := f.writeWhole(ctx, p.scope, id, v)
	return err
}

// check reads an object back and notes how the device keeps it. It is no error that part
// of it is missing or otherwise, as long as it is the item.
func (f *Folder) check(ctx context.Context, p *writePlan, path string) error {
	got, err := f.store.Read(ctx, p.storage, path, maxObject)
	if err != nil {
		if f.ends(ctx, err) {
			return err
		}
		return fmt.Errorf("reading it back: %w", err)
	}
	p.kept = bodyDigest(got)
	key := itemKey{p.scope, p.id}
	if bytes.Equal(got, p.body) {
		f.state.learned[learnedVerified] = "yes"
		if f.state.learned[learnedRewrites+p.scope] == "" {
			f.state.learned[learnedKind+p.scope] = "yes"
		}
		f.fresh[key] = nil
		return nil
	}
	altered := fmt.Errorf("%w: %d bytes written, %d read back", errAltered, len(p.body), len(got))
	b := f.asOne(f.parse(got, path, "", func(sc string) bool { return sc == p.scope }), got, "")
	if isShell(got, p.body) && !b.torn && len(b.items) == 0 {
		return ErrNotStored
	}
	if b.torn || b.bundle || len(b.items) != 1 || len(got) > 4*len(p.body)+4096 {
		return altered
	}
	k, it := f.kinds[p.scope], &b.items[0]
	if controls(got) > controls(p.body) {
		return altered
	}
	if it.uid != "" && it.uid != k.UID(p.value) || k.Summary(it.value) == "" && k.Summary(p.value) != "" {
		return altered
	}
	f.learn(learnedRewrites+p.scope, "yes")
	delete(f.state.learned, learnedKind+p.scope)
	if k.Whole(p.value, it.value) {
		f.state.learned[learnedVerified] = "yes"
		f.fresh[key] = nil
		return nil
	}
	f.learn(learnedLoses+p.scope, "yes")
	caps, _ := pim.ParseCapabilities(k, f.learned(learnedStores+p.scope)) // what can't be read is learned anew
	caps.Learn(k, p.value, it.value)
	f.learn(learnedStores+p.scope, caps.Text(k))
	w, err := f.writeWhole(ctx, p.scope, p.id, p.value)
	if err != nil {
		return err
	}
	f.fresh[key], err = packShadow(k, p.kept, w.sent, it.value)
	f.state.learned[learnedVerified] = "yes"
	return err
}

// isShell reports whether what is left of a text is its outermost component, closed.
func isShell(got, body []byte) bool {
	first, _, _ := bytes.Cut(bytes.TrimSpace(body), []byte("\n"))
	name, begins := bytes.CutPrefix(bytes.ToUpper(bytes.TrimSpace(first)), []byte("BEGIN:"))
	text := bytes.ToUpper(bytes.TrimSpace(got))
	return begins && len(got) < len(body) && controls(got) <= controls(body) &&
		bytes.HasPrefix(text, append([]byte("BEGIN:"), name...)) && bytes.HasSuffix(text, append([]byte("END:"), name...))
}

// controls counts bytes that no program puts into a text on purpose: they tell a broken
// object from one that is written otherwise.
func controls(text []byte) int {
	n := 0
	for _, c := range text {
		if c < ' ' && c != '\t' && c != '\r' && c != '\n' {
			n++
		}
	}
	return n
}

func (f *Folder) anyLoses() bool {
	for name := range f.kinds {
		if f.learned(learnedLoses+name) == "yes" {
			return true
		}
	}
	return false
}
