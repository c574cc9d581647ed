-- A store of version 2, as its program left it after two syncs with a phone, a deletion and an edit: sqlite3 .dump.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE store (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  id      BLOB    NOT NULL,
  machine TEXT    NOT NULL,
  device  INTEGER NOT NULL,
  inode   INTEGER NOT NULL,
  created INTEGER NOT NULL
) STRICT;
INSERT INTO store VALUES(1,X'808f1535754e42c182543723c642bd29','test-machine',0,0,1795190920529);
CREATE TABLE scope (
  kind      TEXT    PRIMARY KEY,
  replica   BLOB    NOT NULL,
  tick      INTEGER NOT NULL DEFAULT 0,
  shared    INTEGER NOT NULL DEFAULT 0,
  knowledge BLOB    NOT NULL DEFAULT x'',
  forgotten BLOB    NOT NULL DEFAULT x''
) STRICT;
INSERT INTO scope VALUES('contacts',X'57a6789b1ec54d69a55ae45977e1d2b0',4,3,X'01000100000000',X'01000100000000');
INSERT INTO scope VALUES('events',X'bf435088bd164d099be00e54dd0053e1',0,0,X'',X'');
INSERT INTO scope VALUES('tasks',X'88b2173f78a547bb8e860d26008f5889',0,0,X'',X'');
INSERT INTO scope VALUES('notes',X'a6f09234ed7240d3be5b7d944a04567e',0,0,X'',X'');
CREATE TABLE proxy (
  kind    TEXT    NOT NULL,
  replica BLOB    NOT NULL,
  tick    INTEGER NOT NULL,
  shared  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, replica)
) STRICT, WITHOUT ROWID;
INSERT INTO proxy VALUES('contacts',X'2ec3934f95e05ca284b86d729fb39b68',2,2);
INSERT INTO proxy VALUES('events',X'67cbf21a7b8253308e199c916c92d937',1,1);
CREATE TABLE item (
  n          INTEGER PRIMARY KEY,
  id         TEXT    NOT NULL UNIQUE,
  kind       TEXT    NOT NULL,
  collection TEXT    NOT NULL DEFAULT '',
  uid        TEXT,
  summary    TEXT,
  modified   INTEGER NOT NULL,
  gone       INTEGER NOT NULL DEFAULT 0,
  size       INTEGER NOT NULL DEFAULT 0,
  content    BLOB,
  meta       BLOB
) STRICT;
INSERT INTO item VALUES(1,'7419819a-df99-5c34-a04b-559f124f19dc','contacts','personal','carol@example.org','Carol',1795190920537,0,70,X'416a095bc84b9af0565e94d5dd5b3d8b',X'010157a6789b1ec54d69a55ae45977e1d2b0020a636f6c6c656374696f6e046e616d657419819adf995c34a04b559f124f19dc000201b2d5bc9bbf68020000a2b9fa33cf47940fdad3dfebe370a18501008f256e2fb78d677165faeda3f96a08ae');
INSERT INTO item VALUES(2,'f4b90dcf-0a12-57c2-943b-adf860ac46d8','contacts','personal','bob@example.org',NULL,1795190932059,1,117,NULL,X'010257a6789b1ec54d69a55ae45977e1d2b02ec3934f95e05ca284b86d729fb39b68030a636f6c6c656374696f6e046e616d650374656cf4b90dcf0a1257c2943badf860ac46d8050203b689be9bbf680201030004040100a2b9fa33cf47940fdad3dfebe370a185010436fdc361a7140e4215a42e3b5687b15d0204f00c6ad109f6ae4d09f98ed0ac720312');
INSERT INTO item VALUES(3,'fbbc9d4f-efac-5370-8be6-b41ece66f049','contacts','personal','ada@example.org','Ada Lovelace',1795190931807,0,91,X'f260e9482fa2994268ae7563024f4aa9',X'01022ec3934f95e05ca284b86d729fb39b6857a6789b1ec54d69a55ae45977e1d2b0030a636f6c6c656374696f6e046e616d650374656cfbbc9d4fefac53708be6b41ece66f04900020286d4bc9bbf68030000a2b9fa33cf47940fdad3dfebe370a18501040402be85be9bbf68a7daed96c3d0d1c4df1c17f2ec3a7c3102055987aec3142f3f52083cc6e0ee118177020112d0c8c566f48da801a8a476ffd758084d');
INSERT INTO item VALUES(4,'172d27d9-4c1d-54ba-a6f9-645d8b7528c5','events','personal','e1@example.org','Tea',1795190931716,0,169,X'4ca763f3b4bdfbfd61b743879cc71730',X'010167cbf21a7b8253308e199c916c92d937030a636f6c6c656374696f6e0773756d6d617279047768656e172d27d94c1d54baa6f9645d8b7528c500020186d4bc9bbf68030000a2b9fa33cf47940fdad3dfebe370a1850100aec90bbfc81289329c7679d0bb4f3b920200a056f2d005a37e648e41e8866765b4f2');
INSERT INTO item VALUES(5,'2824b3f3-619e-5c1e-be8b-de677331ca9d','contacts','personal','dora@example.org','Dora',1795190932227,0,68,X'05c540138c4aff22251ea4ab1db758df',X'010157a6789b1ec54d69a55ae45977e1d2b0020a636f6c6c656374696f6e046e616d652824b3f3619e5c1ebe8bde677331ca9d000204868cbe9bbf68020000a2b9fa33cf47940fdad3dfebe370a1850100add916518969b628b374e8ae8ab5ad89');
CREATE TABLE body (
  n     INTEGER PRIMARY KEY REFERENCES item (n) ON DELETE CASCADE,
  text  ANY,
  draft ANY,
  lines TEXT NOT NULL DEFAULT '{}'
) STRICT;
INSERT INTO body VALUES(1,replace(replace('BEGIN:VCARD\r\nVERSION:3.0\r\nUID:carol@example.org\r\nFN:Carol\r\nEND:VCARD\r\n','\r',char(13)),'\n',char(10)),NULL,'{"1":[null,null,"VERSION",null,"3.0"],"2":[null,null,"UID",null,"carol@example.org"],"3":[null,null,"FN",null,"Carol"]}');
INSERT INTO body VALUES(3,replace(replace('BEGIN:VCARD\r\nVERSION:3.0\r\nUID:ada@example.org\r\nFN:Ada Lovelace\r\nTEL:+1\r\nTEL:+2\r\nEND:VCARD\r\n','\r',char(13)),'\n',char(10)),NULL,'{"1":[null,null,"VERSION",null,"3.0"],"2":[null,null,"UID",null,"ada@example.org"],"3":[null,null,"FN",null,"Ada Lovelace"],"4":[null,null,"TEL",null,"+1"],"5":[null,null,"TEL",null,"+2"]}');
INSERT INTO body VALUES(4,replace(replace('BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x\r\nBEGIN:VEVENT\r\nUID:e1@example.org\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260102T100000Z\r\nSUMMARY:Tea\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n','\r',char(13)),'\n',char(10)),NULL,'{"1":["calendar",null,"VERSION",null,"2.0"],"2":["calendar",null,"PRODID",null,"-//x"],"3":[null,null,"UID",null,"e1@example.org"],"4":[null,null,"DTSTAMP",null,"20260101T000000Z"],"5":[null,null,"DTSTART",null,"20260102T100000Z"],"6":[null,null,"SUMMARY",null,"Tea"]}');
INSERT INTO body VALUES(5,replace(replace('BEGIN:VCARD\r\nVERSION:3.0\r\nUID:dora@example.org\r\nFN:Dora\r\nEND:VCARD\r\n','\r',char(13)),'\n',char(10)),NULL,'{"1":[null,null,"VERSION",null,"3.0"],"2":[null,null,"UID",null,"dora@example.org"],"3":[null,null,"FN",null,"Dora"]}');
CREATE TABLE version (
  kind    TEXT    NOT NULL,
  replica BLOB    NOT NULL,
  tick    INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (kind, replica, tick, n)
) STRICT, WITHOUT ROWID;
INSERT INTO version VALUES('contacts',X'2ec3934f95e05ca284b86d729fb39b68',2,3);
INSERT INTO version VALUES('contacts',X'57a6789b1ec54d69a55ae45977e1d2b0',1,1);
INSERT INTO version VALUES('contacts',X'57a6789b1ec54d69a55ae45977e1d2b0',2,3);
INSERT INTO version VALUES('contacts',X'57a6789b1ec54d69a55ae45977e1d2b0',3,2);
INSERT INTO version VALUES('contacts',X'57a6789b1ec54d69a55ae45977e1d2b0',4,5);
INSERT INTO version VALUES('events',X'67cbf21a7b8253308e199c916c92d937',1,4);
CREATE TABLE pending (
  seq   INTEGER PRIMARY KEY AUTOINCREMENT,
  n     INTEGER NOT NULL,
  kind  TEXT    NOT NULL,
  op    TEXT    NOT NULL,
  tick  INTEGER NOT NULL,
  at    INTEGER NOT NULL,
  pos   INTEGER,
  old   TEXT,
  new   TEXT,
  given TEXT
) STRICT;
CREATE TABLE peer (
  n      INTEGER PRIMARY KEY,
  id     BLOB    NOT NULL UNIQUE,
  serial TEXT    NOT NULL DEFAULT '',
  name   TEXT    NOT NULL DEFAULT '',
  known  INTEGER NOT NULL DEFAULT 0,
  last   INTEGER NOT NULL DEFAULT 0,
  mark   INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO peer VALUES(1,X'524f25428d825632adc1c3484771ee6a','','P',1,1795190932131,5);
CREATE TABLE mark (
  seq  INTEGER PRIMARY KEY AUTOINCREMENT,
  mark BLOB    NOT NULL UNIQUE,
  peer BLOB    NOT NULL,
  at   INTEGER NOT NULL
) STRICT;
INSERT INTO mark VALUES(1,X'cfd3e5d7d617b0cca6f9e33b989225cd',X'524f25428d825632adc1c3484771ee6a',1795190931717);
INSERT INTO mark VALUES(5,X'602cae8fb4637b67a36ebff2d2da1dd1',X'524f25428d825632adc1c3484771ee6a',1795190932117);
CREATE TABLE given (
  kind TEXT    NOT NULL,
  tick INTEGER NOT NULL,
  mark BLOB    NOT NULL,
  PRIMARY KEY (kind, tick)
) STRICT, WITHOUT ROWID;
CREATE TABLE taken (
  kind    TEXT NOT NULL,
  replica BLOB NOT NULL,
  tick    INTEGER NOT NULL,
  mark    BLOB NOT NULL,
  PRIMARY KEY (kind, replica)
) STRICT, WITHOUT ROWID;
CREATE TABLE view (
  seq       INTEGER PRIMARY KEY,
  peer      INTEGER NOT NULL,
  kind      TEXT    NOT NULL,
  item      BLOB    NOT NULL,
  path      TEXT    NOT NULL,
  body      BLOB,
  announced INTEGER NOT NULL,
  meta      BLOB    NOT NULL
) STRICT;
INSERT INTO "view" VALUES(3,1,'events',X'172d27d94c1d54baa6f9645d8b7528c5','Cradle/calendars/personal/e1.ics',X'2f137902e3894a2dcb5f9c8aa7af9c01',0,X'010167cbf21a7b8253308e199c916c92d937030a636f6c6c656374696f6e0773756d6d617279047768656e172d27d94c1d54baa6f9645d8b7528c500020186d4bc9bbf68030000a2b9fa33cf47940fdad3dfebe370a1850100aec90bbfc81289329c7679d0bb4f3b920200a056f2d005a37e648e41e8866765b4f2');
INSERT INTO "view" VALUES(4,1,'contacts',X'7419819adf995c34a04b559f124f19dc','Cradle/contacts/personal/carol.7419819a.vcf',NULL,0,X'010157a6789b1ec54d69a55ae45977e1d2b0020a636f6c6c656374696f6e046e616d657419819adf995c34a04b559f124f19dc000201b2d5bc9bbf68020000a2b9fa33cf47940fdad3dfebe370a18501008f256e2fb78d677165faeda3f96a08ae');
INSERT INTO "view" VALUES(5,1,'contacts',X'f4b90dcf0a1257c2943badf860ac46d8','',NULL,0,X'010257a6789b1ec54d69a55ae45977e1d2b02ec3934f95e05ca284b86d729fb39b68030a636f6c6c656374696f6e046e616d650374656cf4b90dcf0a1257c2943badf860ac46d8050203b689be9bbf680201030004040100a2b9fa33cf47940fdad3dfebe370a185010436fdc361a7140e4215a42e3b5687b15d0204f00c6ad109f6ae4d09f98ed0ac720312');
INSERT INTO "view" VALUES(6,1,'contacts',X'fbbc9d4fefac53708be6b41ece66f049','Cradle/contacts/personal/ada.vcf',NULL,0,X'01022ec3934f95e05ca284b86d729fb39b6857a6789b1ec54d69a55ae45977e1d2b0030a636f6c6c656374696f6e046e616d650374656cfbbc9d4fefac53708be6b41ece66f04900020286d4bc9bbf68030000a2b9fa33cf47940fdad3dfebe370a18501040402be85be9bbf68a7daed96c3d0d1c4df1c17f2ec3a7c3102055987aec3142f3f52083cc6e0ee118177020112d0c8c566f48da801a8a476ffd758084d');
CREATE TABLE conflict (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  kind            TEXT    NOT NULL,
  peer            BLOB    NOT NULL,
  item            TEXT    NOT NULL,
  uid             TEXT    NOT NULL,
  unit            TEXT    NOT NULL,
  state           TEXT    NOT NULL,
  kept_side       TEXT    NOT NULL,
  store_replica   BLOB    NOT NULL,
  store_tick      INTEGER NOT NULL,
  phone_replica   BLOB    NOT NULL,
  phone_tick      INTEGER NOT NULL,
  lost_text       ANY,
  lost_collection TEXT,
  kept_lines      TEXT    NOT NULL,
  lost_lines      TEXT    NOT NULL,
  run             INTEGER NOT NULL,
  at              INTEGER NOT NULL,
  obsolete        INTEGER
) STRICT;
CREATE TABLE run (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  at     INTEGER NOT NULL,
  peer   BLOB    NOT NULL,
  phone  TEXT    NOT NULL,
  undoes INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO run VALUES(1,1795190931714,X'524f25428d825632adc1c3484771ee6a','P',0);
INSERT INTO run VALUES(2,1795190932115,X'524f25428d825632adc1c3484771ee6a','P',0);
CREATE TABLE run_scope (
  run       INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  kind      TEXT    NOT NULL,
  stats     TEXT    NOT NULL DEFAULT '{}',
  knowledge BLOB    NOT NULL DEFAULT x'',
  PRIMARY KEY (run, kind)
) STRICT;
INSERT INTO run_scope VALUES(1,'contacts','{"to_store":{"created":2,"updated":0,"deleted":0},"to_phone":{"created":1,"updated":0,"deleted":0},"adopted":0,"conflicts":0}',X'01022ec3934f95e05ca284b86d729fb39b6857a6789b1ec54d69a55ae45977e1d2b0010200020101000000');
INSERT INTO run_scope VALUES(1,'events','{"to_store":{"created":1,"updated":0,"deleted":0},"to_phone":{"created":0,"updated":0,"deleted":0},"adopted":0,"conflicts":0}',X'010167cbf21a7b8253308e199c916c92d93701010001000000');
INSERT INTO run_scope VALUES(1,'tasks','{"to_store":{"created":0,"updated":0,"deleted":0},"to_phone":{"created":0,"updated":0,"deleted":0},"adopted":0,"conflicts":0}',X'01000100000000');
INSERT INTO run_scope VALUES(1,'notes','{"to_store":{"created":0,"updated":0,"deleted":0},"to_phone":{"created":0,"updated":0,"deleted":0},"adopted":0,"conflicts":0}',X'01000100000000');
INSERT INTO run_scope VALUES(2,'contacts','{"to_store":{"created":0,"updated":0,"deleted":0},"to_phone":{"created":0,"updated":1,"deleted":1},"adopted":0,"conflicts":0}',X'01022ec3934f95e05ca284b86d729fb39b6857a6789b1ec54d69a55ae45977e1d2b0010200020103000000');
INSERT INTO run_scope VALUES(2,'events','{"to_store":{"created":0,"updated":0,"deleted":0},"to_phone":{"created":0,"updated":0,"deleted":0},"adopted":0,"conflicts":0}',X'010167cbf21a7b8253308e199c916c92d93701010001000000');
INSERT INTO run_scope VALUES(2,'tasks','{"to_store":{"created":0,"updated":0,"deleted":0},"to_phone":{"created":0,"updated":0,"deleted":0},"adopted":0,"conflicts":0}',X'01000100000000');
INSERT INTO run_scope VALUES(2,'notes','{"to_store":{"created":0,"updated":0,"deleted":0},"to_phone":{"created":0,"updated":0,"deleted":0},"adopted":0,"conflicts":0}',X'01000100000000');
CREATE TABLE preimage (
  run        INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  side       TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  item       TEXT    NOT NULL,
  path       TEXT    NOT NULL,
  absent     INTEGER NOT NULL,
  collection TEXT    NOT NULL,
  text       ANY,
  PRIMARY KEY (run, side, kind, item)
) STRICT;
INSERT INTO preimage VALUES(1,'store','contacts','f4b90dcf-0a12-57c2-943b-adf860ac46d8','',1,'',NULL);
INSERT INTO preimage VALUES(1,'store','contacts','fbbc9d4f-efac-5370-8be6-b41ece66f049','',1,'',NULL);
INSERT INTO preimage VALUES(1,'store','events','172d27d9-4c1d-54ba-a6f9-645d8b7528c5','',1,'',NULL);
INSERT INTO preimage VALUES(1,'phone','contacts','7419819a-df99-5c34-a04b-559f124f19dc','Cradle/contacts/personal/carol.7419819a.vcf',1,'',NULL);
INSERT INTO preimage VALUES(2,'phone','contacts','f4b90dcf-0a12-57c2-943b-adf860ac46d8','Cradle/contacts/personal/bob.vcf',0,'personal',replace(replace('BEGIN:VCARD\r\nVERSION:3.0\r\nUID:bob@example.org\r\nFN:bob Example\r\nN:Example;bob;;;\r\nTEL;TYPE=HOME:+49301bob\r\nEND:VCARD\r\n','\r',char(13)),'\n',char(10)));
INSERT INTO preimage VALUES(2,'phone','contacts','fbbc9d4f-efac-5370-8be6-b41ece66f049','Cradle/contacts/personal/ada.vcf',0,'personal',replace(replace('BEGIN:VCARD\r\nVERSION:3.0\r\nUID:ada@example.org\r\nFN:ada Example\r\nN:Example;ada;;;\r\nTEL;TYPE=HOME:+49301ada\r\nEND:VCARD\r\n','\r',char(13)),'\n',char(10)));
CREATE TABLE putback (
  peer       BLOB    NOT NULL,
  kind       TEXT    NOT NULL,
  item       TEXT    NOT NULL,
  run        INTEGER NOT NULL,
  path       TEXT    NOT NULL,
  absent     INTEGER NOT NULL,
  collection TEXT    NOT NULL,
  text       ANY,
  done       INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (peer, kind, item)
) STRICT;
CREATE TABLE seen (
  device   TEXT    NOT NULL,
  storage  TEXT    NOT NULL,
  path     TEXT    NOT NULL,
  size     INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  body     BLOB,
  reason   TEXT,
  PRIMARY KEY (device, storage, path)
) STRICT, WITHOUT ROWID;
CREATE TABLE met (
  peer   BLOB    NOT NULL,
  kind   TEXT    NOT NULL,
  shared INTEGER NOT NULL,
  PRIMARY KEY (peer, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO met VALUES(X'524f25428d825632adc1c3484771ee6a','contacts',3);
INSERT INTO met VALUES(X'524f25428d825632adc1c3484771ee6a','events',0);
INSERT INTO met VALUES(X'524f25428d825632adc1c3484771ee6a','notes',0);
INSERT INTO met VALUES(X'524f25428d825632adc1c3484771ee6a','tasks',0);
CREATE TABLE failing (
  peer  BLOB    NOT NULL,
  kind  TEXT    NOT NULL,
  item  TEXT    NOT NULL,
  path  TEXT    NOT NULL,
  side  TEXT    NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (peer, kind, item, path, side)
) STRICT, WITHOUT ROWID;
CREATE TABLE collection (
  kind TEXT    NOT NULL,
  name TEXT    NOT NULL,
  made INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('run',2);
INSERT INTO sqlite_sequence VALUES('mark',8);
CREATE INDEX item_uid ON item (uid, kind) WHERE uid IS NOT NULL;
CREATE INDEX item_content ON item (content, kind) WHERE content IS NOT NULL;
CREATE INDEX item_anonymous ON item (kind) WHERE uid IS NULL AND gone = 0;
CREATE INDEX pending_item ON pending (n, seq);
CREATE INDEX view_item ON view (peer, kind, item, seq, announced);
CREATE INDEX view_path ON view (peer, path);
CREATE INDEX conflict_item ON conflict (item, unit);
CREATE INDEX conflict_open ON conflict (kind, peer) WHERE state <> 'settled' AND obsolete IS NULL;
CREATE VIEW items (id, kind, collection, uid, summary, text, modified) AS
  SELECT i.id, i.kind, i.collection, i.uid, i.summary, coalesce(b.draft, b.text), i.modified
  FROM item i LEFT JOIN body b ON b.n = i.n
  WHERE i.gone = 0;
CREATE VIEW properties (item, pos, component, grp, name, params, value) AS
  SELECT i.id, CAST(j.key AS INTEGER), json_extract(j.value, '$[0]'), json_extract(j.value, '$[1]'),
    json_extract(j.value, '$[2]'), json_extract(j.value, '$[3]'), json_extract(j.value, '$[4]')
  FROM item i JOIN body b ON b.n = i.n, json_each(b.lines) j
  WHERE i.gone = 0;
CREATE TRIGGER items_insert INSTEAD OF INSERT ON items
BEGIN
  SELECT RAISE(ABORT, 'items: kind must be contacts, events, tasks or notes')
    WHERE NEW.kind IS NULL OR NEW.kind NOT IN ('contacts', 'events', 'tasks', 'notes');
  SELECT RAISE(ABORT, 'items: text must be the whole vCard or iCalendar object')
    WHERE coalesce(length(NEW.text), 0) = 0 OR typeof(NEW.text) NOT IN ('text', 'blob');
  SELECT RAISE(ABORT, 'items: an item with this id exists: use UPDATE')
    WHERE EXISTS (SELECT 1 FROM item WHERE id = CAST(NEW.id AS TEXT) AND gone = 0);
  UPDATE scope SET tick = tick + 1 WHERE kind = NEW.kind;
  INSERT INTO item (id, kind, collection, modified)
    VALUES (CASE WHEN NEW.id IS NULL OR EXISTS (SELECT 1 FROM item WHERE id = CAST(NEW.id AS TEXT))
                 THEN 'new-' || lower(hex(randomblob(8))) ELSE CAST(NEW.id AS TEXT) END,
            NEW.kind, coalesce(nullif(CAST(NEW.collection AS TEXT), ''), 'personal'),
            CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER));
  INSERT INTO body (n, draft) VALUES (last_insert_rowid(), NEW.text);
  INSERT INTO pending (n, kind, op, tick, at, given)
    SELECT last_insert_rowid(), kind, 'create', tick,
      CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), CAST(NEW.id AS TEXT)
    FROM scope WHERE kind = NEW.kind;
END;
CREATE TRIGGER items_update INSTEAD OF UPDATE ON items
BEGIN
  SELECT RAISE(ABORT, 'items: only text and collection can be changed')
    WHERE NEW.id IS NOT OLD.id OR NEW.kind IS NOT OLD.kind OR NEW.uid IS NOT OLD.uid
       OR NEW.summary IS NOT OLD.summary OR NEW.modified IS NOT OLD.modified;
  SELECT RAISE(ABORT, 'items: text must be the whole vCard or iCalendar object')
    WHERE coalesce(length(NEW.text), 0) = 0 OR typeof(NEW.text) NOT IN ('text', 'blob');
  SELECT RAISE(ABORT, 'items: collection must have a name')
    WHERE coalesce(CAST(NEW.collection AS TEXT), '') = '';

  UPDATE scope SET tick = tick + 1
    WHERE kind = OLD.kind AND NEW.collection IS NOT OLD.collection;
  INSERT INTO pending (n, kind, op, tick, at, given)
    SELECT i.n, i.kind, 'collection', s.tick, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), OLD.collection
    FROM item i JOIN scope s ON s.kind = i.kind
    WHERE i.id = OLD.id AND NEW.collection IS NOT OLD.collection;
  UPDATE item SET collection = CAST(NEW.collection AS TEXT),
      modified = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)
    WHERE id = OLD.id AND NEW.collection IS NOT OLD.collection;

  UPDATE scope SET tick = tick + 1
    WHERE kind = OLD.kind AND NEW.text IS NOT OLD.text;
  INSERT INTO pending (n, kind, op, tick, at)
    SELECT i.n, i.kind, 'text', s.tick, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)
    FROM item i JOIN scope s ON s.kind = i.kind
    WHERE i.id = OLD.id AND NEW.text IS NOT OLD.text;
  UPDATE body SET draft = NEW.text
    WHERE n = (SELECT n FROM item WHERE id = OLD.id) AND NEW.text IS NOT OLD.text;
  UPDATE item SET modified = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)
    WHERE id = OLD.id AND NEW.text IS NOT OLD.text;
