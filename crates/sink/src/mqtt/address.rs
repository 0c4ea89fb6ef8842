//! Where a broker is: `scheme://host:port`, and a path for WebSocket.

use std::fmt;

use url::{Host, Url};

use crate::ConfigError;
use crate::address;

/// How a broker is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// MQTT in the clear.
    Mqtt,
    /// MQTT over TLS.
    Mqtts,
    /// MQTT over WebSocket, in the clear.
    Ws,
    /// MQTT over WebSocket over TLS.
    Wss,
}

impl Scheme {
    /// All schemes.
    pub const ALL: [Scheme; 4] = [Scheme::Mqtt, Scheme::Mqtts, Scheme::Ws, Scheme::Wss];

    /// As in an address.
    pub const fn name(self) -> &'static str {
        match self {
            Scheme::Mqtt => "mqtt",
            Scheme::Mqtts => "mqtts",
            Scheme::Ws => "ws",
            Scheme::Wss => "wss",
        }
    }

    /// Whether TLS lies below.
    pub const fn is_secure(self) -> bool {
        matches!(self, Scheme::Mqtts | Scheme::Wss)
    }

    /// Whether WebSocket lies below.
    pub const fn is_websocket(self) -> bool {
        matches!(self, Scheme::Ws | Scheme::Wss)
    }

    /// The port registered for it.
    const fn default_port(self) -> u16 {
        match self {
            Scheme::Mqtt => 1883,
            Scheme::Mqtts => 8883,
            Scheme::Ws => 80,
            Scheme::Wss => 443,
        }
    }
}

/// Where a broker is. Its text form has the port always and no credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokerAddress {
    scheme: Scheme,
    host: String,
    port: u16,
    /// Path and query; `/mqtt` where the user gave none. Of WebSocket only.
    path: String,
}

impl BrokerAddress {
    /// Reads an address as people and ONVIF clients write it.
    ///
    /// # Errors
    /// Says what is wrong with it, and how it should look.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let invalid = |message: String| ConfigError {
            field: "address",
            message,
        };
        let url = Url::parse(text.trim()).map_err(|error| {
            invalid(format!(
                "this is not a broker's address such as mqtts://broker.example:8883: {error}"
            ))
        })?;
        let scheme = Scheme::ALL
            .into_iter()
            .find(|scheme| scheme.name() == url.scheme())
            .ok_or_else(|| {
                invalid("the address must start with mqtt://, mqtts://, ws:// or wss://".to_owned())
            })?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(invalid(
                "user name and password do not belong into the address: type them in their own fields"
                    .to_owned(),
            ));
        }
        // `Url` knows no default scheme of MQTT, so numbers come as names.
        let host = match url.host() {
            Some(Host::Domain(name)) if !name.is_empty() => name.to_ascii_lowercase(),
            Some(Host::Ipv4(ip)) => ip.to_string(),
            Some(Host::Ipv6(ip)) => ip.to_string(),
            Some(Host::Domain(_)) | None => {
                return Err(invalid("the address names no host".to_owned()));
            }
        };
        // A resolver is only asked for names, so numbers are checked here.
        if let Ok(ip) = host.parse() {
            address::check(ip).map_err(|refused| invalid(refused.to_string()))?;
        }
        let port = url.port().unwrap_or(scheme.default_port());
        if port == 0 {
            return Err(invalid("0 is no port".to_owned()));
        }
        let typed = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let is_bare = ["", "/"].contains(&typed.as_str());
        let path = match (scheme.is_websocket(), is_bare) {
            (true, true) => "/mqtt".to_owned(),
            (true, false) => typed,
            (false, true) => String::new(),
            (false, false) => {
                return Err(invalid(format!(
                    "{}:// takes no path: remove {typed:?}",
                    scheme.name()
                )));
            }
        };
        Ok(BrokerAddress {
            scheme,
            host,
            port,
            path,
        })
    }

    /// How it is spoken to.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Name or number of its machine.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port`, for `Host` headers and messages.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}{}",
            self.scheme.name(),
            self.authority(),
            self.path
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written_in_one_form() {
        for (text, expected) in [
            ("mqtt://broker.example", "mqtt://broker.example:1883"),
            ("mqtts://Broker.Example/", "mqtts://broker.example:8883"),
            ("mqtt://10.0.0.7:1884", "mqtt://10.0.0.7:1884"),
            ("mqtt://[fd12::1]:1883", "mqtt://[fd12::1]:1883"),
            ("ws://broker:9001", "ws://broker:9001/mqtt"),
            ("wss://broker", "wss://broker:443/mqtt"),
            ("wss://broker/a/b?c=d", "wss://broker:443/a/b?c=d"),
            (" MQTT://b ", "mqtt://b:1883"),
        ] {
            assert_eq!(BrokerAddress::parse(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_plain_words() {
        for (text, part) in [
            ("", "not a broker's address"),
            ("broker:1883", "must start with mqtt://"),
            ("http://broker", "must start with mqtt://"),
            ("mqtt://", "names no host"),
            ("mqtt://ann:pw@broker", "own fields"),
            ("mqtt://broker/path", "takes no path"),
            ("mqtt://broker:0", "0 is no port"),
            ("mqtt://broker:70000", "not a broker's address"),
            ("mqtt://169.254.169.254", "never connects"),
            ("ws://169.254.169.254", "never connects"),
            ("mqtt://[fe80::1]", "never connects"),
        ] {
            let error = BrokerAddress::parse(text).unwrap_err();
            assert!(error.message.contains(part), "{text}: {error}");
            assert!(!error.message.contains("pw"), "{error}");
        }
    }
}
