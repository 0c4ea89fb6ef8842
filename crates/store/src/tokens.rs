//! Tokens by which programs speak to airelay, as people do by signing in.
//!
//! In: hashes of tokens made by the caller, scopes as text that only relay
//! understands. Out: rows; a token that has expired is found no more, and stays
//! listed until somebody removes it.
//!
//! Not here: what a token looks like, how it is hashed, what a scope allows.

use rusqlite::{OptionalExtension as _, params};
use types::Timestamp;

use crate::error::{During, Error, check_size};
use crate::fields::Fields;
use crate::{Reader, Store};

/// Most tokens.
pub const MAX_TOKENS: u32 = 256;
/// Longest name, scopes and maker, bytes.
const MAX_TEXT_BYTES: usize = 256;
/// A use is noted this long after the one before: not with every request.
const NOTE_USE_EVERY_US: i64 = 60_000_000;

/// Identity of a token, never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenId(pub i64);

/// A token to be stored.
pub struct NewToken {
    /// As people call it, 1 to 256 bytes.
    pub name: String,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// As the caller understands them.
    pub scopes: String,
    /// Who made it.
    pub created_by: String,
    /// When it ends by itself; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// The present.
    pub now: Timestamp,
}

/// A stored token; its hash is not read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Identity.
    pub token_id: TokenId,
    /// As people call it.
    pub name: String,
    /// As the caller gave them.
    pub scopes: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl TokenRow {
    /// Whether a use at `now` is worth a row's change.
    pub fn is_use_news(&self, now: Timestamp) -> bool {
        self.last_used_at
            .is_none_or(|at| now.as_micros().saturating_sub(at.as_micros()) >= NOTE_USE_EVERY_US)
    }
}

impl std::fmt::Debug for NewToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewToken")
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Store {
    /// Stores a token.
    ///
    /// # Errors
    /// There are [`MAX_TOKENS`], a text is too long, or storing failed.
    pub fn create_token(&mut self, token: &NewToken) -> Result<TokenRow, Error> {
        let what = "store token";
        for text in [&token.name, &token.scopes, &token.created_by] {
            check_size("store token: bytes of a text", text.len(), MAX_TEXT_BYTES)?;
        }
        self.write(what, |transaction| {
            let n_tokens: u32 = transaction
                .query_row("SELECT count(*) FROM api_token", [], |row| row.get(0))
                .during(what)?;
            check_size(
                "store token: tokens",
                n_tokens as usize + 1,
                MAX_TOKENS as usize,
            )?;
            transaction
                .query_row(
                    "INSERT INTO api_token (name, token_hash, scopes, created_by, created_at, \
                     expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                     RETURNING token_id, name, scopes, created_by, created_at, expires_at, \
                     last_used_at",
                    params![
                        token.name,
                        token.token_hash,
                        token.scopes,
                        token.created_by,
                        token.now.as_micros(),
                        token.expires_at.map(Timestamp::as_micros),
                    ],
                    read,
                )
                .during(what)
        })
    }

    /// Notes that a token was used.
    ///
    /// # Errors
    /// Storing failed.
    pub fn note_token_use(&mut self, token_id: TokenId, now: Timestamp) -> Result<(), Error> {
        let what = "note use of a token";
        self.write(what, |transaction| {
            transaction
                .execute(
                    "UPDATE api_token SET last_used_at = ?2 WHERE token_id = ?1",
                    params![token_id.0, now.as_micros()],
                )
                .map(drop)
                .during(what)
        })
    }

    /// Removes a token, which is worth nothing from then on. Returns whether
    /// there was one.
    ///
    /// # Errors
    /// Storing failed.
    pub fn delete_token(&mut self, token_id: TokenId) -> Result<bool, Error> {
        let what = "remove token";
        self.write(what, |transaction| {
            transaction
                .execute("DELETE FROM api_token WHERE token_id = ?1", [token_id.0])
                .map(|n_deleted| n_deleted > 0)
                .during(what)
        })
    }
}

