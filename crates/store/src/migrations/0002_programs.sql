-- Version 2: what the analytics programs need beside intruder alarms.

-- What only some kinds of events know, as JSON (see `detail.rs`).
ALTER TABLE event ADD COLUMN detail TEXT NOT NULL DEFAULT '{}';
ALTER TABLE event_step ADD COLUMN detail TEXT NOT NULL DEFAULT '{}';

-- Counts: one number per rule, metric, class ('' for all) and interval. The
-- numbers stored so far were crossings without a direction; none was shipped.
DROP TABLE count;
CREATE TABLE count (
    camera_id  TEXT    NOT NULL,
    rule_id    INTEGER NOT NULL,
    from_at    INTEGER NOT NULL,
    metric     TEXT    NOT NULL,
    class      TEXT    NOT NULL,
    until_at   INTEGER NOT NULL,
    value      REAL    NOT NULL,
    PRIMARY KEY (camera_id, rule_id, from_at, metric, class)
) STRICT, WITHOUT ROWID;
CREATE INDEX count_by_time ON count (until_at);

-- Sightings: what People and Vehicle know of one followed object. Attributes
-- are rows, so that searches by them use an index.
CREATE TABLE sighting (
    sighting_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id     TEXT    NOT NULL,
    program       TEXT    NOT NULL,
    track_id      INTEGER NOT NULL,
    class         TEXT    NOT NULL,
    score         REAL    NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at  INTEGER NOT NULL,
    is_final      INTEGER NOT NULL,
    heading_deg   REAL,
    speed_mps     REAL,
    zones         TEXT    NOT NULL,
    lines         TEXT    NOT NULL,
    UNIQUE (camera_id, program, track_id)
) STRICT;
CREATE INDEX sighting_by_time ON sighting (first_seen_at, sighting_id);
CREATE INDEX sighting_by_end ON sighting (last_seen_at);

CREATE TABLE sighting_attribute (
    sighting_id INTEGER NOT NULL REFERENCES sighting (sighting_id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    likelihood  REAL    NOT NULL,
    PRIMARY KEY (sighting_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX attribute_by_value ON sighting_attribute (name, value, sighting_id);

CREATE TABLE sighting_embedding (
    sighting_id INTEGER NOT NULL REFERENCES sighting (sighting_id) ON DELETE CASCADE,
    maker       TEXT    NOT NULL,
    vector      BLOB    NOT NULL,
    PRIMARY KEY (sighting_id, maker)
) STRICT, WITHOUT ROWID;

-- Scenes of the last hours, packed by the minute (see `scenes.rs`): what
-- "why was there no alarm" and "try before you apply" look at.
CREATE TABLE scene_chunk (
    camera_id TEXT    NOT NULL,
    from_at   INTEGER NOT NULL,
    until_at  INTEGER NOT NULL,
    n_scenes  INTEGER NOT NULL,
    body      BLOB    NOT NULL,
    PRIMARY KEY (camera_id, from_at)
) STRICT;
CREATE INDEX scene_chunk_by_time ON scene_chunk (until_at);

-- Heat maps by interval: 4-byte floats, row by row.
CREATE TABLE heat (
    camera_id TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    from_at   INTEGER NOT NULL,
    until_at  INTEGER NOT NULL,
    cells     BLOB    NOT NULL,
    PRIMARY KEY (camera_id, kind, from_at)
) STRICT;
CREATE INDEX heat_by_time ON heat (until_at);

-- What was done to the programs, each row sealed by a hash over itself and
-- the row before it.
CREATE TABLE control_log (
    log_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    who    TEXT    NOT NULL,
    what   TEXT    NOT NULL,
    before TEXT,
    after  TEXT,
    hash   BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TRIGGER control_log_is_append_only BEFORE UPDATE ON control_log
BEGIN
    SELECT RAISE(ABORT, 'control log rows are never changed');
END;
CREATE TRIGGER control_log_is_kept BEFORE DELETE ON control_log
BEGIN
    SELECT RAISE(ABORT, 'control log rows are never removed');
END;
