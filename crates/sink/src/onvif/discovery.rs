//! WS-Discovery: devices found, and being found.
//!
//! In: datagrams. Out: what they ask or tell, and the datagrams that go back.
//!
//! Not here: sockets, timers (`relay`).

use super::namespace as ns;
use super::xml::{Element, Limits, XmlWriter, read, write_document};

/// Group and port of all devices.
pub const GROUP: std::net::Ipv4Addr = std::net::Ipv4Addr::new(239, 255, 255, 250);
/// Port of WS-Discovery.
pub const PORT: u16 = 3_702;

/// Datagrams are small; larger ones are not ours.
const LIMITS: Limits = Limits {
    max_bytes: 16 * 1024,
    max_depth: 24,
    max_elements: 512,
    max_attributes: 32,
};
/// Most devices of one answer, and most addresses of one device.
const MAX_MATCHES: usize = 32;
const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
const TO_ALL: &str = "urn:schemas-xmlsoap-org:ws:2005:04:discovery";
const RFC3986: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery/rfc3986";
const STRCMP0: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery/strcmp0";

/// A device as discovery knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// `urn:uuid:...`, never another.
    pub address: String,
    /// What it is.
    pub scopes: Vec<String>,
    /// Where its device service is.
    pub x_addrs: Vec<String>,
    /// Grows when scopes or addresses change.
    pub metadata_version: u32,
}

/// What a datagram asks or tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datagram {
    /// Who is there?
    Probe {
        /// Its number, to answer to.
        message_id: String,
        /// Whether we are one of the wanted types.
        is_our_type: bool,
        /// Wanted scopes, all of them, and how they are compared.
        scopes: Vec<String>,
        /// The rule of comparison.
        match_by: ScopeRule,
    },
    /// Where is this device?
    Resolve {
        /// Its number, to answer to.
        message_id: String,
        /// Which.
        address: String,
    },
    /// Devices that answered.
    Matches(Vec<Endpoint>),
}

/// How scopes are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeRule {
    /// By segments of the path: the wanted one begins ours.
    Rfc3986,
    /// As they stand.
    Exact,
    /// One that we do not know: nothing matches.
    Unknown,
}

/// Reads a datagram; `None` when it is nothing that concerns us.
pub fn read_datagram(bytes: &[u8]) -> Option<Datagram> {
    let root = read(bytes, LIMITS).ok()?;
    root.name.is(ns::SOAP, "Envelope").then_some(())?;
    let header = root.child(ns::SOAP, "Header")?;
    let body = root.child(ns::SOAP, "Body")?;
    let message_id = || {
        let id = header.child_text(ns::ADDRESSING_2004, "MessageID")?;
        (id.len() <= 256).then(|| id.to_owned())
    };
    let first = body.children.first()?;
    first
        .name
        .namespace
        .as_ref()
        .eq(ns::DISCOVERY)
        .then_some(())?;
    match first.name.local.as_str() {
        "Probe" => {
            let types = first.child(ns::DISCOVERY, "Types");
            let scopes = first.child(ns::DISCOVERY, "Scopes");
            let match_by = scopes.and_then(|scopes| scopes.attribute("MatchBy"));
            Some(Datagram::Probe {
                message_id: message_id()?,
                is_our_type: types.is_none_or(is_our_type),
                scopes: scopes.map(words).unwrap_or_default(),
                match_by: match match_by.map(str::trim) {
                    None | Some("" | RFC3986) => ScopeRule::Rfc3986,
                    Some(STRCMP0) => ScopeRule::Exact,
                    Some(_) => ScopeRule::Unknown,
                },
            })
        }
        "Resolve" => Some(Datagram::Resolve {
            message_id: message_id()?,
            address: address_of(first)?,
        }),
        "ProbeMatches" => Some(Datagram::Matches(matches(first, "ProbeMatch"))),
        "ResolveMatches" => Some(Datagram::Matches(matches(first, "ResolveMatch"))),
        _ => None,
    }
}

fn is_our_type(types: &Element) -> bool {
    let mut wanted = types.text.split_whitespace().peekable();
    wanted.peek().is_none()
        || wanted.all(|text| {
            types.qualified(text).is_some_and(|name| {
                name.is(ns::DN, "NetworkVideoTransmitter") || name.is(ns::TDS, "Device")
            })
        })
}

fn address_of(element: &Element) -> Option<String> {
    let reference = element.child(ns::ADDRESSING_2004, "EndpointReference")?;
    let address = reference.child_text(ns::ADDRESSING_2004, "Address")?;
    (address.len() <= 256).then(|| address.to_owned())
}

fn words(element: &Element) -> Vec<String> {
    let words = element.text.split_whitespace();
    words.take(MAX_MATCHES).map(str::to_owned).collect()
}