impl Reader {
    /// All tokens, the newest first.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_tokens(&self) -> Result<Vec<TokenRow>, Error> {
        self.conn
            .prepare_cached(
                "SELECT token_id, name, scopes, created_by, created_at, expires_at, last_used_at \
                 FROM api_token ORDER BY token_id DESC",
            )
            .and_then(|mut select| select.query_map([], read)?.collect())
            .during("list tokens")
    }

    /// The token with this hash, unless it has expired.
    ///
    /// # Errors
    /// Reading failed.
    pub fn token(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<TokenRow>, Error> {
        self.conn
            .prepare_cached(
                "SELECT token_id, name, scopes, created_by, created_at, expires_at, last_used_at \
                 FROM api_token WHERE token_hash = ?1 AND (expires_at IS NULL OR expires_at > ?2)",
            )
            .and_then(|mut select| {
                select
                    .query_row(params![token_hash, now.as_micros()], read)
                    .optional()
            })
            .during("read token")
    }
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<TokenRow> {
    let mut fields = Fields::new(row);
    Ok(TokenRow {
        token_id: TokenId(fields.next()?),
        name: fields.next()?,
        scopes: fields.next()?,
        created_by: fields.next()?,
        created_at: fields.time()?,
        expires_at: fields.opt_time()?,
        last_used_at: fields.opt_time()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, open};

    fn token(number: u8, expires_at: Option<Timestamp>) -> NewToken {
        NewToken {
            name: format!("token {number}"),
            token_hash: [number; 32],
            scopes: "read".to_owned(),
            created_by: "ann".to_owned(),
            expires_at,
            now: at(0),
        }
    }

    #[test]
    fn token_is_found_by_its_hash_until_it_expires_or_is_removed() {
        let (mut store, _folder) = open();
        let kept = store.create_token(&token(1, None)).unwrap();
        store.create_token(&token(2, Some(at(10)))).unwrap();
        assert_eq!(store.token(&[1; 32], at(99)).unwrap(), Some(kept.clone()));
        assert!(store.token(&[2; 32], at(9)).unwrap().is_some());
        assert_eq!(store.token(&[2; 32], at(10)).unwrap(), None);
        assert_eq!(store.token(&[3; 32], at(1)).unwrap(), None);
        let names: Vec<String> = store
            .list_tokens()
            .unwrap()
            .into_iter()
            .map(|token| token.name)
            .collect();
        assert_eq!(names, ["token 2", "token 1"], "an expired one stays listed");
        assert!(store.delete_token(kept.token_id).unwrap());
        assert!(!store.delete_token(kept.token_id).unwrap());
        assert_eq!(store.token(&[1; 32], at(1)).unwrap(), None);
    }

    #[test]
    fn use_is_noted_and_news_once_a_minute() {
        let (mut store, _folder) = open();
        let made = store.create_token(&token(1, None)).unwrap();
        assert!(made.is_use_news(at(0)));
        store.note_token_use(made.token_id, at(5)).unwrap();
        let used = store.token(&[1; 32], at(6)).unwrap().unwrap();
        assert_eq!(used.last_used_at, Some(at(5)));
        assert!(!used.is_use_news(at(64)));
        assert!(used.is_use_news(at(65)));
    }

    #[test]
    fn tokens_are_bounded_in_number_and_length() {
        let (mut store, _folder) = open();
        let long = NewToken {
            name: "x".repeat(MAX_TEXT_BYTES + 1),
            ..token(1, None)
        };
        assert!(matches!(
            store.create_token(&long),
            Err(Error::TooLarge { .. })
        ));
        for number in 0..MAX_TOKENS {
            let mut new = token(0, None);
            new.token_hash[..4].copy_from_slice(&number.to_be_bytes());
            store.create_token(&new).unwrap();
        }
        assert!(matches!(
            store.create_token(&token(255, None)),
            Err(Error::TooLarge { .. })
        ));
    }
}
