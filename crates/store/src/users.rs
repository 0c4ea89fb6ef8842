//! Users: who may sign in, as what, and the one-time token for the first.
//!
//! In: names, password hashes made by the caller, roles as text that only
//! relay understands. Out: rows.
//!
//! Not here: hashing and comparing passwords, what a role may do.

use rusqlite::{Connection, OptionalExtension as _, params};
use types::Timestamp;

use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::{Reader, Store};

/// Longest name, role and hash, bytes.
const MAX_TEXT_BYTES: usize = 256;
/// Most users.
const MAX_USERS: u32 = 1_000;

/// Identity of a user, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// One user.
#[derive(Clone, PartialEq, Eq)]
pub struct UserRow {
    /// Identity.
    pub user_id: UserId,
    /// Name for signing in; upper and lower case are the same name.
    pub name: String,
    /// As the caller gave it.
    pub password_hash: String,
    /// As the caller gave it.
    pub role: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it may not sign in.
    pub disabled_at: Option<Timestamp>,
}

/// What of a user shall become otherwise; `None` stays as it is.
#[derive(Clone, Copy, Default)]
pub struct UserChange<'a> {
    /// As the caller understands it.
    pub role: Option<&'a str>,
    /// Made by the caller.
    pub password_hash: Option<&'a str>,
    /// Since when it may not sign in; `Some(None)` lets it again.
    pub disabled_at: Option<Option<Timestamp>>,
}

impl std::fmt::Debug for UserChange<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserChange")
            .field("role", &self.role)
            .field("disabled_at", &self.disabled_at)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for UserRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserRow")
            .field("user_id", &self.user_id)
            .field("name", &self.name)
            .field("password_hash", &"***")
            .field("role", &self.role)
            .field("created_at", &self.created_at)
            .field("disabled_at", &self.disabled_at)
            .finish()
    }
}

impl Store {
    /// Makes a user.
    ///
    /// # Errors
    /// [`Error::Taken`], a bound is exceeded, or storing failed.
    pub fn create_user(
        &mut self,
        name: &str,
        password_hash: &str,
        role: &str,
        now: Timestamp,
    ) -> Result<UserId, Error> {
        self.write("create user", |transaction| {
            insert(transaction, name, password_hash, role, now)
        })
    }

    /// Changes a user. A new password, or to be disabled, ends his sessions.
    ///
    /// `must_stay`: a role that an enabled user must have afterwards.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::LastOfRole`], a bound is exceeded, or
    /// storing failed. Nothing has changed then.
    pub fn change_user(
        &mut self,
        user_id: UserId,
        change: &UserChange<'_>,
        must_stay: Option<&str>,
    ) -> Result<(), Error> {
        let what = "change user";
        for text in [change.role, change.password_hash].into_iter().flatten() {
            check_size(
                "change user: bytes of hash or role",
                text.len(),
                MAX_TEXT_BYTES,
            )?;
        }
        self.write(what, |transaction| {
            let (is_switched, disabled_at) = match change.disabled_at {
                Some(disabled_at) => (true, disabled_at.map(Timestamp::as_micros)),
                None => (false, None),
            };
            let n_changed = transaction
                .execute(
                    "UPDATE user SET role = coalesce(?2, role), \
                     password_hash = coalesce(?3, password_hash), \
                     disabled_at = iif(?4, ?5, disabled_at) WHERE user_id = ?1",
                    params![
                        user_id.0,
                        change.role,
                        change.password_hash,
                        is_switched,
                        disabled_at
                    ],
                )
                .during(what)?;
            check_found(what, user_id, n_changed)?;
            check_stays(transaction, what, must_stay)?;
            if change.password_hash.is_some() || disabled_at.is_some() {
                transaction
                    .execute("DELETE FROM session WHERE user_id = ?1", [user_id.0])
                    .during(what)?;
            }
            Ok(())
        })
    }

    /// Deletes a user and his sessions.
    ///
    /// `must_stay`: a role that an enabled user must have afterwards.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::LastOfRole`], or storing failed.
    pub fn delete_user(&mut self, user_id: UserId, must_stay: Option<&str>) -> Result<(), Error> {
        let what = "delete user";
        self.write(what, |transaction| {
            let n_deleted = transaction
                .execute("DELETE FROM user WHERE user_id = ?1", [user_id.0])
                .during(what)?;
            check_found(what, user_id, n_deleted)?;
            check_stays(transaction, what, must_stay)
        })
    }

