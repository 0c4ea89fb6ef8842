-- Airelays that guard other airelays.

-- Which database this is: random, the same for its whole life.
CREATE TABLE database_id (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id       BLOB    NOT NULL CHECK (length(id) = 16)
) STRICT;
INSERT INTO database_id VALUES (1, randomblob(16));

-- Node's side: what is new, in order. Each thing stands in it once, under the
-- number of its newest change, so that reading it all from the start gives
-- everything there is. Numbers are never used twice by one run: a run of the
-- program is an epoch, and a cursor names both.
-- kind: 1 camera, 2 event step, 3 best shot, 4 sighting, 5 ten minutes of counts.
CREATE TABLE feed (
    feed_no INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    INTEGER NOT NULL,
    key     ANY     NOT NULL,
    sub     INTEGER NOT NULL,
    UNIQUE (kind, key, sub)
) STRICT;
CREATE TABLE feed_epoch (
    epoch_no INTEGER PRIMARY KEY AUTOINCREMENT,
    epoch    INTEGER NOT NULL UNIQUE,
    from_no  INTEGER NOT NULL
) STRICT;
-- The highest number of a thing that is gone.
CREATE TABLE feed_gone (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    until_no INTEGER NOT NULL
) STRICT;
INSERT INTO feed_gone VALUES (1, 0);

-- Cameras with a dot in their id are another node's: they are not passed on.
INSERT INTO feed (kind, key, sub)
SELECT DISTINCT 1, substr(key, 8), 0 FROM settings WHERE key LIKE 'camera/%';
INSERT INTO feed (kind, key, sub)
SELECT 3, shot_id, 0 FROM shot ORDER BY captured_at;
INSERT INTO feed (kind, key, sub)
SELECT 2, event_id, step FROM event_step ORDER BY event_id, step;
INSERT INTO feed (kind, key, sub)
SELECT 4, sighting_id, 0 FROM sighting ORDER BY first_seen_at;
INSERT INTO feed (kind, key, sub)
SELECT DISTINCT 5, camera_id || '/' || rule_id, from_at - from_at % 600000000 FROM count
ORDER BY 3;

CREATE TRIGGER feed_camera AFTER INSERT ON settings WHEN new.key LIKE 'camera/%'
BEGIN
    DELETE FROM feed WHERE kind = 1 AND key = substr(new.key, 8) AND sub = 0;
    INSERT INTO feed (kind, key, sub) VALUES (1, substr(new.key, 8), 0);
END;
CREATE TRIGGER feed_step AFTER INSERT ON event_step WHEN instr(new.camera_id, '.') = 0
BEGIN
    INSERT INTO feed (kind, key, sub) VALUES (2, new.event_id, new.step);
END;
CREATE TRIGGER feed_shot AFTER INSERT ON shot WHEN instr(new.camera_id, '.') = 0
BEGIN
    INSERT INTO feed (kind, key, sub) VALUES (3, new.shot_id, 0);
END;
CREATE TRIGGER feed_shot_again AFTER UPDATE ON shot WHEN instr(new.camera_id, '.') = 0
BEGIN
    DELETE FROM feed WHERE kind = 3 AND key = new.shot_id AND sub = 0;
    INSERT INTO feed (kind, key, sub) VALUES (3, new.shot_id, 0);
END;
CREATE TRIGGER feed_sighting AFTER INSERT ON sighting WHEN instr(new.camera_id, '.') = 0
BEGIN
    INSERT INTO feed (kind, key, sub) VALUES (4, new.sighting_id, 0);
END;
CREATE TRIGGER feed_sighting_again AFTER UPDATE ON sighting WHEN instr(new.camera_id, '.') = 0
BEGIN
    DELETE FROM feed WHERE kind = 4 AND key = new.sighting_id AND sub = 0;
    INSERT INTO feed (kind, key, sub) VALUES (4, new.sighting_id, 0);
END;
CREATE TRIGGER feed_count AFTER INSERT ON count WHEN instr(new.camera_id, '.') = 0
BEGIN
    DELETE FROM feed WHERE kind = 5 AND key = new.camera_id || '/' || new.rule_id
        AND sub = new.from_at - new.from_at % 600000000;
    INSERT INTO feed (kind, key, sub)
    VALUES (5, new.camera_id || '/' || new.rule_id, new.from_at - new.from_at % 600000000);
END;
CREATE TRIGGER feed_count_again AFTER UPDATE ON count WHEN instr(new.camera_id, '.') = 0
BEGIN
    DELETE FROM feed WHERE kind = 5 AND key = new.camera_id || '/' || new.rule_id
        AND sub = new.from_at - new.from_at % 600000000;
    INSERT INTO feed (kind, key, sub)
    VALUES (5, new.camera_id || '/' || new.rule_id, new.from_at - new.from_at % 600000000);
END;

CREATE TRIGGER feed_step_gone AFTER DELETE ON event_step WHEN instr(old.camera_id, '.') = 0
BEGIN
    UPDATE feed_gone SET until_no = max(until_no, coalesce((SELECT feed_no FROM feed
        WHERE kind = 2 AND key = old.event_id AND sub = old.step), 0));
    DELETE FROM feed WHERE kind = 2 AND key = old.event_id AND sub = old.step;
END;
CREATE TRIGGER feed_shot_gone AFTER DELETE ON shot WHEN instr(old.camera_id, '.') = 0
BEGIN
    UPDATE feed_gone SET until_no = max(until_no, coalesce((SELECT feed_no FROM feed
        WHERE kind = 3 AND key = old.shot_id AND sub = 0), 0));
    DELETE FROM feed WHERE kind = 3 AND key = old.shot_id AND sub = 0;
END;
CREATE TRIGGER feed_sighting_gone AFTER DELETE ON sighting WHEN instr(old.camera_id, '.') = 0
BEGIN
    UPDATE feed_gone SET until_no = max(until_no, coalesce((SELECT feed_no FROM feed
        WHERE kind = 4 AND key = old.sighting_id AND sub = 0), 0));
    DELETE FROM feed WHERE kind = 4 AND key = old.sighting_id AND sub = 0;
END;
CREATE TRIGGER feed_count_gone AFTER DELETE ON count WHEN instr(old.camera_id, '.') = 0
    AND NOT EXISTS (SELECT 1 FROM count WHERE camera_id = old.camera_id
        AND rule_id = old.rule_id AND from_at >= old.from_at - old.from_at % 600000000
        AND from_at < old.from_at - old.from_at % 600000000 + 600000000)
BEGIN
    UPDATE feed_gone SET until_no = max(until_no, coalesce((SELECT feed_no FROM feed
        WHERE kind = 5 AND key = old.camera_id || '/' || old.rule_id
        AND sub = old.from_at - old.from_at % 600000000), 0));
    DELETE FROM feed WHERE kind = 5 AND key = old.camera_id || '/' || old.rule_id
        AND sub = old.from_at - old.from_at % 600000000;
END;

-- Guard's side: how far each node's feed was taken over, and its cameras.
-- history_cursor: how far what was there before the registration was, until
-- history_until; both NULL when all of it is.
CREATE TABLE node_feed (
    node_id        TEXT    NOT NULL PRIMARY KEY,
    database_id    TEXT    NOT NULL,
    cursor         TEXT    NOT NULL,
    history_cursor TEXT,
    history_until  TEXT,
    quiet_before   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE node_camera (
    camera_id TEXT NOT NULL PRIMARY KEY,
    node_id   TEXT NOT NULL,
    document  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX node_camera_by_node ON node_camera (node_id);