fn matches(element: &Element, name: &str) -> Vec<Endpoint> {
    let all = element.children_named(ns::DISCOVERY, name);
    all.take(MAX_MATCHES)
        .filter_map(|found| {
            let list = |name| {
                found
                    .child(ns::DISCOVERY, name)
                    .map(words)
                    .unwrap_or_default()
            };
            let version = found.child_text(ns::DISCOVERY, "MetadataVersion");
            Some(Endpoint {
                address: address_of(found)?,
                scopes: list("Scopes"),
                x_addrs: list("XAddrs"),
                metadata_version: version.and_then(|text| text.parse().ok()).unwrap_or(0),
            })
        })
        .collect()
}

impl Endpoint {
    /// Whether all wanted scopes are among ours.
    pub fn has_scopes(&self, wanted: &[String], rule: ScopeRule) -> bool {
        wanted.iter().all(|wanted| {
            self.scopes.iter().any(|ours| match rule {
                ScopeRule::Exact => ours == wanted,
                ScopeRule::Rfc3986 => begins(ours, wanted),
                ScopeRule::Unknown => false,
            })
        })
    }

    /// Host of its first address.
    pub fn host(&self) -> Option<String> {
        let address = url::Url::parse(self.x_addrs.first()?).ok()?;
        address.host_str().map(str::to_owned)
    }

    /// The first scope below `onvif://www.onvif.org/KIND/`, readable again.
    pub fn scope(&self, kind: &str) -> Option<String> {
        let start = format!("onvif://www.onvif.org/{kind}/");
        let mut scopes = self.scopes.iter();
        let value = scopes.find_map(|scope| scope.strip_prefix(start.as_str()))?;
        Some(decode(value))
    }
}

