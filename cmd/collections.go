package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cradle/engine"
	"cradle/hostprovider"

	"github.com/spf13/cobra"
)

// collectionsDocument is the JSON of collections.
type collectionsDocument struct {
	Version     int                  `json:"version"`
	Collections []collectionDocument `json:"collections"`
}

type collectionDocument struct {
	Kind   string                    `json:"kind"`
	Name   string                    `json:"name"`
	Items  int                       `json:"items"` // in the store
	Made   bool                      `json:"made"`  // by collections new: it stays when it is empty
	Phones []collectionPhoneDocument `json:"phones"`
}

// collectionPhoneDocument is where a collection lies on a phone.
type collectionPhoneDocument struct {
	Name    string   `json:"name"`
	Serial  string   `json:"serial"`
	Folders []string `json:"folders"`
	Items   int      `json:"items"` // when it was last synced
}

// collectionChangeDocument is the JSON of collections new, rename and rm.
type collectionChangeDocument struct {
	Version int    `json:"version"`
	Changed bool   `json:"changed"`
	Name    string `json:"name"`  // as it is called now, or was
	Items   int    `json:"items"` // that were moved or deleted
}

func collectionsCommand(g *globals) *cobra.Command {
	sel := ""
	c := &cobra.Command{
		Use:   "collections",
		Short: "List the collections (address books, calendars, lists), and change them",
		Long: `Collections lists the collections of each kind: how many items the store has in
each, and where it lies on the phones that the store knows, as they were last
synced. With --phone that phone is asked, so that collections show that only it has.`,
		Example: "  cradle collections\n  cradle collections new family --kind contacts\n  cradle collections rename home family",
		Args:    noSubcommand,
		RunE:    func(c *cobra.Command, _ []string) error { return g.runCollections(c.Context(), sel) },
	}
	c.Flags().StringVar(&sel, "phone", "", "ask this phone too: usb, usb:BUS-PORT, serial:XYZ, dir:PATH, virtual:KIND:DIR or usbip:HOST:PORT")
	c.AddCommand(collectionsNewCommand(g), collectionsRenameCommand(g), collectionsRmCommand(g))
	return c
}

func collectionsNewCommand(g *globals) *cobra.Command {
	kind := ""
	c := &cobra.Command{
		Use:   "new NAME --kind KIND",
		Short: "Make an empty collection",
		Long: `New makes a collection in the store, which stays although nothing is in it. A phone
gets it with its first item.`,
		Example: "  cradle collections new family --kind contacts",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if kind == "" {
				return usageError("say what the collection is for: --kind contacts, events, tasks or notes")
			}
			if err := oneKind(kind); err != nil {
				return err
			}
			ctx := c.Context()
			unlock, err := g.lockStore(ctx, "cradle collections new")
			if err != nil {
				return err
			}
			defer unlock()
			s, err := g.openStore(ctx)
			if err != nil {
				return err
			}
			defer s.Close()
			if err := s.MakeCollection(ctx, kind, args[0]); err != nil {
				return g.collectionError(err)
			}
			return g.changed(collectionChangeDocument{Name: args[0]}, "made the collection %s of %s", plain(args[0]), kind)
		},
	}
	kindFlag(c, &kind)
	return c
}

func collectionsRenameCommand(g *globals) *cobra.Command {
	kind, merge := "", false
	c := &cobra.Command{
		Use:   "rename OLD NEW",
		Short: "Give a collection another name, in each kind that has it",
		Long: `Rename puts each item of the collection OLD into NEW, an edit like any other: the
next sync takes it to the phone, where the files move to the folder of that name.
--merge puts them together with those of a collection that there is already.`,
		Example: "  cradle collections rename home family\n  cradle collections rename home family --kind events",
		Args:    cobra.ExactArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneKind(kind); err != nil {
				return err
			}
			ctx := c.Context()
			s, done, err := g.changeStore(ctx, "cradle collections rename")
			if err != nil {
				return err
			}
			defer done()
			lies, err := g.liesElsewhere(ctx, s, kind, args[0])
			if err != nil {
				return err
			}
			n, err := s.RenameCollection(ctx, kind, args[0], args[1], merge)
			if err != nil {
				return g.collectionError(err)
			}
			if args[0] != args[1] {
				for _, l := range lies {
					fmt.Fprintf(g.stderr, "note: on %s it lies in %s, and would move from there to the %s folder; to keep it there: %s --folder %s\n",
						plain(l.phone), plain(l.folder), cradleFolder, g.command("sync"), quoteArg(plain(l.folder+"="+args[1])))
				}
			}
			return g.changed(collectionChangeDocument{Name: args[1], Items: n}, "%s: %s moved", plain(args[1]), count(n, "item", "items"))
		},
	}
	c.Flags().BoolVar(&merge, "merge", false, "NEW may be there already: its items and OLD's come together")
	kindFlag(c, &kind)
	return c
}

