-- Version 4: how sure the detector was of the objects in each zone, by hour.

-- zone_id 0: anywhere. bins: 100 numbers of 32 bits, lowest byte first.
CREATE TABLE score_hour (
    camera_id TEXT    NOT NULL,
    zone_id   INTEGER NOT NULL,
    hour_at   INTEGER NOT NULL,
    class     TEXT    NOT NULL,
    bins      BLOB    NOT NULL,
    PRIMARY KEY (camera_id, zone_id, hour_at, class)
) STRICT, WITHOUT ROWID;
CREATE INDEX score_hour_by_time ON score_hour (hour_at);
