//! Sessions of signed-in users, and the counting of failed sign-ins.
//!
//! In: hashes of session tokens, never the tokens; keys under which failures
//! are counted (a name, an address: the caller's choice). Out: who is signed
//! in, and until when a key is locked out.
//!
//! Not here: making tokens, comparing passwords.

use rusqlite::{OptionalExtension as _, params};
use types::Timestamp;

use std::time::Duration;

use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::users::UserId;
use crate::{Reader, Store};

/// Most sessions of one user; the oldest ends when one more begins.
const MAX_SESSIONS_PER_USER: u32 = 32;
/// Longest CSRF token and longest failure key, bytes.
const MAX_TEXT_BYTES: usize = 256;
/// Most keys whose failures are remembered; the longest quiet is forgotten.
const MAX_FAILURE_KEYS: u32 = 10_000;

/// A session to begin.
#[derive(Clone)]
pub struct NewSession {
    /// SHA-256 of the token in the cookie.
    pub token_hash: [u8; 32],
    /// Who signed in.
    pub user_id: UserId,
    /// What requests that change something must carry.
    pub csrf_token: String,
    /// The present.
    pub now: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// A session that is alive.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub user_id: UserId,
    /// His name.
    pub user_name: String,
    /// His role, as of now.
    pub role: String,
    /// What requests that change something must carry.
    pub csrf_token: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession")
            .field("user_id", &self.user_id)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("user_name", &self.user_name)
            .field("role", &self.role)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// When failed sign-ins lock a key out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockoutPolicy {
    /// Failures after which the key is locked.
    pub max_failures: u32,
    /// A failure this long after the last one counts as the first again.
    pub forget_after: Duration,
    /// How long the key is locked.
    pub lock_for: Duration,
}

/// What is known of a key after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginState {
    /// Failures in a row.
    pub n_failures: u32,
    /// Until when the key is locked.
    pub locked_until: Option<Timestamp>,
}

impl Store {
    /// Begins a session.
    ///
    /// # Errors
    /// There is no such user, or storing failed.
    pub fn create_session(&mut self, session: &NewSession) -> Result<(), Error> {
        let what = "begin session";
        check_size(
            "begin session: bytes of the CSRF token",
            session.csrf_token.len(),
            MAX_TEXT_BYTES,
        )?;
        self.write(what, |transaction| {
            let is_user = transaction
                .query_row(
                    "SELECT 1 FROM user WHERE user_id = ?1",
                    [session.user_id.0],
                    |_| Ok(()),
                )
                .optional()
                .during(what)?;
            if is_user.is_none() {
                return Err(Error::NotFound {
                    what,
                    name: session.user_id.0.to_string(),
                });
            }
            transaction
                .execute(
                    "DELETE FROM session WHERE token_hash IN ( \
                     SELECT token_hash FROM session WHERE user_id = ?1 \
                     ORDER BY created_at DESC LIMIT -1 OFFSET ?2)",
                    params![session.user_id.0, MAX_SESSIONS_PER_USER - 1],
                )
                .during(what)?;
            transaction
                .execute(
                    "INSERT INTO session (token_hash, user_id, csrf_token, created_at, expires_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        session.token_hash,
                        session.user_id.0,
                        session.csrf_token,
                        session.now.as_micros(),
                        session.expires_at.as_micros()
                    ],
                )
                .map(drop)
                .during(what)
        })
    }

    /// Moves a session's end. Returns whether there is such a session.
    ///
    /// # Errors
    /// Storing failed.
    pub fn extend_session(
        &mut self,
        token_hash: &[u8; 32],
        expires_at: Timestamp,
    ) -> Result<bool, Error> {
        let what = "extend session";
        self.write(what, |transaction| {
            transaction
                .execute(
                    "UPDATE session SET expires_at = ?2 WHERE token_hash = ?1",
                    params![token_hash, expires_at.as_micros()],
                )
                .map(|n_changed| n_changed > 0)
                .during(what)
        })
    }

    /// Ends a session. Returns whether there was one.
    ///
    /// # Errors
    /// Storing failed.
    pub fn delete_session(&mut self, token_hash: &[u8; 32]) -> Result<bool, Error> {
        let what = "end session";
        self.write(what, |transaction| {
            transaction
                .execute("DELETE FROM session WHERE token_hash = ?1", [token_hash])
                .map(|n_deleted| n_deleted > 0)
                .during(what)
        })
    }

    /// Counts a failed sign-in under `key`, and locks the key when the policy
    /// says so.
    ///
    /// # Errors
    /// Storing failed.
    pub fn record_login_failure(
        &mut self,
        key: &str,
        policy: &LockoutPolicy,
        now: Timestamp,
    ) -> Result<LoginState, Error> {
        let what = "count failed sign-in";
        let key = cut_key(key);
        self.write(what, |transaction| {
            let before: Option<(u32, Timestamp)> = transaction
                .query_row(
                    "SELECT n_failures, last_at FROM login_failure WHERE key = ?1",
                    [&key],
                    |row| {
                        let mut fields = Fields::new(row);
                        Ok((fields.next()?, fields.time()?))
                    },
                )
                .optional()
                .during(what)?;
            let n_failures = match before {
                Some((n_failures, last_at))
                    if now.saturating_since(last_at) < policy.forget_after =>
                {
                    n_failures.saturating_add(1)
                }
                _ => 1,
            };
            let locked_until =
                (n_failures >= policy.max_failures).then(|| now.saturating_add(policy.lock_for));
            transaction
                .execute(
                    "INSERT INTO login_failure (key, n_failures, last_at, locked_until) \
                     VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET \
                     n_failures = excluded.n_failures, last_at = excluded.last_at, \
                     locked_until = excluded.locked_until",
                    params![
                        key,
                        n_failures,
                        now.as_micros(),
                        locked_until.map(Timestamp::as_micros)
                    ],
                )
                .during(what)?;
            transaction
                .execute(
                    "DELETE FROM login_failure WHERE key IN ( \
                     SELECT key FROM login_failure ORDER BY last_at DESC LIMIT -1 OFFSET ?1)",
                    [MAX_FAILURE_KEYS],
                )
                .during(what)?;
            Ok(LoginState {
                n_failures,
                locked_until,
            })
        })
    }

    /// Forgets the failures of `key`, after a success.
    ///
    /// # Errors
    /// Storing failed.
    pub fn clear_login_failures(&mut self, key: &str) -> Result<(), Error> {
        let what = "forget failed sign-ins";
        let key = cut_key(key);
        self.write(what, |transaction| {
            transaction
                .execute("DELETE FROM login_failure WHERE key = ?1", [&key])
                .map(drop)
                .during(what)
        })
    }
}

