//! The one-time link that makes the first account.

use std::net::SocketAddr;
use std::time::Duration;

use crate::config::Config;
use crate::secrets::random_token;
use crate::web::{App, hash_token};

/// How long the link works. A new start makes a new one.
const LASTS: Duration = Duration::from_secs(24 * 3_600);

/// The link, or `None` when there is an account.
pub(super) async fn make(
    app: &App,
    config: &Config,
    local_addr: SocketAddr,
) -> anyhow::Result<Option<String>> {
    if app.storage.read(|reader| reader.n_users()).await? > 0 {
        return Ok(None);
    }
    let token = random_token()?;
    let token_hash = hash_token(&token);
    let expires_at = app.clock.now().saturating_add(LASTS);
    app.storage
        .write(move |store| store.put_setup_token(&token_hash, expires_at))
        .await?;
    let scheme = if config.tls { "https" } else { "http" };
    Ok(Some(format!("{scheme}://{local_addr}/setup?token={token}")))
}
