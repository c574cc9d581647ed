package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cradle/cmd/config"
	"cradle/devprovider"
	"cradle/engine"
	"cradle/hostprovider"
	"cradle/pim"
)

// folderFlag is one --folder of sync: PATH, PATH/* or PATH=COLLECTION.
func folderFlag(s string) (devprovider.Vdir, error) {
	path, collection, named := strings.Cut(s, "=")
	folder, below := strings.CutSuffix(path, "/*")
	v := devprovider.Vdir{Folder: folder, Below: below, Collection: collection}
	switch _, err := devprovider.CleanFolder(folder); {
	case err != nil:
		return v, usageError("--%v", err)
	case named && strings.TrimSpace(collection) == "":
		return v, usageError("--folder %q: want PATH or PATH=COLLECTION", s)
	case named && below:
		return v, usageError("--folder %q: each folder below is a collection of its own name: leave =%s out", s, collection)
	}
	return v, nil
}

// configured is a folder of the settings.
func configured(c config.Folder) devprovider.Vdir {
	v := devprovider.Vdir{
		Storage: c.Storage, Folder: strings.TrimSuffix(string(c.Path), "/*"), Below: c.Path.Below(),
		Collection: string(c.Collection), Scopes: c.Kind.Scopes(),
	}
	return v
}

// useFolders makes the folders of the settings and of the flags vdirs of this sync:
// the phone's own list goes on holding for those that nobody names here.
func (g *globals) useFolders(ctx context.Context, p *phone, f *devprovider.Folder, o syncOptions) error {
	set, err := g.phoneSettings(p)
	if err != nil {
		return err
	}
	for _, c := range set.Folders {
		switch err := f.Use(ctx, configured(c)); {
		case errors.Is(err, devprovider.ErrNoFolder):
			g.note("the settings name the folder %s, which isn't on the phone", plain(string(c.Path)))
		case err != nil:
			return err
		}
	}
	for _, s := range o.folders {
		v, err := folderFlag(s)
		if err != nil {
			return err
		}
		switch err := f.Use(ctx, v); {
		case errors.Is(err, devprovider.ErrNoFolder):
			return &failure{exit: exitUsage, Code: "no-folder", What: fmt.Sprintf("no folder %s on the phone", v.Folder), Why: "it is looked for below the root of " + storageNames(f), Next: g.command("devices") + " -v --phone " + quoteArg(o.phone), err: err}
		case err != nil:
			return err
		}
	}
	for _, s := range o.leave {
		folder := strings.TrimSuffix(s, "/*")
		for _, c := range set.Folders {
			if strings.EqualFold(strings.TrimSuffix(string(c.Path), "/*"), strings.Trim(folder, "/")) {
				read, err := g.settings()
				if err != nil {
					return err
				}
				return &failure{exit: exitUsage, Code: "settings", What: fmt.Sprintf("the settings name the folder %s", folder), Why: "it would be taken up again by the next sync", Next: "${EDITOR:-vi} " + quoteArg(read.Path)}
			}
		}
		switch err := f.Leave(folder, ""); {
		case errors.Is(err, devprovider.ErrFolderPath):
			return usageError("--leave-folder: %v", err)
		case errors.Is(err, devprovider.ErrNoFolder):
			return &failure{exit: exitUsage, Code: "no-folder", What: fmt.Sprintf("the folder %s isn't synced where it lies", folder), Why: usedNames(f), Next: g.command("devices") + " -v --phone " + quoteArg(o.phone), err: err}
		case err != nil:
			return err
		}
	}
	return nil
}

// sayLeft tells what becomes of the items in folders that were let go.
func (g *globals) sayLeft(ctx context.Context, s *hostprovider.Store, peer engine.PeerID, leave []string) error {
	if len(leave) == 0 {
		return nil
	}
	list, err := s.ViewFolders(ctx, peer)
	if err != nil {
		return err
	}
	for _, l := range leave {
		below, all := strings.CutSuffix(strings.Trim(l, "/"), "/*")
		items := 0
		for _, f := range list {
			if strings.EqualFold(f.Folder, below) || all && strings.HasPrefix(strings.ToLower(f.Folder), strings.ToLower(below)+"/") {
				items += f.Items
			}
		}
		g.note("%s isn't synced any more: what came from it (%s) stays on the phone and in the store, and edits of it go neither way; to sync it again: %s --folder %s",
			plain(l), count(items, "item", "items"), g.plainSync(), quoteArg(plain(l)))
	}
	return nil
}

// plainSync is a sync with this phone and store, without further flags.
func (g *globals) plainSync() string {
	was := g.sync
	defer func() { g.sync = was }()
	g.sync = ""
	return g.command("sync")
}

func storageNames(f *devprovider.Folder) string {
	var names []string
	for _, s := range f.Storages() {
		names = append(names, s.Label)
	}
	return strings.Join(names, ", ")
}

// usedNames says which folders are synced where they lie.
func usedNames(f *devprovider.Folder) string {
	var names []string
	for _, v := range f.Vdirs() {
		if !v.Left {
			names = append(names, vdirPath(v))
		}
	}
	if len(names) == 0 {
		return "none is"
	}
	return "these are: " + strings.Join(names, ", ")
}

// vdirPath is a vdir's path as --folder and the settings take it.
func vdirPath(v devprovider.Vdir) string {
	if v.Below {
		return v.Folder + "/*"
	}
	return v.Folder
}

