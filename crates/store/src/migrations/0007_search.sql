-- Search by looks, beside the database.

-- An attribute may have two values (clothes and cars of two colours): until
-- now the second took the place of the first.
CREATE TABLE sighting_attribute_2 (
    sighting_id INTEGER NOT NULL REFERENCES sighting (sighting_id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    likelihood  REAL    NOT NULL,
    PRIMARY KEY (sighting_id, name, value)
) STRICT, WITHOUT ROWID;
INSERT INTO sighting_attribute_2 SELECT sighting_id, name, value, likelihood FROM sighting_attribute;
DROP TABLE sighting_attribute;
ALTER TABLE sighting_attribute_2 RENAME TO sighting_attribute;
CREATE INDEX attribute_by_value ON sighting_attribute (name, value, sighting_id);

-- Which sightings changed or went, in order: what the index of the search
-- still has to take in. Numbers are never used twice.
CREATE TABLE sighting_change (
    change_no   INTEGER PRIMARY KEY AUTOINCREMENT,
    sighting_id INTEGER NOT NULL
) STRICT;
CREATE TRIGGER sighting_is_new AFTER INSERT ON sighting
BEGIN
    INSERT INTO sighting_change (sighting_id) VALUES (new.sighting_id);
END;
CREATE TRIGGER sighting_is_changed AFTER UPDATE ON sighting
BEGIN
    INSERT INTO sighting_change (sighting_id) VALUES (new.sighting_id);
END;
CREATE TRIGGER sighting_is_gone AFTER DELETE ON sighting
BEGIN
    INSERT INTO sighting_change (sighting_id) VALUES (old.sighting_id);
END;