    /// Stores the hash of the one token with which the first user can be made
    /// until `expires_at`; an earlier token ends.
    ///
    /// # Errors
    /// Storing failed.
    pub fn put_setup_token(
        &mut self,
        token_hash: &[u8; 32],
        expires_at: Timestamp,
    ) -> Result<(), Error> {
        let what = "store setup token";
        self.write(what, |transaction| {
            transaction
                .execute(
                    "INSERT INTO setup_token (only_row, token_hash, expires_at) VALUES (1, ?1, ?2) \
                     ON CONFLICT (only_row) DO UPDATE SET \
                     token_hash = excluded.token_hash, expires_at = excluded.expires_at",
                    params![token_hash, expires_at.as_micros()],
                )
                .map(drop)
                .during(what)
        })
    }

    /// Makes the first user with the setup token, which ends by it.
    ///
    /// # Errors
    /// [`Error::SetupRefused`] if there is a user, or the token is not the
    /// newest, used or expired; a bound is exceeded; storing failed.
    pub fn complete_setup(
        &mut self,
        token_hash: &[u8; 32],
        name: &str,
        password_hash: &str,
        role: &str,
        now: Timestamp,
    ) -> Result<UserId, Error> {
        let what = "set up first user";
        self.write(what, |transaction| {
            if n_users(transaction).during(what)? > 0 {
                return Err(Error::SetupRefused {
                    reason: "there is a user already; sign in instead",
                });
            }
            let n_deleted = transaction
                .execute(
                    "DELETE FROM setup_token WHERE token_hash = ?1 AND expires_at > ?2",
                    params![token_hash, now.as_micros()],
                )
                .during(what)?;
            if n_deleted == 0 {
                return Err(Error::SetupRefused {
                    reason: "the setup link is wrong or too old; restart airelay for a new one",
                });
            }
            insert(transaction, name, password_hash, role, now)
        })
    }
}

impl Reader {
    /// How many users there are, disabled ones included.
    ///
    /// # Errors
    /// Reading failed.
    pub fn n_users(&self) -> Result<u32, Error> {
        n_users(&self.conn).during("count users")
    }

    /// The user of that name.
    ///
    /// # Errors
    /// Reading failed.
    pub fn user(&self, name: &str) -> Result<Option<UserRow>, Error> {
        self.conn
            .prepare_cached(
                "SELECT user_id, name, password_hash, role, created_at, disabled_at \
                 FROM user WHERE name = ?1",
            )
            .and_then(|mut select| select.query_row([name], read).optional())
            .during("read user")
    }

    /// All users, by name; at most 1,000.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_users(&self) -> Result<Vec<UserRow>, Error> {
        self.conn
            .prepare_cached(
                "SELECT user_id, name, password_hash, role, created_at, disabled_at \
                 FROM user ORDER BY name LIMIT ?1",
            )
            .and_then(|mut select| select.query_map([MAX_USERS], read)?.collect())
            .during("list users")
    }
}

fn n_users(conn: &Connection) -> rusqlite::Result<u32> {
    conn.query_row("SELECT count(*) FROM user", [], |row| row.get(0))
}

fn insert(
    conn: &Connection,
    name: &str,
    password_hash: &str,
    role: &str,
    now: Timestamp,
) -> Result<UserId, Error> {
    let what = "create user";
    for text in [name, password_hash, role] {
        check_size(
            "create user: bytes of name, hash or role",
            text.len(),
            MAX_TEXT_BYTES,
        )?;
    }
    let n_users = n_users(conn).during(what)?;
    check_size(
        "create user: users",
        n_users as usize + 1,
        MAX_USERS as usize,
    )?;
    let user_id = conn
        .query_row(
            "INSERT INTO user (name, password_hash, role, created_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (name) DO NOTHING RETURNING user_id",
            params![name, password_hash, role, now.as_micros()],
            |row| row.get(0),
        )
        .optional()
        .during(what)?;
    user_id.map(UserId).ok_or_else(|| Error::Taken {
        what,
        name: name.to_owned(),
    })
}

fn check_found(what: &'static str, user_id: UserId, n_changed: usize) -> Result<(), Error> {
    if n_changed == 0 {
        return Err(Error::NotFound {
            what,
            name: user_id.0.to_string(),
        });
    }
    Ok(())
}

