format 11
CREATE INDEX alarm_by_incident ON alarm (incident_id, event_id);
CREATE INDEX alarm_history_by_event ON alarm_history (event_id, history_id);
CREATE INDEX alarm_open ON alarm (state, severity) WHERE state <> 'closed';
CREATE INDEX attribute_by_value ON sighting_attribute (name, value, sighting_id);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX clip_kept ON clip (camera_id, alarm_at) WHERE gone IS NULL;
CREATE INDEX count_by_time ON count (until_at);
CREATE INDEX count_sum_by_rule ON count_sum (step_s, camera_id, rule_id, from_at);
CREATE INDEX count_sum_by_time ON count_sum (from_at);
CREATE INDEX event_by_camera ON event (camera_id, event_id);
CREATE INDEX event_by_class ON event (class, event_id);
CREATE INDEX event_by_kind ON event (kind, event_id);
CREATE INDEX event_by_track ON event (camera_id, track_id) WHERE track_id IS NOT NULL;
CREATE INDEX event_open ON event (camera_id, event_id) WHERE phase <> 'end';
CREATE INDEX heat_by_time ON heat (until_at);
CREATE INDEX login_failure_by_time ON login_failure (last_at);
CREATE INDEX node_camera_by_node ON node_camera (node_id);
CREATE INDEX outbox_by_age ON outbox (sink, is_dead, outbox_id);
CREATE INDEX outbox_by_camera ON outbox (sink, is_dead, camera_id, outbox_id);
CREATE INDEX scene_chunk_by_time ON scene_chunk (until_at);
CREATE INDEX scene_health_by_time ON scene_health (minute_at);
CREATE INDEX score_hour_by_time ON score_hour (hour_at);
CREATE INDEX session_by_expiry ON session (expires_at);
CREATE INDEX session_by_user ON session (user_id, created_at);
CREATE INDEX shot_by_time ON shot (captured_at, len_bytes);
CREATE INDEX sighting_by_end ON sighting (last_seen_at);
CREATE INDEX sighting_by_time ON sighting (first_seen_at, sighting_id);
CREATE INDEX state_change_by_time ON state_change (at);
CREATE INDEX state_picture_by_detector ON state_picture (camera_id, detector_id, picture_id);
CREATE TABLE alarm (
    event_id    BLOB    NOT NULL PRIMARY KEY CHECK (length(event_id) = 16),
    incident_id BLOB    NOT NULL CHECK (length(incident_id) = 16),
    severity    INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
    state       TEXT    NOT NULL,
    assignee    TEXT,
    reason      TEXT,
    revision    INTEGER NOT NULL,
    n_notes     INTEGER NOT NULL,
    changed_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE alarm_history (
    history_id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id   BLOB    NOT NULL CHECK (length(event_id) = 16),
    revision   INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    who        TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    assignee   TEXT,
    reason     TEXT,
    text       TEXT    NOT NULL
) STRICT;
CREATE TABLE api_token (
    token_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT    NOT NULL,
    token_hash   BLOB    NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    scopes       TEXT    NOT NULL,
    created_by   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    last_used_at INTEGER
) STRICT;
CREATE TABLE audit (
    audit_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    who      TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    before   TEXT,
    after    TEXT
) STRICT;
CREATE TABLE camera_track (
    camera_id     TEXT    NOT NULL PRIMARY KEY,
    next_track_id INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE control_log (
    log_id INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    who    TEXT    NOT NULL,
    what   TEXT    NOT NULL,
    before TEXT,
    after  TEXT,
    hash   BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;
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
CREATE TABLE count_sum (
    step_s    INTEGER NOT NULL,
    metric    TEXT    NOT NULL,
    class     TEXT    NOT NULL,
    from_at   INTEGER NOT NULL,
    camera_id TEXT    NOT NULL,
    rule_id   INTEGER NOT NULL,
    value     REAL    NOT NULL,
    weight_s  REAL    NOT NULL,
    PRIMARY KEY (step_s, metric, class, from_at, camera_id, rule_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE database_id (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id       BLOB    NOT NULL CHECK (length(id) = 16)
) STRICT;
CREATE TABLE event (
    event_id   BLOB    NOT NULL PRIMARY KEY CHECK (length(event_id) = 16),
    camera_id  TEXT    NOT NULL,
    program    TEXT    NOT NULL,
    rule_id    INTEGER NOT NULL,
    rule_name  TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    zone_id    INTEGER,
    phase      TEXT    NOT NULL,
    step       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    track_id   INTEGER,
    class      TEXT,
    score      REAL    NOT NULL,
    x1 REAL, y1 REAL, x2 REAL, y2 REAL,
    why        TEXT    NOT NULL
, detail TEXT NOT NULL DEFAULT '{}') STRICT, WITHOUT ROWID;
CREATE TABLE event_step (
    event_id   BLOB    NOT NULL CHECK (length(event_id) = 16),
    camera_id  TEXT    NOT NULL,
    program    TEXT    NOT NULL,
    rule_id    INTEGER NOT NULL,
    rule_name  TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    zone_id    INTEGER,
    phase      TEXT    NOT NULL,
    step       INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    track_id   INTEGER,
    class      TEXT,
    score      REAL    NOT NULL,
    x1 REAL, y1 REAL, x2 REAL, y2 REAL,
    why        TEXT    NOT NULL, detail TEXT NOT NULL DEFAULT '{}',
    PRIMARY KEY (event_id, step)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE feed_gone (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    until_no INTEGER NOT NULL
) STRICT;
CREATE TABLE heat (
    camera_id TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    from_at   INTEGER NOT NULL,
    until_at  INTEGER NOT NULL,
    cells     BLOB    NOT NULL,
    PRIMARY KEY (camera_id, kind, from_at)
) STRICT;
CREATE TABLE login_failure (
    key          TEXT    NOT NULL PRIMARY KEY,
    n_failures   INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    locked_until INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE node_camera (
    camera_id TEXT NOT NULL PRIMARY KEY,
    node_id   TEXT NOT NULL,
    document  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE node_feed (
    node_id        TEXT    NOT NULL PRIMARY KEY,
    database_id    TEXT    NOT NULL,
    cursor         TEXT    NOT NULL,
    history_cursor TEXT,
    history_until  TEXT,
    quiet_before   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
    outbox_id  INTEGER PRIMARY KEY AUTOINCREMENT,
    sink       TEXT    NOT NULL REFERENCES sink (name) ON DELETE CASCADE,
    camera_id  TEXT    NOT NULL,
    event_id   BLOB    NOT NULL,
    step       INTEGER NOT NULL,
    queued_at  INTEGER NOT NULL,
    is_dead    INTEGER NOT NULL DEFAULT 0,
    n_attempts INTEGER NOT NULL DEFAULT 0,
    retry_at   INTEGER,
    last_error TEXT,
    UNIQUE (event_id, step, sink)
) STRICT;
CREATE TABLE scene_chunk (
    camera_id TEXT    NOT NULL,
    from_at   INTEGER NOT NULL,
    until_at  INTEGER NOT NULL,
    n_scenes  INTEGER NOT NULL,
    body      BLOB    NOT NULL,
    PRIMARY KEY (camera_id, from_at)
) STRICT;
CREATE TABLE scene_health (
    camera_id TEXT    NOT NULL,
    minute_at INTEGER NOT NULL,
    parts     BLOB    NOT NULL,
    PRIMARY KEY (camera_id, minute_at)
) STRICT, WITHOUT ROWID;
CREATE TABLE score_hour (
    camera_id TEXT    NOT NULL,
    zone_id   INTEGER NOT NULL,
    hour_at   INTEGER NOT NULL,
    class     TEXT    NOT NULL,
    bins      BLOB    NOT NULL,
    PRIMARY KEY (camera_id, zone_id, hour_at, class)
) STRICT, WITHOUT ROWID;
CREATE TABLE session (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES user (user_id) ON DELETE CASCADE,
    csrf_token TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (
    key       TEXT    NOT NULL,
    revision  INTEGER NOT NULL,
    document  TEXT,
    by_whom   TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (key, revision)
) STRICT, WITHOUT ROWID;
CREATE TABLE setup_token (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    token_hash BLOB    NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE TABLE shot (
    shot_id     INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id   TEXT    NOT NULL,
    track_id    INTEGER NOT NULL,
    stage       TEXT    NOT NULL,
    captured_at INTEGER NOT NULL,
    class       TEXT    NOT NULL,
    score       REAL    NOT NULL,
    x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL,
    size        REAL    NOT NULL,
    sharpness   REAL    NOT NULL,
    whole       REAL    NOT NULL,
    confidence  REAL    NOT NULL,
    exposure    REAL    NOT NULL,
    total       REAL    NOT NULL,
    width_px    INTEGER NOT NULL,
    height_px   INTEGER NOT NULL,
    len_bytes   INTEGER NOT NULL,
    UNIQUE (camera_id, track_id)
) STRICT;
CREATE TABLE shot_jpeg (
    shot_id INTEGER PRIMARY KEY REFERENCES shot (shot_id) ON DELETE CASCADE,
    jpeg    BLOB NOT NULL
) STRICT;
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
CREATE TABLE "sighting_attribute" (
    sighting_id INTEGER NOT NULL REFERENCES sighting (sighting_id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    likelihood  REAL    NOT NULL,
    PRIMARY KEY (sighting_id, name, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE sighting_change (
    change_no   INTEGER PRIMARY KEY AUTOINCREMENT,
    sighting_id INTEGER NOT NULL
) STRICT;
CREATE TABLE sighting_embedding (
    sighting_id INTEGER NOT NULL REFERENCES sighting (sighting_id) ON DELETE CASCADE,
    maker       TEXT    NOT NULL,
    vector      BLOB    NOT NULL,
    PRIMARY KEY (sighting_id, maker)
) STRICT, WITHOUT ROWID;
CREATE TABLE sink (
    name              TEXT    NOT NULL PRIMARY KEY,
    is_enabled        INTEGER NOT NULL,
    registered_at     INTEGER NOT NULL,
    n_delivered       INTEGER NOT NULL DEFAULT 0,
    n_dropped         INTEGER NOT NULL DEFAULT 0,
    last_delivered_at INTEGER,
    last_error        TEXT,
    last_error_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE state_change (
    camera_id   TEXT    NOT NULL,
    detector_id INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    state_id    INTEGER,
    likelihood  REAL    NOT NULL,
    PRIMARY KEY (camera_id, detector_id, at)
) STRICT, WITHOUT ROWID;
CREATE TABLE state_label (
    picture_id    INTEGER NOT NULL,
    from_version  INTEGER NOT NULL,
    until_version INTEGER,
    state_id      INTEGER NOT NULL,
    who           TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    PRIMARY KEY (picture_id, from_version)
) STRICT, WITHOUT ROWID;
CREATE TABLE state_picture (
    picture_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id    TEXT    NOT NULL,
    detector_id  INTEGER NOT NULL,
    captured_at  INTEGER NOT NULL,
    is_grey      INTEGER NOT NULL CHECK (is_grey IN (0, 1)),
    is_candidate INTEGER NOT NULL CHECK (is_candidate IN (0, 1)),
    len_bytes    INTEGER NOT NULL,
    region       BLOB    NOT NULL,
    look         BLOB    NOT NULL,
    jpeg         BLOB    NOT NULL
) STRICT;
CREATE TABLE state_version (
    camera_id   TEXT    NOT NULL,
    detector_id INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    who         TEXT    NOT NULL,
    what        TEXT    NOT NULL,
    state_id    INTEGER,
    n_examples  INTEGER NOT NULL,
    PRIMARY KEY (camera_id, detector_id, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE user (
    user_id       INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL UNIQUE COLLATE NOCASE,
    password_hash TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    disabled_at   INTEGER
) STRICT;
CREATE TRIGGER alarm_history_is_append_only BEFORE UPDATE ON alarm_history
BEGIN
    SELECT RAISE(ABORT, 'the history of alarms is never changed');
END;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit rows are never changed');
END;
CREATE TRIGGER control_log_is_append_only BEFORE UPDATE ON control_log
BEGIN
    SELECT RAISE(ABORT, 'control log rows are never changed');
END;
CREATE TRIGGER control_log_is_kept BEFORE DELETE ON control_log
BEGIN
    SELECT RAISE(ABORT, 'control log rows are never removed');
END;
CREATE TRIGGER feed_camera AFTER INSERT ON settings WHEN new.key LIKE 'camera/%'
BEGIN
    DELETE FROM feed WHERE kind = 1 AND key = substr(new.key, 8) AND sub = 0;
    INSERT INTO feed (kind, key, sub) VALUES (1, substr(new.key, 8), 0);
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
CREATE TRIGGER feed_shot AFTER INSERT ON shot WHEN instr(new.camera_id, '.') = 0
BEGIN
    INSERT INTO feed (kind, key, sub) VALUES (3, new.shot_id, 0);
END;
CREATE TRIGGER feed_shot_again AFTER UPDATE ON shot WHEN instr(new.camera_id, '.') = 0
BEGIN
    DELETE FROM feed WHERE kind = 3 AND key = new.shot_id AND sub = 0;
    INSERT INTO feed (kind, key, sub) VALUES (3, new.shot_id, 0);
END;
CREATE TRIGGER feed_shot_gone AFTER DELETE ON shot WHEN instr(old.camera_id, '.') = 0
BEGIN
    UPDATE feed_gone SET until_no = max(until_no, coalesce((SELECT feed_no FROM feed
        WHERE kind = 3 AND key = old.shot_id AND sub = 0), 0));
    DELETE FROM feed WHERE kind = 3 AND key = old.shot_id AND sub = 0;
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
CREATE TRIGGER feed_sighting_gone AFTER DELETE ON sighting WHEN instr(old.camera_id, '.') = 0
BEGIN
    UPDATE feed_gone SET until_no = max(until_no, coalesce((SELECT feed_no FROM feed
        WHERE kind = 4 AND key = old.sighting_id AND sub = 0), 0));
    DELETE FROM feed WHERE kind = 4 AND key = old.sighting_id AND sub = 0;
END;
CREATE TRIGGER feed_step AFTER INSERT ON event_step WHEN instr(new.camera_id, '.') = 0
BEGIN
    INSERT INTO feed (kind, key, sub) VALUES (2, new.event_id, new.step);
END;
CREATE TRIGGER feed_step_gone AFTER DELETE ON event_step WHEN instr(old.camera_id, '.') = 0
BEGIN
    UPDATE feed_gone SET until_no = max(until_no, coalesce((SELECT feed_no FROM feed
        WHERE kind = 2 AND key = old.event_id AND sub = old.step), 0));
    DELETE FROM feed WHERE kind = 2 AND key = old.event_id AND sub = old.step;
END;
CREATE TRIGGER sighting_is_changed AFTER UPDATE ON sighting
BEGIN
    INSERT INTO sighting_change (sighting_id) VALUES (new.sighting_id);
END;
CREATE TRIGGER sighting_is_gone AFTER DELETE ON sighting
BEGIN
    INSERT INTO sighting_change (sighting_id) VALUES (old.sighting_id);
END;
CREATE TRIGGER sighting_is_new AFTER INSERT ON sighting
BEGIN
    INSERT INTO sighting_change (sighting_id) VALUES (new.sighting_id);
END;
