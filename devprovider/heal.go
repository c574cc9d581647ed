package devprovider

import (
	"context"
	"errors"
	"strings"

	"cradle/engine"
	"cradle/valuebag"
)

// maxHealed bounds how many full texts a session writes again.
const maxHealed = 256

// learnedBroken is "yes" for a full text, by its file's name behind these words, that
// some computer couldn't read: one that has the very text writes it again.
const learnedBroken = "broken "

// maxBroken bounds how many of them a state tells.
const maxBroken = 64

// markBroken tells the computers that come of a full text that is gone or broken.
func (f *Folder) markBroken(k wholeKey) {
	k.sent = short(k.sent)
	key := learnedBroken + k.name()
	if f.state.learned[key] != "" || len(f.brokenWholes()) >= maxBroken {
		return
	}
	f.state.learned[key], f.unsaved = "yes", true
}

// brokenWholes are those that a state tells of.
func (f *Folder) brokenWholes() map[wholeKey]bool {
	var out map[wholeKey]bool
	for key := range f.state.learned {
		if name, ok := strings.CutPrefix(key, learnedBroken); ok {
			if k, ok := parseWholeName(name); ok {
				if out == nil {
					out = map[wholeKey]bool{}
				}
				out[k] = true
			}
		}
	}
	return out
}

// forgetBroken takes back what was told of full texts that nobody needs any more.
func (s *state) forgetBroken() {
	needed := map[string]bool{}
	for key, sh := range s.shadows {
		needed[learnedBroken+wholeKey{key.id, sh.sent}.name()] = true
	}
	for key := range s.learned {
		if strings.HasPrefix(key, learnedBroken) && !needed[key] {
			delete(s.learned, key)
		}
	}
}

// missWholes finds full texts that the state names and that are gone, or told to be
// broken, of which the store has the very text: they are written again with the next
// state, so that another computer can read the items. Listing them is left to who needs
// it, as long as their folder is there and nothing is told.
func (s *survey) missWholes(ctx context.Context) error {
	f := s.f
	f.healing = nil
	told := f.brokenWholes()
	if len(f.state.shadows) == 0 || f.items == nil || f.wholes == nil && f.hasWholes() && len(told) == 0 {
		return nil
	}
	if err := f.listWholes(ctx); err != nil {
		return err
	}
	gone := map[string][]engine.ItemID{}
	n := 0
	for _, key := range sortedItems(f.state.shadows) {
		k := wholeKey{key.id, f.state.shadows[key].sent}
		if _, there := f.wholes[k]; there && !told[k] || !s.want[key.scope] || f.kinds[key.scope] == nil || n == maxHealed {
			continue
		}
		if told[k] {
			_, err := f.readWhole(ctx, key.scope, k)
			if err != nil && f.ends(ctx, err) {
				return err
			}
			if err == nil { // another computer wrote it
				delete(f.state.learned, learnedBroken+k.name())
				f.unsaved = true
				continue
			}
		}
		gone[key.scope] = append(gone[key.scope], key.id)
		n++
	}
	for _, scope := range sortedKeys(gone) {
		for _, id := range gone[scope] {
			key := itemKey{scope, id}
			v, err := f.veryText(ctx, key)
			if err != nil {
				return err
			}
			if v != nil {
				f.heal(key, v)
			}
		}
	}
	return nil
}

// heal has a full text written with the next state.
func (f *Folder) heal(key itemKey, v *valuebag.Values) {
	if f.healing == nil {
		f.healing = map[itemKey]*valuebag.Values{}
	}
	f.healing[key], f.unsaved = v, true
}

// veryText is the store's item, if its text is the one that was sent; nil if not.
func (f *Folder) veryText(ctx context.Context, key itemKey) (*valuebag.Values, error) {
	sh := f.state.shadows[key]
	if f.items == nil || sh == nil {
		return nil, nil
	}
	values, err := f.items.Items(ctx, key.scope, []engine.ItemID{key.id})
	if err != nil {
		return nil, err
	}
	if v := values[key.id]; v != nil && short(bodyDigest(f.kinds[key.scope].Text(v))) == sh.sent {
		return v, nil
	}
	return nil, nil
}

// checkedAtOnce is how many full texts are read for nothing but to see that they are
// whole, in each session that writes a state: all of them have their turn.
const checkedAtOnce = 2

// listedForCheck is how many full texts may be listed for that in each session. A phone
// without property lists gives a name a request, so of more of them some are looked at in
// every second session, or third, and as many more then.
const listedForCheck = 64

// checkWholes looks at some full texts.
func (f *Folder) checkWholes(ctx context.Context) error {
	if f.checked || len(f.state.shadows) == 0 {
		return nil
	}
	turns := uint64(1)
	if f.wholes == nil {
		turns += uint64(len(f.state.shadows) / listedForCheck)
	}
	if f.highest%turns != 0 {
		return nil
	}
	f.checked = true
	if err := f.listWholes(ctx); err != nil {
		return err
	}
	keys := sortedItems(f.state.shadows)
	for i := range min(turns*checkedAtOnce, uint64(len(keys))) {
		key := keys[(f.highest*checkedAtOnce+i)%uint64(len(keys))]
		if f.kinds[key.scope] == nil { // of a kind that another program syncs
			continue
		}
		k := wholeKey{key.id, f.state.shadows[key].sent}
		_, err := f.readWhole(ctx, key.scope, k)
		switch {
		case err == nil:
			continue
		case f.ends(ctx, err):
			return err
		case !errors.Is(err, errNoWhole):
			continue
		}
		v, err := f.veryText(ctx, key)
		if err != nil {
			return err
		}
		if v == nil {
			f.markBroken(k)
			continue
		}
		f.heal(key, v)
	}
	return nil
}

// healWholes writes what missWholes and checkWholes found. What the phone doesn't take,
// for want of room say, keeps nothing else from being done: the items are whole on this
// computer, the state tells the others, and the next session tries again.
func (f *Folder) healWholes(ctx context.Context) error {
	for _, key := range sortedItems(f.healing) {
		k, err := f.writeWhole(ctx, key.scope, key.id, f.healing[key])
		switch {
		case err == nil:
			delete(f.state.learned, learnedBroken+k.name())
		case f.ends(ctx, err):
			return err
		default:
			f.log.Info("the full text of an item that the phone stores in part can't be written again now", "err", err)
			f.markBroken(k)
		}
	}
	f.healing = nil
	return nil
}