/// Refuses what leaves no enabled user of this role.
fn check_stays(conn: &Connection, what: &'static str, role: Option<&str>) -> Result<(), Error> {
    let Some(role) = role else { return Ok(()) };
    let sql = "SELECT EXISTS (SELECT 1 FROM user WHERE role = ?1 AND disabled_at IS NULL)";
    let stays: bool = conn.query_row(sql, [role], |row| row.get(0)).during(what)?;
    if stays {
        return Ok(());
    }
    Err(Error::LastOfRole {
        what,
        role: role.to_owned(),
    })
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<UserRow> {
    let mut fields = Fields::new(row);
    Ok(UserRow {
        user_id: UserId(fields.next()?),
        name: fields.next()?,
        password_hash: fields.next()?,
        role: fields.next()?,
        created_at: fields.time()?,
        disabled_at: fields.opt_time()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, open};

    #[test]
    fn user_is_found_in_any_letter_case_and_made_only_once() {
        let (mut store, _folder) = open();
        let user_id = store
            .create_user("Ann", "hash", "administrator", at(1))
            .unwrap();
        let error = store.create_user("ann", "x", "viewer", at(2)).unwrap_err();
        assert!(matches!(error, Error::Taken { .. }), "{error}");
        let user = store.user("ANN").unwrap().unwrap();
        assert_eq!((user.user_id, user.name.as_str()), (user_id, "Ann"));
        assert_eq!(
            (user.password_hash.as_str(), user.role.as_str()),
            ("hash", "administrator")
        );
        assert_eq!(store.list_users().unwrap(), [user]);
    }

    #[test]
    fn changes_of_a_user_are_seen_and_of_nobody_refused() {
        let (mut store, _folder) = open();
        let ann = store.create_user("ann", "hash", "viewer", at(1)).unwrap();
        let change = UserChange {
            role: Some("operator"),
            password_hash: Some("new"),
            disabled_at: Some(Some(at(3))),
        };
        store.change_user(ann, &change, None).unwrap();
        let user = store.user("ann").unwrap().unwrap();
        assert_eq!(
            (user.role.as_str(), user.password_hash.as_str()),
            ("operator", "new")
        );
        assert_eq!(user.disabled_at, Some(at(3)));
        let enabled = UserChange {
            disabled_at: Some(None),
            ..UserChange::default()
        };
        store.change_user(ann, &enabled, None).unwrap();
        let enabled_user = store.user("ann").unwrap().unwrap();
        assert_eq!(
            enabled_user,
            UserRow {
                disabled_at: None,
                ..user
            }
        );
        store.delete_user(ann, None).unwrap();
        assert_eq!(store.user("ann").unwrap(), None);
        for refused in [
            store.change_user(ann, &change, None),
            store.delete_user(ann, None),
        ] {
            assert!(matches!(refused, Err(Error::NotFound { .. })));
        }
    }

    #[test]
    fn last_enabled_user_of_a_role_stays_as_he_is() {
        let (mut store, _folder) = open();
        let boss = Some("boss");
        let ann = store.create_user("ann", "h", "boss", at(1)).unwrap();
        let bob = store.create_user("bob", "h", "boss", at(1)).unwrap();
        let off = UserChange {
            disabled_at: Some(Some(at(2))),
            ..UserChange::default()
        };
        let viewer = UserChange {
            role: Some("viewer"),
            ..UserChange::default()
        };
        store.change_user(bob, &off, boss).unwrap();
        let before = store.list_users().unwrap();
        for refused in [
            store.change_user(ann, &off, boss),
            store.change_user(ann, &viewer, boss),
            store.delete_user(ann, boss),
        ] {
            assert!(matches!(refused, Err(Error::LastOfRole { .. })));
        }
        assert_eq!(store.list_users().unwrap(), before);
        store.delete_user(bob, boss).unwrap();
    }

    #[test]
    fn setup_token_makes_one_user_once() {
        let (mut store, _folder) = open();
        let [old, token] = [[1; 32], [2; 32]];
        store.put_setup_token(&old, at(100)).unwrap();
        store.put_setup_token(&token, at(100)).unwrap();
        for (token, second) in [(&old, 1), (&token, 100)] {
            let error = store
                .complete_setup(token, "ann", "h", "r", at(second))
                .unwrap_err();
            assert!(matches!(error, Error::SetupRefused { .. }), "{error}");
        }
        store
            .complete_setup(&token, "ann", "h", "r", at(99))
            .unwrap();
        let error = store
            .complete_setup(&token, "bob", "h", "r", at(99))
            .unwrap_err();
        assert!(matches!(error, Error::SetupRefused { .. }), "{error}");
        assert_eq!(store.n_users().unwrap(), 1);
    }

    #[test]
    fn refused_name_leaves_the_setup_token_usable() {
        let (mut store, _folder) = open();
        store.put_setup_token(&[2; 32], at(100)).unwrap();
        let long = "x".repeat(MAX_TEXT_BYTES + 1);
        assert!(
            store
                .complete_setup(&[2; 32], &long, "h", "r", at(1))
                .is_err()
        );
        store
            .complete_setup(&[2; 32], "ann", "h", "r", at(1))
            .unwrap();
    }

    #[test]
    fn debug_text_never_shows_the_hash() {
        let (mut store, _folder) = open();
        store.create_user("ann", "secret", "viewer", at(1)).unwrap();
        let text = format!("{:?}", store.user("ann").unwrap());
        assert!(!text.contains("secret"), "{text}");
    }
}
