-- Version 3: how healthy each camera's scene was, minute by minute.

-- Parts of 0..=255, in the order of `HealthPart::ALL`: five means, then the
-- five lowest.
CREATE TABLE scene_health (
    camera_id TEXT    NOT NULL,
    minute_at INTEGER NOT NULL,
    parts     BLOB    NOT NULL,
    PRIMARY KEY (camera_id, minute_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX scene_health_by_time ON scene_health (minute_at);
