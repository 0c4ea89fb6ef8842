//! The signature by which a receiver knows that a document is ours.

use std::fmt::Write as _;

use ring::hmac;
use types::Timestamp;

/// Value of `X-Airelay-Signature`: `t=<seconds since 1970>,v1=<hex>`, where the
/// hex is the HMAC-SHA256 of `<seconds>.<body>`. The time is signed so that a
/// receiver can refuse a document that somebody recorded and sends again.
pub(super) fn header(secret: &str, now: Timestamp, body: &[u8]) -> String {
    let secs = now.as_millis().div_euclid(1_000);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{secs}.").as_bytes());
    context.update(body);
    let mut header = format!("t={secs},v1=");
    for byte in context.sign().as_ref() {
        write!(header, "{byte:02x}").expect("text grows");
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_is_what_any_hmac_tool_computes() {
        // printf '1000000.{"a":1}' | openssl dgst -sha256 -hmac topsecret
        assert_eq!(
            header("topsecret", Timestamp::from_secs(1_000_000), b"{\"a\":1}"),
            "t=1000000,v1=7cb3dde68c8db5f03bdf7c7cff388e7622ab658e0c070f85e55c0e2f19674f9c"
        );
    }
}
