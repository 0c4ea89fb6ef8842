-- Counts added up by hour and by day (UTC), so that a year of many cameras is
-- answered at once. The order of the key is that of the questions: one metric,
-- one class, a stretch of time.
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
CREATE INDEX count_sum_by_rule ON count_sum (step_s, camera_id, rule_id, from_at);
CREATE INDEX count_sum_by_time ON count_sum (from_at);

INSERT INTO count_sum
SELECT 3600, metric, class, from_at - from_at % 3600000000, camera_id, rule_id,
    CASE WHEN metric IN ('peak', 'p95', 'stay_max') THEN max(value)
         WHEN metric IN ('mean', 'offset')
             THEN sum(value * (until_at - from_at)) / max(sum(until_at - from_at), 1)
         ELSE sum(value) END,
    sum(until_at - from_at) / 1e6
FROM count GROUP BY 2, 3, 4, 5, 6;
INSERT INTO count_sum
SELECT 86400, metric, class, from_at - from_at % 86400000000, camera_id, rule_id,
    CASE WHEN metric IN ('peak', 'p95', 'stay_max') THEN max(value)
         WHEN metric IN ('mean', 'offset')
             THEN sum(value * weight_s) / max(sum(weight_s), 1e-6)
         ELSE sum(value) END,
    sum(weight_s)
FROM count_sum WHERE step_s = 3600 GROUP BY 2, 3, 4, 5, 6;
