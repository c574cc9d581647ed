package hostprovider

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"cradle/engine"
	"cradle/pim"
)

// sqlite3CLI runs statements in the distribution's sqlite3, another process with
// an SQLite of its own and its default pragmas.
func sqlite3CLI(t testing.TB, path, sql string) (string, error) {
	t.Helper()
	bin, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("the sqlite3 program is not installed")
	}
	cmd := exec.Command(bin, "-batch", "-bail", "-nullvalue", "NULL", path)
	cmd.Stdin = strings.NewReader(".timeout 5000\n" + sql)
	out, err := cmd.CombinedOutput()
	return strings.TrimRight(string(out), "\n"), err
}

func mustSQL(t testing.TB, path, sql string) string {
	t.Helper()
	out, err := sqlite3CLI(t, path, sql)
	if err != nil {
		t.Fatalf("sqlite3: %v\n%s\nin: %s", err, out, sql)
	}
	return out
}

func settle(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Settle(context.Background()); err != nil {
		t.Fatalf("settle: %v", err)
	}
}

func mustShow(t testing.TB, s *Store, name string) Item {
	t.Helper()
	its, err := s.Show(context.Background(), name)
	if err != nil || len(its) != 1 {
		t.Fatalf("show %s: %d items, %v; want 1", name, len(its), err)
	}
	return its[0]
}

func metaOf(t testing.TB, s *Store, scope string, id engine.ItemID) *engine.ItemMeta {
	t.Helper()
	m, err := s.Meta(context.Background(), scope, id)
	if err != nil {
		t.Fatalf("meta: %v", err)
	}
	return m
}

