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
