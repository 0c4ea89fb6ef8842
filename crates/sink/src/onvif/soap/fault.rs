//! Faults as ONVIF wants them: whose mistake, and subcodes from general to
//! special.

use super::envelope::{EnvelopeError, write_envelope};
use crate::onvif::document::utc;
use crate::onvif::xml::{ReadError, XmlWriter};
use types::Timestamp;

/// Whose mistake it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// The client's.
    Sender,
    /// Ours, or nobody's.
    Receiver,
}

/// A fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Whose mistake.
    pub code: FaultCode,
    /// Subcodes with prefix, the general one first; at most two.
    pub subcodes: Vec<&'static str>,
    /// For people.
    pub reason: String,
    /// An element that the specification wants in Detail.
    pub detail: Option<FaultDetail>,
}

/// What stands in a fault's Detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultDetail {
    /// A fault of WS-Notification or WS-Resource, such as
    /// `wsnt:InvalidFilterFault`.
    Base {
        /// The element with prefix.
        element: &'static str,
        /// When.
        at: Timestamp,
    },
    /// How long and how many a pull may ask for.
    PullLimits {
        /// Seconds.
        max_timeout_s: u64,
        /// Messages.
        max_messages: usize,
    },
}

impl Fault {
    /// The client's mistake.
    pub fn sender(subcodes: &[&'static str], reason: impl Into<String>) -> Self {
        Fault {
            code: FaultCode::Sender,
            subcodes: subcodes.to_vec(),
            reason: reason.into(),
            detail: None,
        }
    }

    /// Not the client's mistake.
    pub fn receiver(subcodes: &[&'static str], reason: impl Into<String>) -> Self {
        Fault {
            code: FaultCode::Receiver,
            ..Self::sender(subcodes, reason)
        }
    }

    /// A parameter cannot be used.
    pub fn invalid(special: &'static str, reason: impl Into<String>) -> Self {
        Self::sender(&["ter:InvalidArgVal", special], reason)
    }

    /// A token names nothing that we have.
    pub fn no_config(token: &str) -> Self {
        let token: String = token.chars().take(64).collect();
        Self::invalid(
            "ter:NoConfig",
            format!("nothing here has the token {token:?}"),
        )
    }

    /// We do not do this.
    pub fn not_supported(operation: &str) -> Self {
        let operation: String = operation.chars().take(80).collect();
        Self::receiver(
            &["ter:ActionNotSupported"],
            format!("{operation} is not supported"),
        )
    }

    /// The account may not do this, or nobody knows whose it is.
    pub fn not_authorized(reason: impl Into<String>) -> Self {
        Self::sender(&["ter:NotAuthorized"], reason)
    }

    /// A fault of WS-Notification or WS-Resource.
    pub fn base(element: &'static str, reason: impl Into<String>, at: Timestamp) -> Self {
        Fault {
            detail: Some(FaultDetail::Base { element, at }),
            ..Self::sender(&["ter:InvalidArgVal"], reason)
        }
    }

    /// Status of the HTTP answer that carries it.
    pub fn http_status(&self) -> u16 {
        match self.code {
            FaultCode::Sender => 400,
            FaultCode::Receiver => 500,
        }
    }

    /// The envelope.
    pub fn to_xml(&self, relates_to: Option<&str>) -> String {
        let action = match self.detail {
            Some(_) => "http://www.w3.org/2005/08/addressing/soap/fault",
            None => "http://www.w3.org/2005/08/addressing/fault",
        };
        let action = relates_to.map(|_| action);
        write_envelope(action, None, relates_to, |xml| self.write(xml))
    }

    fn write(&self, xml: &mut XmlWriter) {
        xml.open("s:Fault");
        xml.open("s:Code");
        let code = match self.code {
            FaultCode::Sender => "s:Sender",
            FaultCode::Receiver => "s:Receiver",
        };
        xml.leaf("s:Value", code);
        for subcode in &self.subcodes {
            xml.open("s:Subcode");
            xml.leaf("s:Value", subcode);
        }
        for _ in &self.subcodes {
            xml.close();
        }
        xml.close();
        xml.open("s:Reason");
        xml.leaf_with("s:Text", &[("xml:lang", "en")], &self.reason);
        xml.close();
        if let Some(detail) = &self.detail {
            xml.open("s:Detail");
            match detail {
                FaultDetail::Base { element, at } => {
                    xml.open(element);
                    xml.leaf("wsrf-bf:Timestamp", utc(*at));
                    xml.leaf_with("wsrf-bf:Description", &[("xml:lang", "en")], &self.reason);
                    if *element == "wsnt:InvalidFilterFault" {
                        xml.leaf("wsnt:UnknownFilter", "wsnt:Filter");
                    }
                    xml.close();
                }
                FaultDetail::PullLimits {
                    max_timeout_s,
                    max_messages,
                } => {
                    xml.open("tev:PullMessagesFaultResponse");
                    xml.leaf("tev:MaxTimeout", format!("PT{max_timeout_s}S"));
                    xml.leaf("tev:MaxMessageLimit", max_messages.to_string());
                    xml.close();
                }
            }
            xml.close();
        }
        xml.close();
    }
}

impl From<EnvelopeError> for Fault {
    fn from(error: EnvelopeError) -> Self {
        let subcode = match &error {
            EnvelopeError::Xml(ReadError::Mismatch(_)) => "ter:TagMismatch",
            EnvelopeError::Xml(_) | EnvelopeError::NoEnvelope(_) => "ter:WellFormed",
        };
        Fault::sender(&[subcode], error.to_string())
    }
}