END;
CREATE TRIGGER items_delete INSTEAD OF DELETE ON items
BEGIN
  UPDATE scope SET tick = tick + 1 WHERE kind = OLD.kind;
  INSERT INTO pending (n, kind, op, tick, at)
    SELECT i.n, i.kind, 'delete', s.tick, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)
    FROM item i JOIN scope s ON s.kind = i.kind WHERE i.id = OLD.id;
  UPDATE item SET gone = 2, modified = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)
    WHERE id = OLD.id;
END;
CREATE TRIGGER properties_insert INSTEAD OF INSERT ON properties
BEGIN
  SELECT RAISE(ABORT, 'properties: no such item')
    WHERE NOT EXISTS (SELECT 1 FROM item WHERE id = NEW.item AND gone = 0);
  SELECT RAISE(ABORT, 'properties: a name consists of letters, digits and -, and is not BEGIN or END')
    WHERE coalesce(CAST(NEW.name AS TEXT), '') = '' OR NEW.name GLOB '*[^A-Za-z0-9_-]*'
       OR upper(NEW.name) IN ('BEGIN', 'END');
  SELECT RAISE(ABORT, 'properties: a grp consists of letters, digits and -')
    WHERE NEW.grp GLOB '*[^A-Za-z0-9_-]*';
  SELECT RAISE(ABORT, 'properties: params are one line, such as TYPE=home;PREF=1')
    WHERE NEW.params GLOB '*[' || char(10) || char(13) || ']*';
  SELECT RAISE(ABORT, 'properties: pos must be NULL or a number from 1 on')
    WHERE typeof(NEW.pos) NOT IN ('null', 'integer') OR NEW.pos < 1;
  SELECT RAISE(ABORT, 'properties: this pos is taken')
    WHERE NEW.pos IS NOT NULL AND EXISTS (
      SELECT 1 FROM item i JOIN body b ON b.n = i.n
      WHERE i.id = NEW.item AND json_type(b.lines, '$."' || NEW.pos || '"') IS NOT NULL);
  SELECT RAISE(ABORT, 'properties: the item has no such component')
    WHERE coalesce(CAST(NEW.component AS TEXT), '') NOT IN ('', 'calendar') AND NOT EXISTS (
      SELECT 1 FROM item i JOIN body b ON b.n = i.n, json_each(b.lines) j
      WHERE i.id = NEW.item AND json_extract(j.value, '$[0]') = NEW.component)
    AND NOT (NEW.component GLOB '*alarm:[0-9]*' OR NEW.component GLOB 'override:?*' OR NEW.component GLOB 'timezone:?*');
  SELECT RAISE(ABORT, 'properties: a contact has no calendar, alarm, override or timezone')
    WHERE coalesce(CAST(NEW.component AS TEXT), '') <> ''
      AND (SELECT kind FROM item WHERE id = NEW.item) = 'contacts' AND NOT EXISTS (
      SELECT 1 FROM item i JOIN body b ON b.n = i.n, json_each(b.lines) j
      WHERE i.id = NEW.item AND json_extract(j.value, '$[0]') = NEW.component);

  UPDATE scope SET tick = tick + 1 WHERE kind = (SELECT kind FROM item WHERE id = NEW.item);
  INSERT INTO pending (n, kind, op, tick, at, given, pos, new)
    SELECT i.n, i.kind, 'insert', s.tick, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), NEW.pos,
      coalesce(NEW.pos, 1 + max(
        coalesce((SELECT max(CAST(j.key AS INTEGER)) FROM json_each(b.lines) j), 0),
        coalesce((SELECT max(p.pos) FROM pending p WHERE p.n = i.n), 0))),
      json_array(nullif(CAST(NEW.component AS TEXT), ''), nullif(CAST(NEW.grp AS TEXT), ''),
        CAST(NEW.name AS TEXT), nullif(CAST(NEW.params AS TEXT), ''), coalesce(CAST(NEW.value AS TEXT), ''))
    FROM item i JOIN body b ON b.n = i.n JOIN scope s ON s.kind = i.kind WHERE i.id = NEW.item;
  UPDATE body SET lines = (SELECT json_set(body.lines, '$."' || p.pos || '"', json(p.new))
      FROM pending p WHERE p.seq = last_insert_rowid())
    WHERE n = (SELECT n FROM item WHERE id = NEW.item);
  UPDATE item SET modified = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) WHERE id = NEW.item;
