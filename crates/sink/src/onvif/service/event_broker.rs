//! `tev:EventBrokerConfig`: a broker as clients set it.
//!
//! In: AddEventBroker's element. Out: its fields, with topics by our own
//! prefixes; and the same as answers have it.
//!
//! Not here: brokers themselves (`mqtt`), where they are kept.

use std::fmt;

use super::Call;
use crate::onvif::namespace as ns;
use crate::onvif::notification::CONCRETE_SET_DIALECT;
use crate::onvif::soap::Fault;
use crate::onvif::subscription::CONCRETE_DIALECT;
use crate::onvif::xml::{Element, XmlWriter};

/// Longest field, bytes.
const MAX_FIELD_BYTES: usize = 1_024;

/// A broker.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct EventBroker {
    /// `scheme://host:port`; the broker's identity.
    pub address: String,
    /// What all topics begin with.
    pub topic_prefix: String,
    /// User name.
    pub user: Option<String>,
    /// Password; never in an answer. Absent in a change, the stored one stays.
    pub password: Option<String>,
    /// Which events, such as `tns1:RuleEngine//.|airelay:Rule//.`; absent or
    /// empty: all.
    pub publish_filter: Option<String>,
    /// Which metadata; absent: none, empty: all.
    pub metadata_filter: Option<String>,
    /// 0, 1 or 2; absent: 1.
    pub qos: Option<u8>,
    /// `Offline`, `Connecting` or `Connected`, in answers.
    pub status: Option<&'static str>,
}

impl fmt::Debug for EventBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBroker")
            .field("address", &self.address)
            .field("topic_prefix", &self.topic_prefix)
            .field("user", &self.user)
            .field("has_password", &self.password.is_some())
            .field("publish_filter", &self.publish_filter)
            .field("metadata_filter", &self.metadata_filter)
            .field("qos", &self.qos)
            .field("status", &self.status)
            .finish()
    }
}

/// Reads AddEventBroker.
///
/// # Errors
/// A field is missing, too long, or means nothing here.
pub(super) fn read(call: Call<'_>) -> Result<EventBroker, Fault> {
    let element = call.child("EventBroker")?;
    let text = |name: &str| -> Result<Option<String>, Fault> {
        let Some(text) = element.child_text(ns::TEV, name) else {
            return Ok(None);
        };
        if text.len() > MAX_FIELD_BYTES {
            let reason = format!("{name} is longer than {MAX_FIELD_BYTES} bytes");
            return Err(Fault::sender(&["ter:InvalidArgVal"], reason));
        }
        Ok(Some(text.to_owned()))
    };
    let needed = |name: &str| {
        let missing = || Fault::sender(&["ter:InvalidArgs"], format!("{name} is missing"));
        text(name)?
            .filter(|text| !text.is_empty())
            .ok_or_else(missing)
    };
    for name in ["CertificateID", "CertPathValidationPolicyID"] {
        if text(name)?.is_some_and(|text| !text.is_empty()) {
            return Err(Fault::sender(
                &["ter:InvalidArgVal"],
                format!("{name}: there is no key store here; set certificates on the web page"),
            ));
        }
    }
    let qos = match text("QoS")?.as_deref() {
        None | Some("") => None,
        Some(text) => Some(
            text.parse::<u8>()
                .ok()
                .filter(|qos| *qos <= 2)
                .ok_or_else(|| Fault::sender(&["ter:InvalidArgVal"], "QoS must be 0, 1 or 2"))?,
        ),
    };
    let filter = |name: &str| element.child(ns::TEV, name).map(read_filter).transpose();
    Ok(EventBroker {
        address: needed("Address")?,
        topic_prefix: needed("TopicPrefix")?,
        user: text("UserName")?.filter(|user| !user.is_empty()),
        password: text("Password")?,
        publish_filter: filter("PublishFilter")?,
        metadata_filter: filter("MetadataFilter")?,
        qos,
        status: None,
    })
}

/// Topics of a `wsnt:FilterType`, by our prefixes.
fn read_filter(filter: &Element) -> Result<String, Fault> {
    let mut topics = Vec::new();
    for part in &filter.children {
        let short: String = part.text.trim().chars().take(120).collect();
        let invalid = |why: &str| Fault::invalid("ter:InvalidFilter", format!("{short:?}: {why}"));
        if !part.name.is(ns::WSNT, "TopicExpression") {
            return Err(invalid("brokers are told by topic only"));
        }
        let dialect = part.attribute("Dialect").unwrap_or_default();
        let alternatives: Vec<&str> = match dialect {
            CONCRETE_DIALECT => vec![part.text.trim()],
            CONCRETE_SET_DIALECT => part.text.trim().split('|').collect(),
            _ => return Err(invalid("this dialect of topics is not known")),
        };
        for alternative in alternatives {
            let known = read_topic(alternative.trim(), part);
            topics.push(known.ok_or_else(|| invalid("this names no topic"))?);
        }
    }
    Ok(topics.join("|"))
}

/// `x:A/x:B//.` with whatever prefix, as `tns1:A/B//.`.
fn read_topic(text: &str, scope: &Element) -> Option<String> {
    let (prefix, path) = text.split_once(':')?;
    let ours = match &*scope.namespace_of(prefix)? {
        ns::TNS1 => "tns1",
        ns::AIRELAY => "airelay",
        _ => return None,
    };
    let again = format!("{prefix}:");
    let steps: Vec<&str> = path
        .split('/')
        .map(|step| step.strip_prefix(&again).unwrap_or(step))
        .collect();
    Some(format!("{ours}:{}", steps.join("/")))
}

/// Writes `tev:EventBroker`, without the password.
pub(super) fn write(xml: &mut XmlWriter, broker: &EventBroker) {
    xml.open("tev:EventBroker");
    xml.leaf("tev:Address", &broker.address);
    xml.leaf("tev:TopicPrefix", &broker.topic_prefix);
    if let Some(user) = &broker.user {
        xml.leaf("tev:UserName", user);
    }
    write_filter(xml, "tev:PublishFilter", broker.publish_filter.as_deref());
    if let Some(qos) = broker.qos {
        xml.leaf("tev:QoS", qos.to_string());
    }
    if let Some(status) = broker.status {
        xml.leaf("tev:Status", status);
    }
    write_filter(xml, "tev:MetadataFilter", broker.metadata_filter.as_deref());
    xml.close();
}

fn write_filter(xml: &mut XmlWriter, element: &str, topics: Option<&str>) {
    let Some(topics) = topics else { return };
    xml.within(element, |xml| {
        if !topics.is_empty() {
            xml.leaf_with(
                "wsnt:TopicExpression",
                &[("Dialect", CONCRETE_SET_DIALECT)],
                topics,
            );
        }
    });
}
