package simple_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cradle/engine"
	"cradle/engine/enginetest"
	"cradle/engine/metastore"
	"cradle/engine/simple"
	"cradle/pim"
	"cradle/valuebag"
)

// cards is a folder with a .vcf file for each contact: a Place and a Writer.
type cards string

func (dir cards) List(_ context.Context, yield func(simple.Object) error) error {
	entries, err := os.ReadDir(string(dir))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || filepath.Ext(e.Name()) != ".vcf" {
			continue
		}
		fi, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went meanwhile
		}
		if err != nil {
			return err
		}
		if err := yield(object(e.Name(), fi)); err != nil {
			return err
		}
	}
	return nil
}

// object is a file's key and version: its size and time. A file that changed just
// now may change again without either.
func object(name string, fi fs.FileInfo) simple.Object {
	o := simple.Object{Key: name, Modified: fi.ModTime().UnixMilli()}
	if time.Since(fi.ModTime()) > 2*time.Second {
		o.Version = fmt.Sprint(fi.Size(), " ", fi.ModTime().UnixNano())
	}
	return o
}

func (dir cards) Read(_ context.Context, key string) (simple.Object, error) {
	path := filepath.Join(string(dir), key)
	fi, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return simple.Object{}, simple.ErrNotFound
	}
	if err != nil {
		return simple.Object{}, err
	}
	o := object(key, fi)
	text, err := os.ReadFile(path)
	if err != nil {
		return o, err
	}
	o.Value, err = pim.Contacts.New(text, "personal")
	return o, err
}

// save writes a file whole or not at all; it never replaces one that it doesn't
// know.
func (dir cards) save(name string, v *valuebag.Values, replace bool) (simple.Object, error) {
	path := filepath.Join(string(dir), name)
	if _, err := os.Lstat(path); err == nil && !replace {
		return simple.Object{}, fmt.Errorf("%s: %w", name, fs.ErrExist)
	}
	fresh := path + ".new"
	if err := os.WriteFile(fresh, pim.Contacts.Text(v), 0o600); err != nil {
		return simple.Object{}, err
	}
	return simple.Object{Key: name}, os.Rename(fresh, path)
}

func (dir cards) Create(_ context.Context, v *valuebag.Values) (simple.Object, error) {
	name := fmt.Sprintf("%x", sha256.Sum256(pim.Contacts.Text(v)))[:16]
	for n := 1; ; n++ {
		o, err := dir.save(fmt.Sprintf("%s-%d.vcf", name, n), v, false)
		if !errors.Is(err, fs.ErrExist) {
			return o, err
		}
	}
}

// unchanged reports whether a file is still the one that was seen.
func (dir cards) unchanged(old simple.Object) error {
	fi, err := os.Stat(filepath.Join(string(dir), old.Key))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return simple.ErrNotFound
	case err == nil && old.Version != "" && object(old.Key, fi).Version != old.Version:
		return engine.ErrChanged
	}
	return err
}

func (dir cards) Update(_ context.Context, old simple.Object, v *valuebag.Values) (simple.Object, error) {
	if err := dir.unchanged(old); err != nil {
		return simple.Object{}, err
	}
	return dir.save(old.Key, v, true)
}

func (dir cards) Delete(_ context.Context, old simple.Object) error {
	if err := dir.unchanged(old); err != nil {
		return err
	}
	return os.Remove(filepath.Join(string(dir), old.Key))
}

// A folder of contacts as a participant, by full enumeration. Its metadata lies in a
// file of its own.
func Example_folder() {
	ctx := context.Background()
	dir := must(os.MkdirTemp("", "cards"))
	defer os.RemoveAll(dir)
	ada := "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:ada\r\nFN:Ada Lovelace\r\nEND:VCARD\r\n"
	must(0, os.WriteFile(filepath.Join(dir, "ada.vcf"), []byte(ada), 0o600))
	store := must(metastore.OpenBlob(ctx, metastore.File(filepath.Join(dir, ".sync")), metastore.Options{}))
	folder := must(simple.New(ctx, pim.Contacts, cards(dir), store, simple.Options{}))
	desk := enginetest.NewMemStore(newIDs(), pim.Contacts) // any other provider
	x := must(engine.Exchange(ctx, folder, desk.Full(), []string{"contacts"}, engine.ExchangeOptions{}))
	fmt.Println("sent:", x.ToB["contacts"].Sent)
	for _, v := range desk.Live("contacts") {
		fmt.Println(pim.Contacts.Summary(v))
	}
	// Output:
	// sent: 1
	// Ada Lovelace
}
