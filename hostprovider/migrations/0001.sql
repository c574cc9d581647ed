-- The base tables are private: other programs use the views items and
-- properties (docs/store.md). Times are Unix milliseconds, IDs of replicas and
-- peers 16 bytes, item IDs the text form of a UUID.

-- The store as a whole: its identity in session marks, and where it was at home
-- when it took that identity (a copy is elsewhere).
CREATE TABLE store (
  one     INTEGER PRIMARY KEY CHECK (one = 1),
  id      BLOB    NOT NULL,
  machine TEXT    NOT NULL,
  device  INTEGER NOT NULL,
  inode   INTEGER NOT NULL,
  created INTEGER NOT NULL
) STRICT;

-- One row a kind: the replica, the highest tick ever stamped, the highest that
-- went into a committed session, what is known and what was forgotten.
CREATE TABLE scope (
  kind      TEXT    PRIMARY KEY,
  replica   BLOB    NOT NULL,
  tick      INTEGER NOT NULL DEFAULT 0,
  shared    INTEGER NOT NULL DEFAULT 0,
  knowledge BLOB    NOT NULL DEFAULT x'',
  forgotten BLOB    NOT NULL DEFAULT x''
) STRICT;

-- Replicas under which this store versions what a phone's user did.
CREATE TABLE proxy (
  kind    TEXT    NOT NULL,
  replica BLOB    NOT NULL,
  tick    INTEGER NOT NULL,
  shared  INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, replica)
) STRICT, WITHOUT ROWID;

-- Items and tombstones. gone: 0 live, 1 a tombstone, 2 deleted through the view
-- and not settled yet. meta is NULL while an inserted item isn't settled (its id
-- is provisional); content: digest of all units but the collection, of a live
-- item; size: of its text, bytes.
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
CREATE INDEX item_uid ON item (uid, kind) WHERE uid IS NOT NULL;
CREATE INDEX item_content ON item (content, kind) WHERE content IS NOT NULL;
CREATE INDEX item_anonymous ON item (kind) WHERE uid IS NULL AND gone = 0;

-- An item's data. text is the original (a BLOB where it is no valid UTF-8), the
-- truth; draft a text edit that isn't settled; lines the property rows as one
-- JSON object {pos: [component, grp, name, params, value]}, derived from text
-- and carrying the row edits that aren't settled.
CREATE TABLE body (
  n     INTEGER PRIMARY KEY REFERENCES item (n) ON DELETE CASCADE,
  text  ANY,
  draft ANY,
  lines TEXT NOT NULL DEFAULT '{}'
) STRICT;

-- The greatest tick of each replica among an item's versions: enumeration.
CREATE TABLE version (
  kind    TEXT    NOT NULL,
  replica BLOB    NOT NULL,
  tick    INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (kind, replica, tick, n)
) STRICT, WITHOUT ROWID;

-- Edits made through the views, in the order made, each with its tick of the
-- store's own replica. op: create, text, collection, delete; insert, update,
-- removal (of a row). old and new: a row as in body.lines. given: the id
-- or the pos that an INSERT named, or the collection before a change.
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
CREATE INDEX pending_item ON pending (n, seq);

-- Phones. known: 1 a session was committed with it, 2 it was forgotten since; mark: the last one whose state
-- is certainly on the phone (mark.seq).
CREATE TABLE peer (
  n      INTEGER PRIMARY KEY,
  id     BLOB    NOT NULL UNIQUE,
  serial TEXT    NOT NULL DEFAULT '',
  name   TEXT    NOT NULL DEFAULT '',
  known  INTEGER NOT NULL DEFAULT 0,
  last   INTEGER NOT NULL DEFAULT 0,
  mark   INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Every session mark that was put into a phone's state, in the order made.
CREATE TABLE mark (
  seq  INTEGER PRIMARY KEY AUTOINCREMENT,
  mark BLOB    NOT NULL UNIQUE,
  peer BLOB    NOT NULL,
  at   INTEGER NOT NULL
) STRICT;

-- Marks given to other stores with changes, each for all ticks up to its own; and
-- the latest that is known of each other store.
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

-- What a phone holds of an item as far as this store knows: taken from there, or
-- about to be written there (announced). The newest row has the greatest seq.
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
CREATE INDEX view_item ON view (peer, kind, item, seq, announced);
CREATE INDEX view_path ON view (peer, path);

-- Conflicts, settled and open ones. A value that lost is kept as an item's text
-- and collection; texts are the unit's lines as a JSON array. obsolete: when it
-- left the waiting list; NULL while it counts.
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
CREATE INDEX conflict_item ON conflict (item, unit);
CREATE INDEX conflict_open ON conflict (kind, peer) WHERE state <> 'settled' AND obsolete IS NULL;

-- Runs that moved something.
CREATE TABLE run (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  at     INTEGER NOT NULL,
  peer   BLOB    NOT NULL,
  phone  TEXT    NOT NULL,
  undoes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A run's counts of a kind (JSON) and what the store knew after it: an item with
-- a version beyond was changed since.
CREATE TABLE run_scope (
  run       INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  kind      TEXT    NOT NULL,
  stats     TEXT    NOT NULL DEFAULT '{}',
  knowledge BLOB    NOT NULL DEFAULT x'',
  PRIMARY KEY (run, kind)
) STRICT;

-- The value that an item had at one side before a run; absent: it wasn't there.
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

-- What an undo has to put back on a phone. done: a session is writing it; the row
-- goes when the phone's state says so.
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

-- What a body that was read although it may not have changed looked like, by
-- device: a cache. body: its digest; reason: why it could not be taken, else NULL.
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

-- The own tick that went into the last session with each phone.
CREATE TABLE met (
  peer   BLOB    NOT NULL,
  kind   TEXT    NOT NULL,
  shared INTEGER NOT NULL,
  PRIMARY KEY (peer, kind)
) STRICT, WITHOUT ROWID;

-- What could not be synced with a phone, and since which run: listed in every run
-- while it fails. since 0: there was no run yet.
CREATE TABLE failing (
  peer  BLOB    NOT NULL,
  kind  TEXT    NOT NULL,
  item  TEXT    NOT NULL,
  path  TEXT    NOT NULL,
  side  TEXT    NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (peer, kind, item, path, side)
) STRICT, WITHOUT ROWID;