func collectionsRmCommand(g *globals) *cobra.Command {
	kind, items := "", false
	c := &cobra.Command{
		Use:   "rm NAME",
		Short: "Remove a collection, in each kind that has it",
		Long: `Rm removes an empty collection. One with items is refused, unless --with-items
deletes them too, in the store now and on the phone at the next sync.`,
		Example: "  cradle collections rm family\n  cradle collections rm old --kind events --with-items",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if err := oneKind(kind); err != nil {
				return err
			}
			ctx := c.Context()
			s, done, err := g.changeStore(ctx, "cradle collections rm")
			if err != nil {
				return err
			}
			defer done()
			deleted, err := s.RemoveCollection(ctx, kind, args[0], items)
			if err != nil {
				return g.collectionError(err)
			}
			return g.changed(collectionChangeDocument{Name: args[0], Items: len(deleted)}, "removed the collection %s: %s deleted", plain(args[0]), count(len(deleted), "item", "items"))
		},
	}
	c.Flags().BoolVar(&items, "with-items", false, "delete the items in it too")
	kindFlag(c, &kind)
	return c
}

func kindFlag(c *cobra.Command, kind *string) {
	c.Flags().StringVar(kind, "kind", "", "only of this `KIND`: contacts, events, tasks or notes")
	completeKinds(c)
}

// oneKind refuses a --kind that is none.
func oneKind(kind string) error {
	if kind == "" {
		return nil
	}
	if _, err := kindsOf([]string{kind}); err != nil {
		return usageError("--kind %q: want contacts, events, tasks or notes", kind)
	}
	return nil
}

// changed reports a change of collections.
func (g *globals) changed(doc collectionChangeDocument, format string, args ...any) error {
	if doc.Version, doc.Changed = 1, true; g.json {
		return g.print(doc)
	}
	g.say(format, args...)
	return nil
}

// collectionError explains why a collection can't be changed.
func (g *globals) collectionError(err error) error {
	f := &failure{exit: exitFailure, Code: "collection", Next: g.command("collections"), err: err}
	switch {
	case errors.Is(err, hostprovider.ErrNotFound):
		f.Code, f.What, f.Why = "not-found", "no such collection", cause(err, hostprovider.ErrNotFound)
	case errors.Is(err, hostprovider.ErrExists):
		f.What, f.Why, f.Next = "there is a collection of that name", cause(err, hostprovider.ErrExists), g.command("collections")+" (rename … --merge puts two together)"
	case errors.Is(err, hostprovider.ErrNotEmpty):
		f.What, f.Why, f.Next = "the collection isn't empty", cause(err, hostprovider.ErrNotEmpty), "move its items (collections rename), or delete them with it: --with-items"
	case errors.Is(err, hostprovider.ErrCollectionName):
		return usageError("%v", err)
	default:
		return err
	}
	return f
}

// cradleFolder is the folder on the phone that is Cradle's own.
const cradleFolder = "Cradle"

type lying struct{ phone, folder string }

// liesElsewhere tells where a collection lies on the phones outside the Cradle folder,
// by the store's view of them.
func (g *globals) liesElsewhere(ctx context.Context, s *hostprovider.Store, kind, name string) ([]lying, error) {
	known, err := s.Phones(ctx)
	if err != nil {
		return nil, err
	}
	var list []lying
	for _, p := range known {
		folders, err := s.ViewFolders(ctx, p.ID)
		if err != nil {
			return nil, err
		}
		for _, f := range folders {
			l := lying{cmp.Or(p.Name, p.Serial), f.Folder}
			if f.Collection == name && (kind == "" || f.Kind == kind) && !strings.HasPrefix(f.Folder, cradleFolder+"/") && !slices.Contains(list, l) {
				list = append(list, l)
			}
		}
	}
	return list, nil
}