/// `onvif://a/b` begins `onvif://a/b/c`, but not `onvif://a/bc`.
fn begins(ours: &str, wanted: &str) -> bool {
    let wanted = wanted.trim_end_matches('/');
    let rest = ours
        .get(..wanted.len())
        .filter(|start| start.eq_ignore_ascii_case(wanted));
    rest.is_some() && matches!(ours.as_bytes().get(wanted.len()), None | Some(b'/'))
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        let code = code.and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Our answer to a datagram; `None` when it is not for us. `message_id` is a
/// new `urn:uuid:...`.
pub fn answer(datagram: &Datagram, endpoint: &Endpoint, message_id: &str) -> Option<String> {
    match datagram {
        Datagram::Probe {
            message_id: asked,
            is_our_type,
            scopes,
            match_by,
        } => (*is_our_type && endpoint.has_scopes(scopes, *match_by)).then(|| {
            envelope("ProbeMatches", ANONYMOUS, Some(asked), message_id, |xml| {
                xml.open("d:ProbeMatches");
                write_endpoint(xml, "d:ProbeMatch", endpoint);
                xml.close();
            })
        }),
        Datagram::Resolve {
            message_id: asked,
            address,
        } => (*address == endpoint.address).then(|| {
            envelope(
                "ResolveMatches",
                ANONYMOUS,
                Some(asked),
                message_id,
                |xml| {
                    xml.open("d:ResolveMatches");
                    write_endpoint(xml, "d:ResolveMatch", endpoint);
                    xml.close();
                },
            )
        }),
        Datagram::Matches(_) => None,
    }
}

/// We are here.
pub fn hello(endpoint: &Endpoint, message_id: &str) -> String {
    envelope("Hello", TO_ALL, None, message_id, |xml| {
        write_endpoint(xml, "d:Hello", endpoint);
    })
}

/// We go.
pub fn bye(endpoint: &Endpoint, message_id: &str) -> String {
    envelope("Bye", TO_ALL, None, message_id, |xml| {
        write_endpoint(xml, "d:Bye", endpoint);
    })
}

/// Who is there that sends video?
pub fn probe(message_id: &str) -> String {
    envelope("Probe", TO_ALL, None, message_id, |xml| {
        xml.within("d:Probe", |xml| {
            xml.leaf("d:Types", "dn:NetworkVideoTransmitter");
        });
    })
}

fn write_endpoint(xml: &mut XmlWriter, element: &str, endpoint: &Endpoint) {
    xml.open(element);
    xml.within("a:EndpointReference", |xml| {
        xml.leaf("a:Address", &endpoint.address);
    });
    xml.leaf("d:Types", "dn:NetworkVideoTransmitter tds:Device");
    xml.leaf("d:Scopes", endpoint.scopes.join(" "));
    xml.leaf("d:XAddrs", endpoint.x_addrs.join(" "));
    xml.leaf("d:MetadataVersion", endpoint.metadata_version.to_string());
    xml.close();
}

fn envelope(
    action: &str,
    to: &str,
    relates_to: Option<&str>,
    message_id: &str,
    body: impl FnOnce(&mut XmlWriter),
) -> String {
    let namespaces = [
        ("xmlns:s", ns::SOAP),
        ("xmlns:a", ns::ADDRESSING_2004),
        ("xmlns:d", ns::DISCOVERY),
        ("xmlns:dn", ns::DN),
        ("xmlns:tds", ns::TDS),
    ];
    write_document(|xml| {
        xml.open_with("s:Envelope", &namespaces);
        xml.open("s:Header");
        xml.leaf("a:MessageID", message_id);
        if let Some(relates_to) = relates_to {
            xml.leaf("a:RelatesTo", relates_to);
        }
        xml.leaf("a:To", to);
        xml.leaf("a:Action", format!("{}/{action}", ns::DISCOVERY));
        xml.close();
        xml.within("s:Body", body);
        xml.close();
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn endpoint() -> Endpoint {
        Endpoint {
            address: "urn:uuid:01234567-89ab-8def-a123-456789abcdef".to_owned(),
            scopes: vec![
                "onvif://www.onvif.org/Profile/M".to_owned(),
                "onvif://www.onvif.org/name/relay%20one".to_owned(),
            ],
            x_addrs: vec!["http://192.0.2.10:8092/onvif/device_service".to_owned()],
            metadata_version: 1,
        }
    }

    fn probe_with(body: &str) -> Datagram {
        let text = envelope("Probe", TO_ALL, None, "urn:uuid:1", |xml| {
            xml.empty("d:Probe", &[]);
        });
        let text = text.replace("<d:Probe/>", &format!("<d:Probe>{body}</d:Probe>"));
        read_datagram(text.as_bytes()).unwrap()
    }

    #[test]
    fn our_own_probe_is_answered_and_the_answer_read() {
        let asked = read_datagram(probe("urn:uuid:1").as_bytes()).unwrap();
        let text = answer(&asked, &endpoint(), "urn:uuid:2").unwrap();
        assert!(text.contains("<a:RelatesTo>urn:uuid:1</a:RelatesTo>"));
        let found = read_datagram(text.as_bytes()).unwrap();
        assert_eq!(found, Datagram::Matches(vec![endpoint()]));
        assert_eq!(endpoint().scope("name").as_deref(), Some("relay one"));
    }

    #[test]
    fn probes_are_answered_by_type_and_scope() {
        let scopes = |text: &str| format!("<d:Scopes>{text}</d:Scopes>");
        let profile = "onvif://www.onvif.org/Profile";
        for (body, is_answered) in [
            (String::new(), true),
            ("<d:Types>tds:Device</d:Types>".to_owned(), true),
            (
                "<d:Types>dn:NetworkVideoTransmitter tds:Device</d:Types>".to_owned(),
                true,
            ),
            (
                "<d:Types>dn:NetworkVideoDisplay</d:Types>".to_owned(),
                false,
            ),
            ("<d:Types>unknown:Device</d:Types>".to_owned(), false),
            ("<d:Types/>".to_owned(), true),
            (scopes(profile), true),
            (scopes(&format!("{profile}/M")), true),
            (scopes("ONVIF://www.onvif.org/profile"), true),
            (scopes("onvif://www.onvif.org/Pro"), false),
            (scopes(&format!("{profile}/M {profile}/G")), false),
            (
                format!("<d:Scopes MatchBy=\"{STRCMP0}\">{profile}</d:Scopes>"),
                false,
            ),
            (
                format!("<d:Scopes MatchBy=\"urn:x\">{profile}</d:Scopes>"),
                false,
            ),
        ] {
            let answer = answer(&probe_with(&body), &endpoint(), "urn:uuid:2");
            assert_eq!(answer.is_some(), is_answered, "{body}");
        }
    }

    #[test]
    fn only_our_own_address_is_resolved() {
        let resolve = |address: &str| Datagram::Resolve {
            message_id: "urn:uuid:1".to_owned(),
            address: address.to_owned(),
        };
        let answered =
            |address: &str| answer(&resolve(address), &endpoint(), "urn:uuid:2").is_some();
        assert!(answered(&endpoint().address));
        assert!(!answered("urn:uuid:other"));
    }

    #[test]
    fn all_datagrams_are_valid() {
        let asked = read_datagram(probe("urn:uuid:1").as_bytes()).unwrap();
        let resolve = Datagram::Resolve {
            message_id: "urn:uuid:1".to_owned(),
            address: endpoint().address,
        };
        let documents: Vec<(String, String)> = [
            ("probe", probe("urn:uuid:1")),
            (
                "matches",
                answer(&asked, &endpoint(), "urn:uuid:2").unwrap(),
            ),
            (
                "resolved",
                answer(&resolve, &endpoint(), "urn:uuid:2").unwrap(),
            ),
            ("hello", hello(&endpoint(), "urn:uuid:3")),
            ("bye", bye(&endpoint(), "urn:uuid:4")),
        ]
        .map(|(name, text)| (name.to_owned(), text))
        .to_vec();
        let complaints = testkit::onvif_complaints(&documents);
        assert_eq!(complaints.unwrap_or_default(), "");
    }

    proptest! {
        #[test]
        fn any_datagram_is_read_or_dropped(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            drop(read_datagram(&bytes));
        }
    }
}
