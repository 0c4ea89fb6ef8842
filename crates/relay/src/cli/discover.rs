//! `airelay discover`: which cameras are in the network.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::{block_on, say};
use crate::onvif::find_devices;

/// How to search.
#[derive(Debug, Args)]
pub(super) struct DiscoverArgs {
    /// Seconds to listen for answers
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Ask this address and UDP port alone, instead of the whole network
    #[arg(long, value_name = "ADDRESS:PORT")]
    ask: Option<SocketAddr>,
}

/// Searches and prints a line for each device.
pub(super) fn run(args: &DiscoverArgs) -> anyhow::Result<()> {
    let found = block_on(find_devices(args.ask, Duration::from_secs(args.seconds)))?;
    if found.is_empty() {
        say(
            "no camera answered: is ONVIF switched on in the cameras, and are they in this network?",
        );
    }
    for endpoint in found {
        let name = endpoint.scope("name").unwrap_or_default();
        let hardware = endpoint.scope("hardware").unwrap_or_default();
        let host = endpoint.host().unwrap_or_default();
        say(&format!(
            "{host}\t{name}\t{hardware}\t{}",
            endpoint.x_addrs.join(" ")
        ));
    }
    Ok(())
}
