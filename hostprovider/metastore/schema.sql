-- The version of these tables; the file's user_version may be another program part's.
CREATE TABLE metastore_schema (
	one     INTEGER PRIMARY KEY CHECK (one = 1),
	version INTEGER NOT NULL
) STRICT;

-- One row a replica. What is known of it is in body (engine/metastore, MarshalReplica),
-- with a checksum; number is only for the other tables. items counts its rows in
-- metastore_item: a damaged page that hides some is found by it.
CREATE TABLE metastore_replica (
	number INTEGER PRIMARY KEY,
	name   TEXT NOT NULL UNIQUE,
	items  INTEGER NOT NULL DEFAULT 0,
	body   BLOB NOT NULL
) STRICT;

-- One row an item, tombstones included: body is MarshalItem's.
CREATE TABLE metastore_item (
	replica INTEGER NOT NULL REFERENCES metastore_replica ON DELETE CASCADE,
	id      BLOB NOT NULL CHECK (length(id) = 16),
	deleted INTEGER NOT NULL CHECK (deleted IN (0, 1)),
	body    BLOB NOT NULL,
	PRIMARY KEY (replica, id)
) STRICT, WITHOUT ROWID;

-- An item's fields once more, to be looked up by.
CREATE TABLE metastore_field (
	replica INTEGER NOT NULL,
	item    BLOB NOT NULL,
	name    TEXT NOT NULL,
	value   BLOB NOT NULL,
	PRIMARY KEY (replica, item, name),
	FOREIGN KEY (replica, item) REFERENCES metastore_item (replica, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX metastore_field_value ON metastore_field (replica, name, value, item);