END;
CREATE TRIGGER properties_update INSTEAD OF UPDATE ON properties
BEGIN
  SELECT RAISE(ABORT, 'properties: item, pos and component of a row cannot be changed: delete it and insert another')
    WHERE NEW.item IS NOT OLD.item OR NEW.pos IS NOT OLD.pos
       OR nullif(NEW.component, '') IS NOT OLD.component;
  SELECT RAISE(ABORT, 'properties: a name consists of letters, digits and -, and is not BEGIN or END')
    WHERE NEW.name IS NOT OLD.name AND (coalesce(CAST(NEW.name AS TEXT), '') = ''
       OR NEW.name GLOB '*[^A-Za-z0-9_-]*' OR upper(NEW.name) IN ('BEGIN', 'END'));
  SELECT RAISE(ABORT, 'properties: a grp consists of letters, digits and -')
    WHERE NEW.grp IS NOT OLD.grp AND NEW.grp GLOB '*[^A-Za-z0-9_-]*';
  SELECT RAISE(ABORT, 'properties: params are one line, such as TYPE=home;PREF=1')
    WHERE NEW.params IS NOT OLD.params AND NEW.params GLOB '*[' || char(10) || char(13) || ']*';

  UPDATE scope SET tick = tick + 1
    WHERE kind = (SELECT kind FROM item WHERE id = OLD.item)
      AND (nullif(NEW.grp, '') IS NOT OLD.grp OR NEW.name IS NOT OLD.name
        OR nullif(NEW.params, '') IS NOT OLD.params OR NEW.value IS NOT OLD.value);
  INSERT INTO pending (n, kind, op, tick, at, pos, old, new)
    SELECT i.n, i.kind, 'update', s.tick, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), OLD.pos,
      json_array(OLD.component, OLD.grp, OLD.name, OLD.params, OLD.value),
      json_array(OLD.component, nullif(CAST(NEW.grp AS TEXT), ''), CAST(NEW.name AS TEXT),
        nullif(CAST(NEW.params AS TEXT), ''), coalesce(CAST(NEW.value AS TEXT), ''))
    FROM item i JOIN scope s ON s.kind = i.kind
    WHERE i.id = OLD.item
      AND (nullif(NEW.grp, '') IS NOT OLD.grp OR NEW.name IS NOT OLD.name
        OR nullif(NEW.params, '') IS NOT OLD.params OR NEW.value IS NOT OLD.value);
  UPDATE body SET lines = json_set(lines, '$."' || OLD.pos || '"',
      json_array(OLD.component, nullif(CAST(NEW.grp AS TEXT), ''), CAST(NEW.name AS TEXT),
        nullif(CAST(NEW.params AS TEXT), ''), coalesce(CAST(NEW.value AS TEXT), '')))
    WHERE n = (SELECT n FROM item WHERE id = OLD.item);
  UPDATE item SET modified = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)
    WHERE id = OLD.item
      AND (nullif(NEW.grp, '') IS NOT OLD.grp OR NEW.name IS NOT OLD.name
        OR nullif(NEW.params, '') IS NOT OLD.params OR NEW.value IS NOT OLD.value);
END;
CREATE TRIGGER properties_delete INSTEAD OF DELETE ON properties
BEGIN
  UPDATE scope SET tick = tick + 1 WHERE kind = (SELECT kind FROM item WHERE id = OLD.item);
  INSERT INTO pending (n, kind, op, tick, at, pos, old)
    SELECT i.n, i.kind, 'removal', s.tick, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER), OLD.pos,
      json_array(OLD.component, OLD.grp, OLD.name, OLD.params, OLD.value)
    FROM item i JOIN scope s ON s.kind = i.kind WHERE i.id = OLD.item;
  UPDATE body SET lines = json_remove(lines, '$."' || OLD.pos || '"')
    WHERE n = (SELECT n FROM item WHERE id = OLD.item);
  UPDATE item SET modified = CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) WHERE id = OLD.item;
END;
COMMIT;
