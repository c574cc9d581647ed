-- Items that left by a filter of an exchange: the store knows nothing of them until they
-- come back, from who knows the versions that they left with. See engine/filter_exchange.go.
CREATE TABLE ghost (
  kind TEXT NOT NULL,
  item BLOB NOT NULL,
  "left" BLOB NOT NULL,
  PRIMARY KEY (kind, item)
) STRICT, WITHOUT ROWID;