// recallFolders takes up the vdirs that this store knows of a phone whose state doesn't
// name them any more: it was lost, and perhaps written anew by a computer that doesn't
// know of them. Else what is in them would be taken for missing there, and doubled.
func (g *globals) recallFolders(ctx context.Context, s *hostprovider.Store, f *devprovider.Folder, peer engine.PeerFacts) error {
	if errors.Is(f.ReadOnly(), engine.ErrNewer) {
		return nil
	}
	folders, err := s.ViewOutside(ctx, peer.ID, cradleFolder)
	if err != nil || !slices.ContainsFunc(folders, func(name string) bool { return !f.Names(name) }) {
		return err
	}
	known, err := s.ViewFolders(ctx, peer.ID)
	if err != nil {
		return err
	}
	for _, k := range mostOf(known) {
		if !slices.Contains(folders, k.Folder) || f.Names(k.Folder) {
			continue
		}
		switch err := f.Use(ctx, devprovider.Vdir{Folder: k.Folder, Collection: k.Collection}); {
		case errors.Is(err, devprovider.ErrNoFolder), errors.Is(err, devprovider.ErrFolderPath):
		case err != nil:
			return err
		default:
			g.note("the phone has lost its list of folders; %s is synced where it lies, as before", plain(k.Folder))
		}
	}
	return nil
}

// mostOf leaves of each folder the collection that most of its items are in.
func mostOf(list []hostprovider.ViewFolder) []hostprovider.ViewFolder {
	var out []hostprovider.ViewFolder
	for _, f := range list {
		if n := len(out); n > 0 && out[n-1].Folder == f.Folder {
			if f.Items > out[n-1].Items {
				out[n-1] = f
			}
			continue
		}
		out = append(out, f)
	}
	return out
}

// vdirSources tells which folders outside the tree are synced, for some kinds.
func vdirSources(f *devprovider.Folder, kinds []*pim.Kind) []sourceDocument {
	var list []sourceDocument
	for _, v := range f.Vdirs() {
		if v.Left {
			continue
		}
		d := sourceDocument{Profile: "folder", Path: vdirPath(v), Kinds: []string{}, Mode: "two-way"}
		for _, k := range kinds {
			if f.Takes(v, k.Name()) {
				d.Kinds = append(d.Kinds, k.Name())
			}
		}
		if f.ReadOnly() != nil || !f.Writable(v.Storage) {
			d.Mode = "read-only"
		}
		list = append(list, d)
	}
	return list
}

// discover looks for vdirs that nobody named, where the settings don't forbid it. By
// the settings, or by a person at a terminal when phone and store meet for the first
// time, they are used; else they are told of, once.
func (g *globals) discover(ctx context.Context, p *phone, f *devprovider.Folder, s *hostprovider.Store, o syncOptions) ([]devprovider.Found, error) {
	set, err := g.phoneSettings(p)
	if err != nil || set.Discover == config.DiscoverOff || errors.Is(f.ReadOnly(), engine.ErrNewer) {
		return nil, err
	}
	list, fresh, err := f.Discover(ctx, false)
	if err != nil {
		return nil, err
	}
	if !o.dryRun {
		f.RememberFound()
	}
	list = slices.DeleteFunc(list, func(e devprovider.Found) bool { return e.Export })
	if len(list) == 0 {
		return nil, nil
	}
	use := set.Discover == config.DiscoverUse
	if !use && fresh && !o.dryRun {
		first, err := g.firstMeeting(ctx, s, f)
		if err != nil {
			return nil, err
		}
		use = first && g.confirm(foundQuestion(list))
	}
	if use {
		for _, e := range list {
			if err := f.Use(ctx, devprovider.Vdir{Storage: e.Storage, Folder: e.Path}); err != nil && !errors.Is(err, devprovider.ErrNoFolder) {
				return nil, err
			}
		}
		return nil, nil
	}
	for _, e := range list {
		if e.News {
			g.note("%s; to sync them where they lie: %s --folder %s", foundText(e), g.sync, quoteArg(plain(e.Path)))
		}
	}
	return list, nil
}

// firstMeeting reports whether this store never finished a session with the phone.
func (g *globals) firstMeeting(ctx context.Context, s *hostprovider.Store, f *devprovider.Folder) (bool, error) {
	facts := f.Facts()
	if !facts.HasState {
		return true, nil
	}
	known, err := s.Phones(ctx)
	return !slices.ContainsFunc(known, func(p hostprovider.Phone) bool { return p.ID == facts.ID }), err
}

// foundText says what a vdir that nobody named holds.
func foundText(e devprovider.Found) string {
	what := count(e.Items, "entry", "entries")
	if len(e.Scopes) == 1 && e.Scopes[0] == "contacts" {
		what = count(e.Items, "card", "cards")
	}
	return fmt.Sprintf("%s on the phone holds %s, one a file", plain(e.Path), what)
}

func foundQuestion(list []devprovider.Found) string {
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "%s.\n", foundText(e))
	}
	b.WriteString("Sync them too, where they lie? (Edits and deletions then happen there, from either side.)")
	return b.String()
}

// foundSources tells of what discovery came across; exports only for a person who
// asked for all.
func foundSources(list []devprovider.Found, exports bool) []sourceDocument {
	var out []sourceDocument
	for _, e := range list {
		d := sourceDocument{Profile: "folder", Path: e.Path, Kinds: e.Scopes, Mode: "found"}
		if e.Export {
			d.Profile = "export"
		}
		if !e.Export || exports {
			out = append(out, d)
		}
	}
	return out
}
