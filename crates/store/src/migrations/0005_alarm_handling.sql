-- Version 5: how people handle alarms.

-- One row per event, made with its first step. severity: 0 info to 4 critical.
-- incident_id: the event that began the incident.
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
CREATE INDEX alarm_by_incident ON alarm (incident_id, event_id);
CREATE INDEX alarm_open ON alarm (state, severity) WHERE state <> 'closed';

-- What was done with alarms. Rows are added, removed with their event, and
-- never changed.
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
CREATE INDEX alarm_history_by_event ON alarm_history (event_id, history_id);
CREATE TRIGGER alarm_history_is_append_only BEFORE UPDATE ON alarm_history
BEGIN
    SELECT RAISE(ABORT, 'the history of alarms is never changed');
END;

-- What was raised before alarms could be handled waits for nobody.
INSERT INTO alarm_history (event_id, revision, at, who, kind, assignee, reason, text)
SELECT event_id, 1, at, 'airelay', 'close', NULL, 'other', 'raised before alarms could be handled'
FROM event;
INSERT INTO alarm
SELECT event_id, event_id, 2, 'closed', NULL, 'other', 1, 0, at FROM event;
