package hostprovider

import (
	"fmt"

	"cradle/engine"
)

// keyTable is the replicas and units of one kind with the short numbers that they
// have in the metadata of its items (tables replica_key and unit_key). It belongs to one
// transaction, which reads it when it first needs it: what it adds goes with the
// transaction if that is rolled back.
type keyTable struct {
	c      *conn
	kind   string
	keys   *engine.KeyMap // nil: not read yet
	rows   []int64        // replica_key.n of key i+1
	units  int            // how many are in the table
	reader *engine.MetaDecoder
}

func (k *keyTable) load() error {
	if k.keys != nil {
		return nil
	}
	var replicas []engine.ReplicaID
	k.rows = k.rows[:0]
	err := k.c.query(func(r row) error {
		b := r.bytes(1)
		if len(b) != 16 || r.int(2) != int64(len(replicas))+1 {
			return fmt.Errorf("key %d of the %s' replicas: it is damaged", r.int(2), k.kind)
		}
		replicas, k.rows = append(replicas, engine.ReplicaID(b)), append(k.rows, r.int(0))
		return nil
	}, `SELECT n, replica, key FROM replica_key WHERE kind = ? ORDER BY key`, k.kind)
	if err != nil {
		return err
	}
	var units []string
	err = k.c.query(func(r row) error {
		if r.int(1) != int64(len(units)) {
			return fmt.Errorf("key %d of the %s' units: it is damaged", r.int(1), k.kind)
		}
		units = append(units, r.str(0))
		return nil
	}, `SELECT unit, key FROM unit_key WHERE kind = ? ORDER BY key`, k.kind)
	if err != nil {
		return err
	}
	keys, err := engine.NewKeyMap(replicas, units)
	if err != nil {
		return fmt.Errorf("%s: %w", k.kind, err)
	}
	k.keys, k.units, k.reader = keys, len(units), engine.NewMetaDecoder(keys)
	return nil
}

// unmarshal reads an item's metadata as it is in a row.
func (k *keyTable) unmarshal(b []byte, m *engine.ItemMeta) error {
	if err := k.load(); err != nil {
		return err
	}
	return k.reader.Unmarshal(b, m)
}

// marshal is an item's metadata for a row; what gets a key by it is stored at once.
func (k *keyTable) marshal(m *engine.ItemMeta) ([]byte, error) {
	if err := k.load(); err != nil {
		return nil, err
	}
	b := engine.AppendRow(make([]byte, 0, 256), m, k.keys)
	return b, k.save()
}

// replica is replica_key.n of a replica.
func (k *keyTable) replica(r engine.ReplicaID) (int64, error) {
	if err := k.load(); err != nil {
		return 0, err
	}
	key := k.keys.ReplicaKey(r)
	if err := k.save(); err != nil {
		return 0, err
	}
	return k.rows[key-1], nil
}

// save stores the keys that were given since the last time.
func (k *keyTable) save() error {
	replicas, units := k.keys.Len()
	if replicas > len(k.rows) {
		for _, r := range k.keys.Replicas()[len(k.rows):] {
			_, n, err := k.c.exec(`INSERT INTO replica_key (kind, key, replica) VALUES (?, ?, ?)`, k.kind, len(k.rows)+1, r[:])
			if err != nil {
				return err
			}
			k.rows = append(k.rows, n)
		}
	}
	if units > k.units {
		for _, u := range k.keys.Names()[k.units:] {
			if _, _, err := k.c.exec(`INSERT INTO unit_key (kind, key, unit) VALUES (?, ?, ?)`, k.kind, k.units, u); err != nil {
				return err
			}
			k.units++
		}
	}
	return nil
}

// metaReader reads metadata of any kind on one connection.
type metaReader struct {
	c     *conn
	kinds map[string]*keyTable
}

func (m *metaReader) unmarshal(kind string, b []byte, meta *engine.ItemMeta) error {
	k := m.kinds[kind]
	if k == nil {
		if m.kinds == nil {
			m.kinds = make(map[string]*keyTable, 1)
		}
		k = &keyTable{c: m.c, kind: kind}
		m.kinds[kind] = k
	}
	return k.unmarshal(b, meta)
}

// keyedMetadata gives all rows of metadata the form that refers to the key tables
// (the step to version 3). A row that can't be read stays as it is, and is told of
// where it is met.
func keyedMetadata(c *conn) error {
	for _, k := range kinds() {
		keys := &keyTable{c: c, kind: k.Name()}
		for _, table := range [][2]string{{"item", "n"}, {"view", "seq"}} {
			if err := keyedTable(c, keys, table[0], table[1]); err != nil {
				return fmt.Errorf("table %s: %w", table[0], err)
			}
		}
	}
	return nil
}

// keyedChunk is how many rows are rewritten at once.
const keyedChunk = 500

func keyedTable(c *conn, keys *keyTable, table, number string) error {
	type stored struct {
		n    int64
		meta engine.ItemMeta
	}
	last := int64(-1 << 63)
	for {
		var chunk []stored
		count := 0
		err := c.query(func(r row) error {
			count++
			last = r.int(0)
			s := stored{n: last}
			if keys.unmarshal(r.bytes(1), &s.meta) == nil {
				chunk = append(chunk, s)
			}
			return nil
		}, `SELECT `+number+`, meta FROM `+table+` WHERE kind = ? AND `+number+` > ? AND meta IS NOT NULL ORDER BY `+number+` LIMIT ?`, keys.kind, last, keyedChunk)
		if err != nil {
			return err
		}
		for i := range chunk {
			b, err := keys.marshal(&chunk[i].meta)
			if err != nil {
				return err
			}
			if _, _, err := c.exec(`UPDATE `+table+` SET meta = ? WHERE `+number+` = ?`, b, chunk[i].n); err != nil {
				return err
			}
		}
		if count < keyedChunk {
			return nil
		}
	}
}
