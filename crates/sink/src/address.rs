//! Which addresses we may connect to.
//!
//! Refused are those that no receiver has and that a forger would like: link-
//! local ones, which in clouds give out the machine's credentials, the metadata
//! addresses of clouds that lie elsewhere, multicast, broadcast and
//! unspecified. Checked after the name is resolved, on the very addresses that
//! are then connected to, so that a name cannot change in between.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Metadata services outside the link-local ranges: Alibaba Cloud's, and the
/// IPv6 one of Amazon EC2.
const METADATA: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
];

/// An address that airelay never connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedAddress {
    ip: IpAddr,
}

impl fmt::Display for RefusedAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is a link-local or special address, to which airelay never connects",
            self.ip
        )
    }
}

impl std::error::Error for RefusedAddress {}

/// Refuses `ip` if it is one of those above.
pub(crate) fn check(ip: IpAddr) -> Result<(), RefusedAddress> {
    // ::ffff:169.254.169.254 leads to the same place.
    let is_special = match ip.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || v4.octets()[0] == 0
        }
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified(),
    };
    if is_special || METADATA.contains(&ip.to_canonical()) {
        return Err(RefusedAddress { ip });
    }
    Ok(())
}

/// The addresses of a name, less the refused ones; refused if none is left.
///
/// # Errors
/// The system does not know the name.
pub(crate) async fn resolve(
    host: &str,
    port: u16,
) -> std::io::Result<Result<Vec<SocketAddr>, RefusedAddress>> {
    let mut allowed = Vec::new();
    let mut refused = None;
    for address in tokio::net::lookup_host((host, port)).await? {
        match check(address.ip()) {
            Ok(()) => allowed.push(address),
            Err(error) => refused = Some(error),
        }
    }
    Ok(match refused {
        Some(refused) if allowed.is_empty() => Err(refused),
        _ => Ok(allowed),
    })
}

/// The system's resolver, less the refused addresses.
#[derive(Debug)]
pub(crate) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = resolve(name.as_str(), 0).await?;
            Ok(Box::new(found?.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_local_metadata_and_special_addresses_are_refused() {
        for text in [
            "169.254.169.254",
            "169.254.0.1",
            "fe80::1",
            "::ffff:169.254.169.254",
            "100.100.100.200",
            "fd00:ec2::254",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
        ] {
            assert!(check(text.parse().unwrap()).is_err(), "{text}");
        }
    }

    #[test]
    fn site_network_and_this_machine_are_allowed() {
        for text in [
            "127.0.0.1",
            "::1",
            "10.0.0.7",
            "192.168.1.2",
            "172.16.0.1",
            "fd12::1",
            "8.8.8.8",
        ] {
            assert_eq!(check(text.parse().unwrap()), Ok(()), "{text}");
        }
    }
}
