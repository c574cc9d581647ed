-- Collections that a person made: they are there although nothing is in them. Others
-- are there as long as an item is.
CREATE TABLE collection (
  kind TEXT    NOT NULL,
  name TEXT    NOT NULL,
  made INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