func replica(t testing.TB, s *Store, scope string) engine.Replica {
	t.Helper()
	r, err := s.Replica(context.Background(), scope)
	if err != nil {
		t.Fatalf("replica: %v", err)
	}
	return r
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func TestSQLRowEdits(t *testing.T) {
	s := newTestStore(t)
	text := card("u1", "Ann", "TEL;TYPE=HOME:+491", "item1.TEL:+492", "item1.X-ABLABEL:Boat", "NOTE:a\\nb\\, c", "CATEGORIES:x,y", "X-ODD: kept ")
	id := putCard(t, s, engine.ReplicaID{1}, "u1", text)

	got := mustSQL(t, s.Path(), "SELECT pos, component, grp, name, params, value FROM properties WHERE item = "+quote(id.String())+" ORDER BY pos;")
	want := "1|NULL|NULL|VERSION|NULL|3.0\n2|NULL|NULL|UID|NULL|u1\n3|NULL|NULL|FN|NULL|Ann\n4|NULL|NULL|N|NULL|Ann;;;;\n" +
		"5|NULL|NULL|TEL|TYPE=HOME|+491\n6|NULL|item1|TEL|NULL|+492\n7|NULL|item1|X-ABLABEL|NULL|Boat\n8|NULL|NULL|NOTE|NULL|a\nb, c\n" +
		"9|NULL|NULL|CATEGORIES|NULL|x,y\n10|NULL|NULL|X-ODD|NULL| kept"
	if strings.TrimRight(got, " ") != want {
		t.Fatalf("rows:\n%s\nwant:\n%s", got, want)
	}

	before := metaOf(t, s, "contacts", id)
	mustSQL(t, s.Path(), `UPDATE properties SET value = '+499' WHERE item = `+quote(id.String())+` AND pos = 5;
		DELETE FROM properties WHERE item = `+quote(id.String())+` AND name = 'CATEGORIES';
		INSERT INTO properties (item, name, params, value) VALUES (`+quote(id.String())+`, 'EMAIL', 'TYPE=work', 'a@example.org');
		UPDATE properties SET value = 'b@example.org' WHERE item = `+quote(id.String())+` AND name = 'EMAIL';`)
	if n := mustSQL(t, s.Path(), "SELECT group_concat(name || '=' || value) FROM properties WHERE name IN ('TEL','EMAIL','CATEGORIES')"); n != "TEL=+499,TEL=+492,EMAIL=b@example.org" {
		t.Errorf("rows before settling: %s", n)
	}
	// Until it is settled the knowledge claims none of the stamped ticks.
	if r := replica(t, s, "contacts"); r.Tick != 4 || r.Knowledge.Tick(r.ID) != 0 {
		t.Errorf("unsettled: tick %d, knows %d of itself; want 4 and 0", r.Tick, r.Knowledge.Tick(r.ID))
	}
	settle(t, s)
	wantText := card("u1", "Ann", "TEL;TYPE=HOME:+499", "item1.TEL:+492", "item1.X-ABLABEL:Boat", "NOTE:a\\nb\\, c", "X-ODD: kept ", "EMAIL;TYPE=work:b@example.org")
	if got := string(mustShow(t, s, "u1").Text); got != wantText {
		t.Errorf("text after settling:\n%q\nwant:\n%q", got, wantText)
	}
	r := replica(t, s, "contacts")
	if r.Tick != 4 || r.Knowledge.Tick(r.ID) != 4 {
		t.Errorf("settled: tick %d, knows %d; want 4 and 4: settling mints nothing", r.Tick, r.Knowledge.Tick(r.ID))
	}
	after := metaOf(t, s, "contacts", id)
	for unit, tick := range map[string]uint64{"tel": 1, "categories": 2, "email": 4} {
		u := after.Unit(unit)
		if u == nil || u.Version != (engine.Version{Replica: r.ID, Tick: tick}) {
			t.Errorf("unit %s: %+v, want tick %d of the store", unit, u, tick)
		}
	}
	if !after.Unit("categories").Digest.IsZero() {
		t.Error("the emptied unit isn't listed as empty")
	}
	for _, unit := range []string{"name", "note", "rest", "collection"} {
		if after.Unit(unit).Version != before.Unit(unit).Version {
			t.Errorf("unit %s got a new version, but nobody touched it", unit)
		}
	}
	for _, e := range after.Unit("tel").Elements {
		kept := false
		for _, o := range before.Unit("tel").Elements {
			kept = kept || o == e
		}
		if !kept && e.Added.Tick != 1 {
			t.Errorf("element added by %v, want the edit's tick 1", e.Added)
		}
	}
	if rows := mustSQL(t, s.Path(), "SELECT count(*), max(pos) FROM properties"); rows != "10|10" {
		t.Errorf("rows after settling: %s, want 10 numbered anew", rows)
	}
	if n := mustSQL(t, s.Path(), "SELECT count(*) FROM pending"); n != "0" {
		t.Errorf("%s edits still pending", n)
	}
}

func TestSQLItems(t *testing.T) {
	s := newTestStore(t)
	ctx := context.Background()
	mustSQL(t, s.Path(), `INSERT INTO items (kind, text) VALUES ('contacts', `+quote(card("ann", "Ann"))+`);
		INSERT INTO items (id, kind, collection, text) VALUES ('mine', 'contacts', 'work', `+quote(card("bob", "Bob"))+`);
		INSERT INTO properties (item, name, value) VALUES ('mine', 'NOTE', 'with a row');
		INSERT INTO items (kind, text) VALUES ('contacts', `+quote(card("", "Nobody"))+`);
		INSERT INTO items (kind, text) VALUES ('contacts', `+quote(card("", "Nobody"))+`);`)
	if got := mustSQL(t, s.Path(), "SELECT count(*), sum(id LIKE 'new-%'), sum(id = 'mine') FROM items"); got != "4|3|1" {
		t.Errorf("provisional rows: %s, want 4|3|1", got)
	}
	settle(t, s)
	ann, bob := mustShow(t, s, "ann"), mustShow(t, s, "bob")
	if ann.ID != engine.ItemIDFromUID("contacts", "ann", 1) || ann.Collection != "personal" || ann.Summary != "Ann" {
		t.Errorf("ann: %+v", ann)
	}
	if bob.ID != engine.ItemIDFromUID("contacts", "bob", 1) || bob.Collection != "work" || !strings.Contains(string(bob.Text), "NOTE:with a row") {
		t.Errorf("bob: %+v %s", bob, bob.Text)
	}
	if n, _ := s.Anonymous(ctx, "contacts"); len(n) != 2 || n[0] == n[1] {
		t.Errorf("items without a UID: %v, want two", n)
	}
	tick := replica(t, s, "contacts").Tick

	// Same kind, UID and collection as a live item: an edit of that.
	mustSQL(t, s.Path(), `INSERT INTO items (kind, text) VALUES ('contacts', `+quote(card("ann", "Ann", "TEL:1"))+`);`)
	settle(t, s)
	if it := mustShow(t, s, "ann"); it.ID != ann.ID || !strings.Contains(string(it.Text), "TEL:1") {
		t.Errorf("insertion of a live UID: %+v", it)
	}
	m := metaOf(t, s, "contacts", ann.ID)
	if m.Unit("tel").Version.Tick != tick+1 || m.Unit("name").Version.Tick == tick+1 {
		t.Errorf("insertion of a live UID: versions %+v", m)
	}
	// In another collection: a further holder.
	mustSQL(t, s.Path(), `INSERT INTO items (kind, collection, text) VALUES ('contacts', 'club', `+quote(card("ann", "Ann C"))+`);`)
	settle(t, s)
	if its, _ := s.Show(ctx, "ann"); len(its) != 2 || !(its[0].ID == engine.ItemIDFromUID("contacts", "ann", 2) || its[1].ID == engine.ItemIDFromUID("contacts", "ann", 2)) {
		t.Errorf("further holder: %+v", its)
	}
	// Deleted and inserted again: a re-creation, with the creation version.
	mustSQL(t, s.Path(), `DELETE FROM items WHERE uid = 'bob';`)
	settle(t, s)
	dead := metaOf(t, s, "contacts", bob.ID)
	if !dead.Deleted {
		t.Fatal("bob is not deleted")
	}
	if _, err := s.Show(ctx, "bob"); err == nil {
		t.Error("a deleted item is shown")
	}
	mustSQL(t, s.Path(), `INSERT INTO items (kind, collection, text) VALUES ('contacts', 'work', `+quote(card("bob", "Bob again"))+`);`)
	settle(t, s)
	live := metaOf(t, s, "contacts", bob.ID)
	if live.Deleted || live.Creation != dead.Creation || live.LifeVersion.Tick != replica(t, s, "contacts").Tick {
		t.Errorf("re-creation: %+v", live)
	}
	// Replaced in either order within one batch: still the same item, live.
	for _, sql := range []string{
		`DELETE FROM items WHERE uid = 'bob'; INSERT INTO items (kind, collection, text) VALUES ('contacts', 'work', ` + quote(card("bob", "Bob 3")) + `);`,
		`INSERT INTO items (id, kind, collection, text) VALUES ('x', 'contacts', 'work', ` + quote(card("bob", "Bob 4")) + `); DELETE FROM items WHERE uid = 'bob' AND id <> 'x';`,
	} {
		mustSQL(t, s.Path(), sql)
		settle(t, s)
		if it := mustShow(t, s, "bob"); it.ID != bob.ID {
			t.Errorf("replaced: %+v, want ID %v", it, bob.ID)
		}
	}
	// Moved, and edited as a text: the collection alone, then the note alone.
	mustSQL(t, s.Path(), `UPDATE items SET collection = 'home' WHERE uid = 'bob';`)
	settle(t, s)
	moved := metaOf(t, s, "contacts", bob.ID)
	top := replica(t, s, "contacts").Tick
	if moved.Unit("collection").Version.Tick != top || moved.Unit("name").Version.Tick == top || mustShow(t, s, "bob").Collection != "home" {
		t.Errorf("moved: %+v", moved)
	}
	mustSQL(t, s.Path(), `UPDATE properties SET value = 'lost' WHERE name = 'FN' AND item = `+quote(bob.ID.String())+`;
		UPDATE items SET text = replace(text, 'END:', 'NOTE:n'||char(13,10)||'END:') WHERE uid = 'bob';`)
	settle(t, s)
	it := mustShow(t, s, "bob")
	// The CLI drops the CRs of its input.
	if want := strings.ReplaceAll(card("bob", "Bob 4", "NOTE:n"), "\r", ""); strings.ReplaceAll(string(it.Text), "\r", "") != want {
		t.Errorf("a text edit supersedes row edits before it: got %q, want %q", it.Text, want)
	}
	if m := metaOf(t, s, "contacts", bob.ID); m.Unit("note").Version.Tick != top+2 || m.Unit("name").Version != moved.Unit("name").Version {
		t.Errorf("text edit: %+v", m)
	}
	// A row edit after a text edit, made on the old rows, finds its line.
	mustSQL(t, s.Path(), `UPDATE items SET text = replace(text, 'FN:', 'NICKNAME:B'||char(13,10)||'FN:') WHERE uid = 'bob';
		UPDATE properties SET value = 'm' WHERE name = 'NOTE' AND item = `+quote(bob.ID.String())+`;`)
	settle(t, s)
	if got := string(mustShow(t, s, "bob").Text); !strings.Contains(got, "NICKNAME:B") || !strings.Contains(got, "NOTE:m") {
		t.Errorf("row edit after a text edit: %q", got)
	}
}

func TestSQLRefusals(t *testing.T) {
	s := newTestStore(t)
	id := putCard(t, s, engine.ReplicaID{1}, "u1", card("u1", "Ann", "TEL:1"))
	q := quote(id.String())
	for _, c := range []struct{ name, sql, want string }{
		{"kind", `INSERT INTO items (kind, text) VALUES ('toys', 'x')`, "kind must be"},
		{"kind null", `INSERT OR IGNORE INTO items (text) VALUES ('x')`, "kind must be"},
		{"no text", `INSERT INTO items (kind) VALUES ('contacts')`, "text must be"},
		{"id taken", `INSERT INTO items (id, kind, text) VALUES (` + q + `, 'contacts', 'x')`, "with this id exists"},
		{"id taken, replace", `INSERT OR REPLACE INTO items (id, kind, text) VALUES (` + q + `, 'contacts', 'x')`, "with this id exists"},
		{"id taken, ignore", `INSERT OR IGNORE INTO items (id, kind, text) VALUES (` + q + `, 'contacts', 'x')`, "with this id exists"},
		{"change uid", `UPDATE items SET uid = 'y'`, "only text and collection"},
		{"change summary", `UPDATE OR REPLACE items SET summary = 'y'`, "only text and collection"},
		{"text null", `UPDATE OR IGNORE items SET text = NULL`, "text must be"},
		{"collection empty", `UPDATE items SET collection = ''`, "collection must have"},
		{"no item", `INSERT INTO properties (item, name, value) VALUES ('nobody', 'TEL', '1')`, "no such item"},
		{"no name", `INSERT INTO properties (item, value) VALUES (` + q + `, '1')`, "a name consists"},
		{"begin", `INSERT INTO properties (item, name, value) VALUES (` + q + `, 'Begin', 'VCARD')`, "a name consists"},
		{"bad name", `UPDATE properties SET name = 'A:B' WHERE pos = 5`, "a name consists"},
		{"bad group", `INSERT INTO properties (item, grp, name, value) VALUES (` + q + `, 'a.b', 'TEL', '1')`, "a grp consists"},
		{"bad params", `INSERT INTO properties (item, name, params, value) VALUES (` + q + `, 'TEL', 'A=1' || char(10) || 'X:y', '1')`, "params are one line"},
		{"pos taken", `INSERT INTO properties (item, pos, name, value) VALUES (` + q + `, 5, 'TEL', '1')`, "pos is taken"},
		{"pos taken, replace", `INSERT OR REPLACE INTO properties (item, pos, name, value) VALUES (` + q + `, 5, 'TEL', '1')`, "pos is taken"},
		{"pos zero", `INSERT INTO properties (item, pos, name, value) VALUES (` + q + `, 0, 'TEL', '1')`, "pos must be"},
		{"pos text", `INSERT INTO properties (item, pos, name, value) VALUES (` + q + `, 'x', 'TEL', '1')`, "pos must be"},
		{"pos change", `UPDATE properties SET pos = 50 WHERE pos = 5`, "cannot be changed"},
		{"component", `INSERT INTO properties (item, component, name, value) VALUES (` + q + `, 'cellar', 'TEL', '1')`, "no such component"},
		{"alarm of a card", `INSERT INTO properties (item, component, name, value) VALUES (` + q + `, 'alarm:1', 'TEL', '1')`, "a contact has no"},
	} {
		out, err := sqlite3CLI(t, s.Path(), c.sql+";")
		if err == nil || !strings.Contains(out, c.want) {
			t.Errorf("%s: got %q (%v), want an error with %q", c.name, out, err, c.want)
		}
	}
	if r := replica(t, s, "contacts"); r.Tick != 0 {
		t.Errorf("refused edits left tick %d, want 0", r.Tick)
	}
	if got := mustSQL(t, s.Path(), "UPDATE properties SET value = value; SELECT count(*) FROM pending"); got != "0" {
		t.Errorf("an update that changes nothing left %s pending edits", got)
	}
}

func TestSQLEditsThatDontApply(t *testing.T) {
	s := newTestStore(t)
	ctx := context.Background()
	id := putCard(t, s, engine.ReplicaID{1}, "u1", card("u1", "Ann", "TEL:1"))
	mustSQL(t, s.Path(), `UPDATE items SET text = 'no card at all' WHERE uid = 'u1';
		INSERT INTO items (kind, text) VALUES ('events', 'neither is this');`)
	settle(t, s)
	if got := string(mustShow(t, s, "u1").Text); got != card("u1", "Ann", "TEL:1") {
		t.Errorf("text after an edit that doesn't apply: %q", got)
	}
	cs, err := s.Conflicts(ctx, true)
	if err != nil || len(cs) != 2 {
		t.Fatalf("conflicts: %+v %v, want 2", cs, err)
	}
	byUnit := map[string]engine.Conflict{}
	for _, c := range cs {
		byUnit[c.Scope+" "+c.Unit] = c
	}
	if c := byUnit["contacts text"]; c.Item != id || strings.Join(c.LostText, "") != "no card at all" {
		t.Errorf("text edit kept as %+v", c)
	}
	if c := byUnit["events text"]; strings.Join(c.LostText, "") != "neither is this" {
		t.Errorf("insertion kept as %+v", c)
	}
	for what, c := range byUnit {
		if !FromSQL(c) || Replaced(c) {
			t.Errorf("%s doesn't pass for an edit by SQL: %+v", what, c)
		}
		if err := s.CanBringBack(ctx, c); err == nil {
			t.Errorf("%s: a text that is none can be brought back", what)
		}
	}
	// A row edit on a row that a text edit took away.
	mustSQL(t, s.Path(), `UPDATE items SET text = replace(text, 'TEL:1'||char(13,10), '') WHERE uid = 'u1';
		UPDATE properties SET value = '2' WHERE name = 'TEL';`)
	settle(t, s)
	if got := string(mustShow(t, s, "u1").Text); got != card("u1", "Ann") {
		t.Errorf("text: %q", got)
	}
	cs, _ = s.Conflicts(ctx, true)
	if c := cs[len(cs)-1]; len(cs) != 3 || c.Unit != "tel" || c.State != engine.Settled || strings.Join(c.LostText, "|") != "TEL:2" {
		t.Errorf("row edit kept as %+v", c)
	}
}

// An item whose own text is broken, and edits that no trigger wrote, stop nothing.
func TestSQLBrokenPrivateTables(t *testing.T) {
	s := newTestStore(t)
	putCard(t, s, engine.ReplicaID{1}, "u1", card("u1", "Ann", "TEL:1"))
	putCard(t, s, engine.ReplicaID{1}, "u2", card("u2", "Bob", "TEL:1"))
	mustSQL(t, s.Path(), `UPDATE body SET text = 'broken' WHERE n = 1;
		UPDATE properties SET value = '2' WHERE name = 'TEL';
		INSERT INTO pending (n, kind, op, tick, at, new) VALUES (2, 'contacts', 'insert', 9, 0, 'no JSON'), (99, 'contacts', 'text', 9, 0, NULL);`)
	settle(t, s)
	if got := string(mustShow(t, s, "u2").Text); !strings.Contains(got, "TEL:2") {
		t.Errorf("the other item: %q", got)
	}
	cs, err := s.Conflicts(context.Background(), true)
	if err != nil || len(cs) != 1 || cs[0].UID != "u1" || strings.Join(cs[0].LostText, "") != "TEL:2" {
		t.Errorf("conflicts: %+v %v", cs, err)
	}
	if got := mustSQL(t, s.Path(), "SELECT count(*) FROM pending"); got != "0" {
		t.Errorf("%s edits still pending", got)
	}
}

func TestSQLSeveralObjects(t *testing.T) {
	s := newTestStore(t)
	mustSQL(t, s.Path(), `INSERT INTO items (kind, text) VALUES ('contacts', `+quote(card("a", "A")+card("b", "B"))+`);`)
	settle(t, s)
	its, err := s.List(context.Background(), Query{})
	if err != nil || len(its) != 2 || its[0].Summary != "A" || its[1].Summary != "B" {
		t.Errorf("items of a text with two cards: %+v %v", its, err)
	}
}

func TestSQLBytesThatAreNoUTF8(t *testing.T) {
	s := newTestStore(t)
	text := "BEGIN:VCARD\r\nVERSION:2.1\r\nUID:l1\r\nN:M\xfcller;Jos\xe9\r\nTEL;CELL:1\r\nEND:VCARD\r\n"
	id := putCard(t, s, engine.ReplicaID{1}, "l1", text)
	if got := mustSQL(t, s.Path(), "SELECT typeof(text), (SELECT value FROM properties p WHERE p.item = i.id AND name = 'N') FROM items i"); got != "blob|Müller;José" {
		t.Errorf("got %s", got)
	}
	mustSQL(t, s.Path(), "UPDATE properties SET value = '2' WHERE name = 'TEL'")
	settle(t, s)
	vs, err := s.Load(context.Background(), "contacts", []engine.ItemID{id})
	if want := strings.Replace(text, "CELL:1", "CELL:2", 1); err != nil || string(pim.Contacts.Text(vs[id])) != want {
		t.Errorf("got %q %v, want %q", pim.Contacts.Text(vs[id]), err, want)
	}
}

func TestSQLEvent(t *testing.T) {
	s := newTestStore(t)
	ev := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:e1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260102T100000Z\r\nSUMMARY:Tea\r\n" +
		"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	if _, err := s.Create(context.Background(), "events", "home", []byte(ev)); err != nil {
		t.Fatal(err)
	}
	if got := mustSQL(t, s.Path(), "SELECT group_concat(component || ' ' || name, ', ') FROM properties WHERE component IS NOT NULL"); got !=
		"calendar VERSION, calendar PRODID, alarm:1 ACTION, alarm:1 TRIGGER" {
		t.Errorf("components: %s", got)
	}
	mustSQL(t, s.Path(), `UPDATE properties SET value = '-PT9M' WHERE component = 'alarm:1' AND name = 'TRIGGER';
		UPDATE properties SET value = 'Tea, later; maybe' WHERE name = 'SUMMARY';
		INSERT INTO properties (item, component, name, value) SELECT id, 'alarm:2', 'ACTION', 'AUDIO' FROM items;
		INSERT INTO properties (item, component, name, value) SELECT id, 'alarm:2', 'TRIGGER', '-PT1H' FROM items;`)
	settle(t, s)
	it := mustShow(t, s, "e1")
	for _, want := range []string{"TRIGGER:-PT9M\r\n", "SUMMARY:Tea\\, later\\; maybe\r\n", "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT1H\r\nEND:VALARM\r\n"} {
		if !strings.Contains(string(it.Text), want) {
			t.Errorf("text has no %q:\n%s", want, it.Text)
		}
	}
	m := metaOf(t, s, "events", it.ID)
	if m.Unit("when").Version.Tick != 1 || m.Unit("summary").Version.Tick != 3 || m.Unit("alarms").Version.Tick != 5 {
		t.Errorf("versions: %+v", m)
	}
}

func TestSQLMany(t *testing.T) {
	s := newTestStore(t)
	var b strings.Builder
	b.WriteString("BEGIN;\n")
	for i := range 300 {
		fmt.Fprintf(&b, "INSERT INTO items (kind, text) VALUES ('contacts', %s);\n", quote(card(fmt.Sprint("m", i), fmt.Sprint("M", i), "TEL:1")))
	}
	b.WriteString("COMMIT;")
	mustSQL(t, s.Path(), b.String())
	settle(t, s)
	mustSQL(t, s.Path(), "UPDATE properties SET value = '2' WHERE name = 'TEL'; DELETE FROM items WHERE uid LIKE 'm1%';")
	settle(t, s)
	if n, err := s.Count(context.Background(), "contacts"); err != nil || n != 189 {
		t.Errorf("count: %d %v, want 189", n, err)
	}
	if got := mustSQL(t, s.Path(), "SELECT count(*) FROM items WHERE text LIKE '%TEL:2%'"); got != "189" {
		t.Errorf("%s texts were edited, want 189", got)
	}
}