impl Reader {
    /// The session of that token, if it is alive and its user enabled.
    ///
    /// # Errors
    /// Reading failed.
    pub fn session(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<Session>, Error> {
        self.conn
            .prepare_cached(
                "SELECT user_id, name, role, csrf_token, s.created_at, expires_at \
                 FROM session AS s JOIN user USING (user_id) \
                 WHERE token_hash = ?1 AND expires_at > ?2 AND disabled_at IS NULL",
            )
            .and_then(|mut select| {
                select
                    .query_row(params![token_hash, now.as_micros()], |row| {
                        let mut fields = Fields::new(row);
                        Ok(Session {
                            user_id: UserId(fields.next()?),
                            user_name: fields.next()?,
                            role: fields.next()?,
                            csrf_token: fields.next()?,
                            created_at: fields.time()?,
                            expires_at: fields.time()?,
                        })
                    })
                    .optional()
            })
            .during("read session")
    }

    /// Until when sign-ins under `key` are refused; `None` when they are not.
    ///
    /// # Errors
    /// Reading failed.
    pub fn login_lock(&self, key: &str, now: Timestamp) -> Result<Option<Timestamp>, Error> {
        self.conn
            .prepare_cached(
                "SELECT locked_until FROM login_failure WHERE key = ?1 AND locked_until > ?2",
            )
            .and_then(|mut select| {
                select
                    .query_row(params![cut_key(key), now.as_micros()], |row| {
                        Fields::new(row).time()
                    })
                    .optional()
            })
            .during("read sign-in lock")
    }
}

/// The key as it is stored: what comes from outside may be of any length.
fn cut_key(key: &str) -> String {
    let mut end = key.len().min(MAX_TEXT_BYTES);
    while !key.is_char_boundary(end) {
        end -= 1;
    }
    key.get(..end).unwrap_or_default().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UserChange;
    use crate::testing::{at, open};

    const POLICY: LockoutPolicy = LockoutPolicy {
        max_failures: 3,
        forget_after: Duration::from_secs(60),
        lock_for: Duration::from_secs(300),
    };

    fn begin(store: &mut Store, user_id: UserId, token: u8, second: i64) {
        let session = NewSession {
            token_hash: [token; 32],
            user_id,
            csrf_token: "csrf".to_owned(),
            now: at(second),
            expires_at: at(100),
        };
        store.create_session(&session).unwrap();
    }

    #[test]
    fn session_lives_until_it_expires_or_is_ended() {
        let (mut store, _folder) = open();
        let ann = store.create_user("ann", "h", "viewer", at(0)).unwrap();
        begin(&mut store, ann, 1, 0);
        let session = store.session(&[1; 32], at(99)).unwrap().unwrap();
        assert_eq!((session.user_id, session.user_name.as_str()), (ann, "ann"));
        assert_eq!(
            (session.role.as_str(), session.csrf_token.as_str()),
            ("viewer", "csrf")
        );
        assert_eq!(store.session(&[1; 32], at(100)).unwrap(), None);
        assert_eq!(store.session(&[2; 32], at(1)).unwrap(), None);
        assert!(store.extend_session(&[1; 32], at(200)).unwrap());
        assert!(store.session(&[1; 32], at(100)).unwrap().is_some());
        assert!(store.delete_session(&[1; 32]).unwrap());
        assert_eq!(store.session(&[1; 32], at(1)).unwrap(), None);
        assert!(!store.delete_session(&[1; 32]).unwrap());
    }

    #[test]
    fn sessions_end_when_their_user_is_disabled_deleted_or_has_a_new_password() {
        type Change = fn(&mut Store, UserId) -> Result<(), Error>;
        let changes: [Change; 3] = [
            |store, ann| {
                let change = UserChange {
                    disabled_at: Some(Some(at(2))),
                    ..UserChange::default()
                };
                store.change_user(ann, &change, None)
            },
            |store, ann| store.delete_user(ann, None),
            |store, ann| {
                let change = UserChange {
                    password_hash: Some("new"),
                    ..UserChange::default()
                };
                store.change_user(ann, &change, None)
            },
        ];
        for change in changes {
            let (mut store, _folder) = open();
            let ann = store.create_user("ann", "h", "viewer", at(0)).unwrap();
            begin(&mut store, ann, 1, 0);
            change(&mut store, ann).unwrap();
            assert_eq!(store.session(&[1; 32], at(3)).unwrap(), None);
        }
    }

    #[test]
    fn session_goes_on_with_another_role() {
        let (mut store, _folder) = open();
        let ann = store.create_user("ann", "h", "viewer", at(0)).unwrap();
        begin(&mut store, ann, 1, 0);
        let change = UserChange {
            role: Some("boss"),
            ..UserChange::default()
        };
        store.change_user(ann, &change, None).unwrap();
        assert_eq!(
            store.session(&[1; 32], at(3)).unwrap().unwrap().role,
            "boss"
        );
    }

    #[test]
    fn oldest_session_of_a_user_ends_when_he_has_too_many() {
        let (mut store, _folder) = open();
        let ann = store.create_user("ann", "h", "viewer", at(0)).unwrap();
        for number in 0..=32_u8 {
            begin(&mut store, ann, number, number.into());
        }
        assert_eq!(store.session(&[0; 32], at(50)).unwrap(), None);
        assert!(store.session(&[1; 32], at(50)).unwrap().is_some());
        assert!(store.session(&[32; 32], at(50)).unwrap().is_some());
    }

    #[test]
    fn session_of_nobody_is_refused() {
        let (mut store, _folder) = open();
        let session = NewSession {
            token_hash: [1; 32],
            user_id: UserId(77),
            csrf_token: String::new(),
            now: at(0),
            expires_at: at(1),
        };
        assert!(matches!(
            store.create_session(&session),
            Err(Error::NotFound { .. })
        ));
    }

    #[test]
    fn third_failure_locks_the_key_for_a_while() {
        let (mut store, _folder) = open();
        for second in 0..2 {
            let state = store
                .record_login_failure("ann", &POLICY, at(second))
                .unwrap();
            assert_eq!(state.locked_until, None);
        }
        let state = store.record_login_failure("Ann", &POLICY, at(2)).unwrap();
        assert_eq!((state.n_failures, state.locked_until), (3, Some(at(302))));
        assert_eq!(store.login_lock("ANN", at(301)).unwrap(), Some(at(302)));
        assert_eq!(store.login_lock("ann", at(302)).unwrap(), None);
        assert_eq!(store.login_lock("bob", at(3)).unwrap(), None);
    }

    #[test]
    fn failures_are_forgotten_after_quiet_or_success() {
        let (mut store, _folder) = open();
        for second in [0, 59, 119] {
            store
                .record_login_failure("ann", &POLICY, at(second))
                .unwrap();
        }
        assert_eq!(store.login_lock("ann", at(120)).unwrap(), None);
        store.clear_login_failures("ann").unwrap();
        let state = store.record_login_failure("ann", &POLICY, at(120)).unwrap();
        assert_eq!(state.n_failures, 1);
    }

    #[test]
    fn key_of_any_length_is_cut_at_a_character() {
        assert_eq!(cut_key(&"ä".repeat(500)).len(), MAX_TEXT_BYTES);
        assert_eq!(
            cut_key(&format!("x{}", "ä".repeat(500))).len(),
            MAX_TEXT_BYTES - 1
        );
    }
}
