package acceptance

import (
	"context"
	"fmt"

	"cradle/devprovider"
	"cradle/engine"
	"cradle/mtp/responder"
)

// cutStore is a folder that can be pulled out: before, within or after one of
// its operations.
type cutStore struct {
	in    *devprovider.DirStore
	fault fault
	n     int
	gone  bool
	sizes map[int]int64 // of what was created, by operation
}

var (
	_ devprovider.ObjectStore = (*cutStore)(nil)
	_ devprovider.Replacer    = (*cutStore)(nil)
)

var errPulled = fmt.Errorf("%w: pulled out", engine.ErrGone)

// do runs one operation, unless the folder is gone by then.
func (c *cutStore) do(op func() error) error {
	c.n++
	here := c.n == c.fault.cut
	if c.gone || here && c.fault.phase <= responder.InData {
		c.gone = true
		return errPulled
	}
	err := op()
	if here && c.fault.phase == responder.AtResponse {
		c.gone = true
		return errPulled
	}
	if here {
		c.gone = true
	}
	return err
}

func (c *cutStore) Storages(ctx context.Context) (s []devprovider.Storage, err error) {
	err = c.do(func() error { s, err = c.in.Storages(ctx); return err })
	return s, err
}

func (c *cutStore) List(ctx context.Context, storage, folder string) (l devprovider.Listing, err error) {
	err = c.do(func() error { l, err = c.in.List(ctx, storage, folder); return err })
	return l, err
}

func (c *cutStore) Stat(ctx context.Context, storage, path string) (e devprovider.Entry, err error) {
	err = c.do(func() error { e, err = c.in.Stat(ctx, storage, path); return err })
	return e, err
}

func (c *cutStore) Read(ctx context.Context, storage, path string, limit int64) (b []byte, err error) {
	err = c.do(func() error { b, err = c.in.Read(ctx, storage, path, limit); return err })
	return b, err
}

// Create may leave the first bytes of the body behind.
func (c *cutStore) Create(ctx context.Context, storage, path string, body []byte) (e devprovider.Entry, err error) {
	c.sizes[c.n+1] = int64(len(body))
	if !c.gone && c.n+1 == c.fault.cut && c.fault.phase == responder.InData {
		if _, err := c.in.Create(ctx, storage, path, body[:min(c.fault.bytes, int64(len(body)))]); err != nil {
			return e, err
		}
	}
	err = c.do(func() error { e, err = c.in.Create(ctx, storage, path, body); return err })
	return e, err
}

func (c *cutStore) Mkdir(ctx context.Context, storage, path string) error {
	return c.do(func() error { return c.in.Mkdir(ctx, storage, path) })
}

func (c *cutStore) Delete(ctx context.Context, storage, path string) error {
	return c.do(func() error { return c.in.Delete(ctx, storage, path) })
}

func (c *cutStore) Rename(ctx context.Context, storage, path, name string) (e devprovider.Entry, err error) {
	err = c.do(func() error { e, err = c.in.Rename(ctx, storage, path, name); return err })
	return e, err
}

func (c *cutStore) Move(ctx context.Context, storage, path, folder string) (e devprovider.Entry, err error) {
	err = c.do(func() error { e, err = c.in.Move(ctx, storage, path, folder); return err })
	return e, err
}

func (c *cutStore) Replace(ctx context.Context, storage, from, path string) (e devprovider.Entry, err error) {
	err = c.do(func() error { e, err = c.in.Replace(ctx, storage, from, path); return err })
	return e, err
}
