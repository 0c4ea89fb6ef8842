-- Version 7: learnt states of parts of the scene.

-- Pictures of a detector's region. region: of which region the look is; a look
-- of another region is made anew from the picture. is_candidate: kept for
-- labelling.
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
CREATE INDEX state_picture_by_detector ON state_picture (camera_id, detector_id, picture_id);

-- Which state a picture is an example of, from one version of the examples
-- until another one.
CREATE TABLE state_label (
    picture_id    INTEGER NOT NULL,
    from_version  INTEGER NOT NULL,
    until_version INTEGER,
    state_id      INTEGER NOT NULL,
    who           TEXT    NOT NULL,
    at            INTEGER NOT NULL,
    PRIMARY KEY (picture_id, from_version)
) STRICT, WITHOUT ROWID;

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

-- When which detector came into which state; state_id NULL: not known.
CREATE TABLE state_change (
    camera_id   TEXT    NOT NULL,
    detector_id INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    state_id    INTEGER,
    likelihood  REAL    NOT NULL,
    PRIMARY KEY (camera_id, detector_id, at)
) STRICT, WITHOUT ROWID;
CREATE INDEX state_change_by_time ON state_change (at);
