-- The public views (docs/store.md). Their triggers have to work in any program
-- with SQLite 3.37 or later and its default pragmas. They refuse by RAISE(ABORT)
-- after looking, and never lean on a constraint: an outer OR REPLACE or OR IGNORE
-- overrides conflict handling inside.

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
