//! Accounts of the camera protocols (CGI, ONVIF, RTSP).
//!
//! Their logins hash the password with a challenge, so it must be readable:
//! it is sealed in the store and held in memory. Nobody has such an account
//! until an administrator makes one, and it opens no web page.
//!
//! Not here: how a login is proven (`sink::access`).

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sink::access::{Account, DigestGate, Level};
use store::Expected;
use types::Clock;

use crate::secrets::Vault;
use crate::settings::FieldErrors;
use crate::storage::Storage;

const PREFIX: &str = "device_account/";
/// Most accounts.
pub(crate) const MAX_ACCOUNTS: usize = 64;
/// Part of what clients hash: never changes.
const REALM: &str = "airelay";
/// Longest name and password, characters.
const MAX_CHARS: usize = 64;
/// Shortest password, characters.
const MIN_PASSWORD_CHARS: usize = 8;

/// An account as stored.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountDocument {
    level: String,
    sealed_password: String,
}

/// All accounts of the camera protocols; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct DeviceAccounts {
    storage: Storage,
    vault: Arc<Vault>,
    clock: Arc<dyn Clock>,
    known: Arc<RwLock<BTreeMap<String, Account>>>,
    gate: Arc<DigestGate>,
}

impl DeviceAccounts {
    /// The accounts in `storage`. One that cannot be opened is left out and
    /// logged.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn load(
        storage: Storage,
        vault: Arc<Vault>,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let stored = storage.read(|reader| reader.list_settings(PREFIX)).await?;
        let mut known = BTreeMap::new();
        for settings in stored {
            let name = settings.key.strip_prefix(PREFIX).unwrap_or_default();
            let Some(json) = &settings.document else {
                continue;
            };
            match open(name, json, &vault) {
                Ok(account) => {
                    known.insert(name.to_owned(), account);
                }
                Err(error) => {
                    tracing::error!(name, error = %format!("{error:#}"), "account left out");
                }
            }
        }
        let gate = DigestGate::new(REALM, vault.sign("digest nonces").as_bytes());
        Ok(DeviceAccounts {
            storage,
            vault,
            clock,
            known: Arc::new(RwLock::new(known)),
            gate: Arc::new(gate),
        })
    }

    /// What checks their logins.
    pub(crate) fn gate(&self) -> &DigestGate {
        &self.gate
    }

    /// The account `name`.
    pub(crate) fn find(&self, name: &str) -> Option<Account> {
        let known = self.known.read().expect("no holder of this lock panics");
        known.get(name).cloned()
    }

    /// Names and levels, by name.
    pub(crate) fn list(&self) -> Vec<(String, Level)> {
        let known = self.known.read().expect("no holder of this lock panics");
        known
            .values()
            .map(|account| (account.name.clone(), account.level))
            .collect()
    }

    /// Makes or changes an account; without a password the present one stays.
    /// Returns whether it is new, or which fields cannot be used.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn put(
        &self,
        name: &str,
        level: Level,
        password: Option<&str>,
        by: &str,
    ) -> anyhow::Result<Result<bool, FieldErrors>> {
        let present = self.find(name);
        let mut errors = FieldErrors::default();
        check_name(name, &mut errors);
        let password = match (password, &present) {
            (Some(password), _) => {
                check_password(password, &mut errors);
                password.to_owned()
            }
            (None, Some(account)) => account.password.clone(),
            (None, None) => {
                errors.add("password", "type a password");
                String::new()
            }
        };
        if present.is_none() && self.list().len() >= MAX_ACCOUNTS {
            errors.add("name", format!("{MAX_ACCOUNTS} accounts are the most"));
        }
        if !errors.is_empty() {
            return Ok(Err(errors));
        }
        let document = AccountDocument {
            level: level.name().to_owned(),
            sealed_password: self.vault.seal(&password)?,
        };
        let json = serde_json::to_string(&document).context("write account as JSON")?;
        let (key, by, now) = (format!("{PREFIX}{name}"), by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.put_settings(&key, &json, Expected::Any, &by, now))
            .await?;
        let account = Account {
            name: name.to_owned(),
            password,
            level,
        };
        let mut known = self.known.write().expect("no holder of this lock panics");
        known.insert(name.to_owned(), account);
        Ok(Ok(present.is_none()))
    }

    /// Removes an account; whether there was one.
    ///
    /// # Errors
    /// The store cannot write.
    pub(crate) async fn remove(&self, name: &str, by: &str) -> anyhow::Result<bool> {
        if self.find(name).is_none() {
            return Ok(false);
        }
        let (key, by, now) = (format!("{PREFIX}{name}"), by.to_owned(), self.clock.now());
        self.storage
            .write(move |store| store.delete_settings(&key, Expected::Any, &by, now))
            .await?;
        let mut known = self.known.write().expect("no holder of this lock panics");
        known.remove(name);
        Ok(true)
    }
}

fn open(name: &str, json: &str, vault: &Vault) -> anyhow::Result<Account> {
    let document: AccountDocument = serde_json::from_str(json)?;
    Ok(Account {
        name: name.to_owned(),
        password: vault.open_sealed(&document.sealed_password)?,
        level: Level::from_name(&document.level)
            .with_context(|| format!("unknown level {:?}", document.level))?,
    })
}

/// Names stand unescaped in headers and in keys of the store.
fn check_name(name: &str, errors: &mut FieldErrors) {
    let is_plain =
        |character: char| character.is_ascii_alphanumeric() || "-_.@".contains(character);
    if name.is_empty() || name.len() > MAX_CHARS || !name.chars().all(is_plain) {
        errors.add(
            "name",
            format!("use 1 to {MAX_CHARS} of a-z A-Z 0-9 - _ . @"),
        );
    }
}

fn check_password(password: &str, errors: &mut FieldErrors) {
    let n_chars = password.chars().count();
    if !(MIN_PASSWORD_CHARS..=MAX_CHARS).contains(&n_chars)
        || password.chars().any(char::is_control)
    {
        errors.add(
            "password",
            format!("use {MIN_PASSWORD_CHARS} to {MAX_CHARS} characters"),
        );
    }
}
