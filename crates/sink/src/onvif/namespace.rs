//! XML namespaces of ONVIF and what it builds on, by their usual prefixes.

/// `tt`: types of all services, scenes, messages.
pub const TT: &str = "http://www.onvif.org/ver10/schema";
/// `tds`: device service.
pub const TDS: &str = "http://www.onvif.org/ver10/device/wsdl";
/// `trt`: media service, version 1.
pub const TRT: &str = "http://www.onvif.org/ver10/media/wsdl";
/// `tr2`: media service, version 2.
pub const TR2: &str = "http://www.onvif.org/ver20/media/wsdl";
/// `tev`: event service.
pub const TEV: &str = "http://www.onvif.org/ver10/events/wsdl";
/// `tan`: analytics service.
pub const TAN: &str = "http://www.onvif.org/ver20/analytics/wsdl";
/// `tmd`: device IO service.
pub const TMD: &str = "http://www.onvif.org/ver10/deviceIO/wsdl";
/// `timg`: imaging service.
pub const TIMG: &str = "http://www.onvif.org/ver20/imaging/wsdl";
/// `tns1`: topics of ONVIF.
pub const TNS1: &str = "http://www.onvif.org/ver10/topics";
/// `ter`: error codes.
pub const TER: &str = "http://www.onvif.org/ver10/error";
/// `bd`: human bodies in scenes.
pub const BD: &str = "http://www.onvif.org/ver20/analytics/humanbody";
/// `wsnt`: notifications.
pub const WSNT: &str = "http://docs.oasis-open.org/wsn/b-2";
/// `wstop`: topic sets.
pub const WSTOP: &str = "http://docs.oasis-open.org/wsn/t-1";
/// `wsa`: addressing, as events use it.
pub const WSA: &str = "http://www.w3.org/2005/08/addressing";
/// `wsrf-r`: faults of resources.
pub const WSRF_R: &str = "http://docs.oasis-open.org/wsrf/r-2";
/// `wsrf-bf`: base of those faults.
pub const WSRF_BF: &str = "http://docs.oasis-open.org/wsrf/bf-2";
/// `s`: SOAP 1.2 envelopes.
pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// `wsse`: security headers.
pub const WSSE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// `wsu`: times in security headers.
pub const WSU: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// `xs`: types of XML Schema.
pub const XS: &str = "http://www.w3.org/2001/XMLSchema";
/// `d`: discovery.
pub const DISCOVERY: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery";
/// `a`: addressing, as discovery uses it.
pub const ADDRESSING_2004: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// `dn`: device types in discovery.
pub const DN: &str = "http://www.onvif.org/ver10/network/wsdl";
/// `airelay`: our own topics and rules, where ONVIF has none.
pub const AIRELAY: &str = "urn:airelay:onvif";
