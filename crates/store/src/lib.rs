//! Settings, events, best shots, counts, outbox, audit: the only SQL.
