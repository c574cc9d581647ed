-- The short numbers that the replicas and units of a kind have in the metadata of its
-- items (item.meta, view.meta), given when one is first used and never changed:
-- a row of its own metadata would have to bring them each time. replica_key.n stands
-- for kind and replica in version.
CREATE TABLE replica_key (
  n       INTEGER PRIMARY KEY,
  kind    TEXT    NOT NULL,
  key     INTEGER NOT NULL,
  replica BLOB    NOT NULL,
  UNIQUE (kind, key),
  UNIQUE (kind, replica)
) STRICT;
CREATE TABLE unit_key (
  kind TEXT    NOT NULL,
  key  INTEGER NOT NULL,
  unit TEXT    NOT NULL,
  PRIMARY KEY (kind, key),
  UNIQUE (kind, unit)
) STRICT, WITHOUT ROWID;

INSERT INTO replica_key (kind, key, replica)
  SELECT kind, row_number() OVER (PARTITION BY kind ORDER BY replica), replica
  FROM (SELECT DISTINCT kind, replica FROM version WHERE length(replica) = 16)
  ORDER BY kind, replica;

-- The greatest tick of each replica among an item's versions: enumeration.
CREATE TABLE version_by_key (
  replica INTEGER NOT NULL,
  tick    INTEGER NOT NULL,
  n       INTEGER NOT NULL,
  PRIMARY KEY (replica, tick, n)
) STRICT, WITHOUT ROWID;
INSERT INTO version_by_key (replica, tick, n)
  SELECT r.n, v.tick, v.n FROM version v JOIN replica_key r ON r.kind = v.kind AND r.replica = v.replica;
DROP TABLE version;
ALTER TABLE version_by_key RENAME TO version;