func (g *globals) runCollections(ctx context.Context, sel string) error {
	var open *phone
	if sel != "" {
		p, err := g.openPhone(ctx, sel)
		if err != nil {
			return err
		}
		defer p.close()
		unlock, err := lock(ctx, "phone", cmp.Or(p.serial, p.selector), "cradle collections")
		if err != nil {
			return err
		}
		defer unlock()
		open = p
	}
	s, err := g.readStore(ctx)
	if err != nil {
		return err
	}
	defer s.Close()
	doc := &collectionsDocument{Version: 1, Collections: []collectionDocument{}}
	list, err := s.Collections(ctx)
	if err != nil {
		return err
	}
	for _, c := range list {
		doc.Collections = append(doc.Collections, collectionDocument{Kind: c.Kind, Name: c.Name, Items: c.Items, Made: c.Made, Phones: []collectionPhoneDocument{}})
	}
	asked := engine.PeerID{}
	if open != nil {
		f, err := g.folder(ctx, open, nil)
		if err != nil {
			return err
		}
		if err := f.Look(ctx); err != nil {
			return err
		}
		asked = f.Facts().ID
		for _, h := range f.Holdings() {
			doc.lies(h.Scope, h.Collection, open.name, open.serial, h.Folder, h.Items)
		}
	}
	known, err := s.Phones(ctx)
	if err != nil {
		return err
	}
	for _, p := range known {
		if p.ID == asked {
			continue
		}
		folders, err := s.ViewFolders(ctx, p.ID)
		if err != nil {
			return err
		}
		for _, f := range folders {
			doc.lies(f.Kind, f.Collection, p.Name, p.Serial, f.Folder, f.Items)
		}
	}
	slices.SortStableFunc(doc.Collections, func(a, b collectionDocument) int {
		return cmp.Or(cmp.Compare(kindPlace(a.Kind), kindPlace(b.Kind)), strings.Compare(a.Name, b.Name))
	})
	if g.json {
		return g.print(doc)
	}
	g.collectionsText(doc)
	return nil
}

// kindPlace is a kind's place in the order in which kinds are listed.
func kindPlace(kind string) int {
	_, names := allSchemas()
	return slices.Index(names, kind)
}

// lies notes where a collection lies on a phone.
func (d *collectionsDocument) lies(kind, name, phone, serial, folder string, items int) {
	i := slices.IndexFunc(d.Collections, func(c collectionDocument) bool { return c.Kind == kind && c.Name == name })
	if i < 0 {
		i = len(d.Collections)
		d.Collections = append(d.Collections, collectionDocument{Kind: kind, Name: name, Phones: []collectionPhoneDocument{}})
	}
	c := &d.Collections[i]
	j := slices.IndexFunc(c.Phones, func(p collectionPhoneDocument) bool { return p.Name == phone && p.Serial == serial })
	if j < 0 {
		j = len(c.Phones)
		c.Phones = append(c.Phones, collectionPhoneDocument{Name: phone, Serial: serial, Folders: []string{}})
	}
	p := &c.Phones[j]
	if !slices.Contains(p.Folders, folder) {
		p.Folders = append(p.Folders, folder)
	}
	p.Items += items
}

func (g *globals) collectionsText(doc *collectionsDocument) {
	if len(doc.Collections) == 0 {
		g.sayNone(hostprovider.Query{})
	}
	for _, c := range doc.Collections {
		var lies []string
		for _, p := range c.Phones {
			lies = append(lies, fmt.Sprintf("%s on %s (%s)", count(p.Items, "item", "items"), plain(cmp.Or(p.Name, p.Serial)), plain(strings.Join(p.Folders, ", "))))
		}
		g.sayRow("%-8s  %-16s  %6d  %s", c.Kind, plain(c.Name), c.Items, strings.Join(lies, "; "))
	}
}
