//! `airelay serve`: runs until a signal says stop.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{block_on, parse_listen, say, say_error};
use crate::SystemClock;
use crate::config::{Config, Overrides};
use crate::serve::{Relay, RelayOptions};

#[derive(Debug, Default, Args)]
pub(super) struct ServeArgs {
    /// Port, or address:port, of the web pages
    #[arg(long, value_parser = parse_listen)]
    listen: Option<SocketAddr>,
    /// Threads that analyse; one per core by default
    #[arg(long)]
    workers: Option<usize>,
    /// Do not link a simulated camera when none is configured
    #[arg(long)]
    no_demo: bool,
}

impl ServeArgs {
    pub(super) fn overrides(&self) -> Overrides {
        Overrides {
            listen: self.listen,
            workers: self.workers,
            ..Overrides::default()
        }
    }
}

pub(super) fn run(config: &Config, args: &ServeArgs) -> anyhow::Result<()> {
    block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        // A limit on the size of files then fails writes, as a full disk does,
        // instead of ending the program.
        let _file_too_large = signal(SignalKind::from_raw(SIGXFSZ))?;
        let options = RelayOptions {
            demo_if_empty: !args.no_demo,
        };
        let relay = Relay::start(config, options, Arc::new(SystemClock::new())).await?;
        let scheme = if config.tls { "https" } else { "http" };
        say(&format!(
            "airelay runs on {scheme}://{}",
            relay.local_addr()
        ));
        if let Some(link) = relay.setup_link() {
            say(&format!("First start: make your account at {link}"));
        }
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::select! {
            () = relay.stop() => Ok(()),
            _ = terminate.recv() => leave_at_once(),
            _ = interrupt.recv() => leave_at_once(),
        }
    })
}

/// Number of the signal "file size limit exceeded" on Linux.
const SIGXFSZ: i32 = 25;

/// A second signal: whoever sends it does not want to wait.
fn leave_at_once() -> anyhow::Result<()> {
    say_error("airelay: second signal: leaving at once");
    anyhow::bail!("stopped before everything was put away")
}
