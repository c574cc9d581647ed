-- The short numbers of replicas and units in the replica's items (engine/metastore,
-- MarshalKeys), which change with the rows in one transaction.
ALTER TABLE metastore_replica ADD COLUMN keys BLOB NOT NULL DEFAULT x'';
