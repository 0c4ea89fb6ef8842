//! Any datagram of WS-Discovery: read or dropped, answered or not.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sink::onvif::discovery::{Endpoint, answer, read_datagram};

fuzz_target!(|bytes: &[u8]| {
    let endpoint = Endpoint {
        address: "urn:uuid:1".to_owned(),
        scopes: vec!["onvif://www.onvif.org/Profile/M".to_owned()],
        x_addrs: Vec::new(),
        metadata_version: 1,
    };
    if let Some(datagram) = read_datagram(bytes)
        && let Some(document) = answer(&datagram, &endpoint, "urn:uuid:2")
    {
        assert!(read_datagram(document.as_bytes()).is_some());
    }
});
