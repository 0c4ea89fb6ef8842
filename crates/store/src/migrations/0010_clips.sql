-- Which stretch of a camera's pictures an alarm keeps. The pictures lie in
-- files beside the database; a file that no row wants is removed.
CREATE TABLE clip (
    event_id      BLOB    NOT NULL PRIMARY KEY CHECK (length(event_id) = 16),
    camera_id     TEXT    NOT NULL,
    alarm_at      INTEGER NOT NULL,
    is_open       INTEGER NOT NULL CHECK (is_open IN (0, 1)),
    from_at       INTEGER NOT NULL,
    until_at      INTEGER NOT NULL,
    end_from_at   INTEGER,
    end_until_at  INTEGER,
    gone          TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX clip_kept ON clip (camera_id, alarm_at) WHERE gone IS NULL;
