package metastore_test

import (
	"context"
	"path/filepath"
	"testing"

	"cradle/engine/metastore"
	"cradle/engine/metastore/metastoretest"
)

const inMemory = "it lives in memory alone"

var memory = metastoretest.Subject{
	Open: func(_ context.Context, _ string, o metastore.Options) (metastore.Store, error) {
		return metastore.NewMemory(o)
	},
	Skip: map[string]string{
		metastoretest.Reopen: inMemory,
		metastoretest.Kill:   inMemory,
		metastoretest.Damage: inMemory,
	},
}

var file = metastoretest.Subject{
	Open: func(ctx context.Context, dir string, o metastore.Options) (metastore.Store, error) {
		return metastore.OpenBlob(ctx, metastore.File(filepath.Join(dir, "meta.blob")), o)
	},
	Files: []string{"meta.blob"},
}

func TestMain(m *testing.M) { metastoretest.Main(m, file) }

func TestMemory(t *testing.T) { metastoretest.Run(t, memory) }

func TestBlobFile(t *testing.T) { metastoretest.Run(t, file) }
