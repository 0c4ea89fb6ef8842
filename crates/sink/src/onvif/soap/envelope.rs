//! Envelopes.

use thiserror::Error;

use super::security::UsernameToken;
use crate::onvif::namespace as ns;
use crate::onvif::xml::{Element, Limits, ReadError, XmlWriter, read, write_document};

/// A request.
#[derive(Debug)]
pub struct Envelope {
    /// Body's first child: the operation with its parameters.
    pub operation: Element,
    /// Who asks, if the header says so.
    pub token: Option<UsernameToken>,
    /// `wsa:MessageID`, to answer to.
    pub message_id: Option<String>,
    /// `wsa:To`: the address that was meant.
    pub to: Option<String>,
}

/// Why bytes are no request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EnvelopeError {
    /// No XML that we take.
    #[error(transparent)]
    Xml(#[from] ReadError),
    /// XML, but no SOAP 1.2.
    #[error("read SOAP: {0}")]
    NoEnvelope(&'static str),
}

impl Envelope {
    /// Reads a request.
    ///
    /// # Errors
    /// The bytes are no XML within limits, or no envelope with an operation.
    pub fn read(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let root = read(bytes, Limits::REQUEST)?;
        if !root.name.is(ns::SOAP, "Envelope") {
            return Err(EnvelopeError::NoEnvelope(
                "the root is no SOAP 1.2 Envelope",
            ));
        }
        let header = root.child(ns::SOAP, "Header");
        let token = header
            .and_then(|header| header.child(ns::WSSE, "Security"))
            .and_then(|security| security.child(ns::WSSE, "UsernameToken"))
            .map(UsernameToken::read);
        let addressing = |name| {
            let text = header?.child_text(ns::WSA, name)?;
            (text.len() <= MAX_ADDRESS_BYTES).then(|| text.to_owned())
        };
        let (message_id, to) = (addressing("MessageID"), addressing("To"));
        let body = root.children.into_iter();
        let mut bodies = body.filter(|child| child.name.is(ns::SOAP, "Body"));
        let body = bodies
            .next()
            .ok_or(EnvelopeError::NoEnvelope("there is no Body"))?;
        let operation = body.children.into_iter().next();
        Ok(Envelope {
            operation: operation.ok_or(EnvelopeError::NoEnvelope("Body is empty"))?,
            token,
            message_id,
            to,
        })
    }
}

/// Longest header value that is sent back, bytes.
const MAX_ADDRESS_BYTES: usize = 512;

/// Prefixes that all our envelopes declare.
const PREFIXES: &[(&str, &str)] = &[
    ("xmlns:s", ns::SOAP),
    ("xmlns:wsa", ns::WSA),
    ("xmlns:tt", ns::TT),
    ("xmlns:tds", ns::TDS),
    ("xmlns:trt", ns::TRT),
    ("xmlns:tr2", ns::TR2),
    ("xmlns:tev", ns::TEV),
    ("xmlns:tan", ns::TAN),
    ("xmlns:timg", ns::TIMG),
    ("xmlns:tmd", ns::TMD),
    ("xmlns:ter", ns::TER),
    ("xmlns:wsnt", ns::WSNT),
    ("xmlns:wstop", ns::WSTOP),
    ("xmlns:wsrf-r", ns::WSRF_R),
    ("xmlns:wsrf-bf", ns::WSRF_BF),
    ("xmlns:tns1", ns::TNS1),
    ("xmlns:airelay", ns::AIRELAY),
    ("xmlns:xs", ns::XS),
];

/// An envelope with `action` and, in its body, what `body` writes.
/// `relates_to` is the message that it answers.
pub fn write_envelope(
    action: Option<&str>,
    to: Option<&str>,
    relates_to: Option<&str>,
    body: impl FnOnce(&mut XmlWriter),
) -> String {
    write_document(|xml| {
        xml.open_with("s:Envelope", PREFIXES);
        if action.is_some() || relates_to.is_some() || to.is_some() {
            xml.open("s:Header");
            if let Some(to) = to {
                xml.leaf("wsa:To", to);
            }
            if let Some(action) = action {
                xml.leaf("wsa:Action", action);
            }
            if let Some(relates_to) = relates_to {
                xml.leaf("wsa:RelatesTo", relates_to);
            }
            xml.close();
        }
        xml.within("s:Body", body);
        xml.close();
    })
}
