//! A camera's address: name, IPv4 or IPv6.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A checked host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    /// A name to look up.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, with the interface of a link-local one.
    V6(Ipv6Addr, Option<String>),
}

impl Host {
    /// Reads a host as a person types it; IPv6 with or without brackets.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("type the camera's IP address or host name".to_owned());
        }
        if text.contains("://") || text.contains('/') {
            return Err(
                "type only the address here, without http:// and without a path".to_owned(),
            );
        }
        if text.contains('@') {
            return Err("type user name and password in their own fields".to_owned());
        }
        let bare = text
            .strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .unwrap_or(text);
        if let Ok(address) = bare.parse() {
            return Ok(Host::V4(address));
        }
        if let Some(host) = parse_v6(bare) {
            return Ok(host);
        }
        if bare.contains(':') {
            return Err(match bare.split_once(':') {
                Some((_, port)) if port.parse::<u16>().is_ok() => {
                    "type the port in its own field".to_owned()
                }
                _ => format!("{bare:?} is not an IPv6 address"),
            });
        }
        if bare
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            return Err(format!(
                "{bare:?} is not an IP address: it needs four numbers from 0 to 255"
            ));
        }
        let is_name = bare.len() <= 253
            && bare.split('.').all(|label| {
                let is_label = label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
                is_label && !label.is_empty() && label.len() <= 63
            });
        if !is_name {
            return Err(format!(
                "{bare:?} is not a host name: use letters, digits, dots and hyphens"
            ));
        }
        Ok(Host::Name(bare.to_ascii_lowercase()))
    }

    /// As the name look-up of the operating system wants it.
    pub(crate) fn for_lookup(&self) -> String {
        match self {
            Host::V6(address, Some(zone)) => format!("{address}%{zone}"),
            Host::V6(address, None) => address.to_string(),
            Host::Name(_) | Host::V4(_) => self.to_string(),
        }
    }
}

fn parse_v6(text: &str) -> Option<Host> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(zone)),
        None => (text, None),
    };
    let is_zone = |zone: &str| {
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !zone.is_empty() && zone.len() <= 32 && zone.bytes().all(is_plain)
    };
    if !zone.is_none_or(is_zone) {
        return None;
    }
    Some(Host::V6(address.parse().ok()?, zone.map(str::to_owned)))
}

/// Writes the host as in an address line: IPv6 in brackets, without interface.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Name(name) => f.write_str(name),
            Host::V4(address) => address.fmt(f),
            Host::V6(address, _) => write!(f, "[{address}]"),
        }
    }
}
