//! HTTP Digest as a server: RFC 7616 with SHA-256 and MD5, RFC 2617 and RFC
//! 2069 for old clients.
//!
//! A nonce is a time and a seal over it, so that nothing is remembered per
//! client and a restart of ours only makes clients sign in once more. Within
//! its short life a nonce may be used again: real clients repeat `nc=1`, and
//! what an eavesdropper could repeat is the same request.
//!
//! Not here: accounts, the HTTP around it.

use std::time::Duration;

use md5::Md5;
use ring::hmac;
use sha2::{Digest as _, Sha256};
use types::Timestamp;

use super::Account;

/// How long a nonce is good for.
const NONCE_LIFE: Duration = Duration::from_secs(300);
/// A clock that was set back must not make nonces from the future.
const NONCE_AHEAD: Duration = Duration::from_secs(5);
/// Longest header that is read, bytes.
const MAX_HEADER_BYTES: usize = 4_096;
/// Most parameters of a header.
const MAX_PARAMETERS: usize = 32;

/// Checks logins of one realm.
#[derive(Debug)]
pub struct DigestGate {
    realm: &'static str,
    key: hmac::Key,
}

/// What a look at a request found.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This account proved its password.
    Known(Account),
    /// Answer 401 with these `WWW-Authenticate` headers, the strongest first.
    Challenge(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Sha256,
    Md5,
}

/// The parts of an `Authorization: Digest` header that matter.
#[derive(Default)]
struct Answer<'a> {
    username: &'a str,
    realm: &'a str,
    nonce: &'a str,
    uri: &'a str,
    response: &'a str,
    algorithm: &'a str,
    qop: &'a str,
    nc: &'a str,
    cnonce: &'a str,
}

impl DigestGate {
    /// A gate whose nonces are sealed with `key`; any bytes, kept secret.
    ///
    /// `realm` is part of what clients hash: it never changes, and holds no
    /// quotation mark.
    pub fn new(realm: &'static str, key: &[u8]) -> Self {
        DigestGate {
            realm,
            key: hmac::Key::new(hmac::HMAC_SHA256, key),
        }
    }

    /// Looks at a request. `target` is its path and query exactly as sent;
    /// `find` knows accounts by name.
    pub fn check(
        &self,
        method: &str,
        target: &str,
        authorization: Option<&str>,
        now: Timestamp,
        find: impl Fn(&str) -> Option<Account>,
    ) -> Verdict {
        let answer = authorization
            .filter(|header| header.len() <= MAX_HEADER_BYTES)
            .and_then(strip_scheme)
            .and_then(read_answer);
        let Some(answer) = answer else {
            return self.challenge(now, false);
        };
        match self.known(method, target, &answer, now, find) {
            Some(account) if self.is_fresh(answer.nonce, now) => Verdict::Known(account),
            Some(_) => self.challenge(now, true),
            None => self.challenge(now, false),
        }
    }

    fn known(
        &self,
        method: &str,
        target: &str,
        answer: &Answer<'_>,
        now: Timestamp,
        find: impl Fn(&str) -> Option<Account>,
    ) -> Option<Account> {
        let algorithm = match answer.algorithm {
            "" => Algorithm::Md5,
            name if name.eq_ignore_ascii_case("MD5") => Algorithm::Md5,
            name if name.eq_ignore_ascii_case("SHA-256") => Algorithm::Sha256,
            _ => return None,
        };
        let is_ours = answer.realm == self.realm && self.nonce_age(answer.nonce, now).is_some();
        if !is_ours || !is_same_target(answer.uri, target) {
            return None;
        }
        let account = find(answer.username)?;
        let hash = |text: &str| algorithm.hash(text);
        let secret = hash(&format!(
            "{}:{}:{}",
            account.name, self.realm, account.password
        ));
        let request = hash(&format!("{method}:{}", answer.uri));
        let expected = match answer.qop {
            "" => hash(&format!("{secret}:{}:{request}", answer.nonce)),
            "auth" => hash(&format!(
                "{secret}:{}:{}:{}:auth:{request}",
                answer.nonce, answer.nc, answer.cnonce
            )),
            _ => return None,
        };
        let is_right = is_equal(
            expected.as_bytes(),
            answer.response.to_ascii_lowercase().as_bytes(),
        );
        is_right.then_some(account)
    }

    fn challenge(&self, now: Timestamp, is_stale: bool) -> Verdict {
        let nonce = self.nonce(now);
        let stale = if is_stale { ", stale=true" } else { "" };
        let challenges = ["SHA-256", "MD5"].map(|algorithm| {
            format!(
                "Digest realm=\"{}\", qop=\"auth\", algorithm={algorithm}, nonce=\"{nonce}\"{stale}",
                self.realm
            )
        });
        Verdict::Challenge(challenges.to_vec())
    }

    fn nonce(&self, now: Timestamp) -> String {
        let micros = now.as_micros();
        format!("{micros:016x}{}", self.seal(micros))
    }

    /// Its age, if the nonce is one of ours.
    fn nonce_age(&self, nonce: &str, now: Timestamp) -> Option<Duration> {
        let (time, seal) = nonce.split_at_checked(16)?;
        let micros = i64::from_str_radix(time, 16).ok()?;
        if !is_equal(self.seal(micros).as_bytes(), seal.as_bytes()) {
            return None;
        }
        let made_at = Timestamp::from_micros(micros);
        if made_at.saturating_since(now) > NONCE_AHEAD {
            return Some(Duration::MAX);
        }
        Some(now.saturating_since(made_at))
    }

    fn is_fresh(&self, nonce: &str, now: Timestamp) -> bool {
        self.nonce_age(nonce, now)
            .is_some_and(|age| age <= NONCE_LIFE)
    }

    fn seal(&self, micros: i64) -> String {
        let tag = hmac::sign(&self.key, &micros.to_be_bytes());
        hex(&tag.as_ref()[..16])
    }
}

impl Algorithm {
    fn hash(self, text: &str) -> String {
        match self {
            Algorithm::Sha256 => hex(&Sha256::digest(text)),
            Algorithm::Md5 => hex(&Md5::digest(text)),
        }
    }
}

/// Some clients sign the whole URL, some only its path and query.
fn is_same_target(uri: &str, target: &str) -> bool {
    let path = uri
        .split_once("://")
        .and_then(|(_, rest)| rest.get(rest.find('/')?..));
    uri == target || path == Some(target)
}

fn strip_scheme(header: &str) -> Option<&str> {
    let (scheme, rest) = header.trim_start().split_once(' ')?;
    scheme.eq_ignore_ascii_case("Digest").then_some(rest)
}

/// `None` when something is not written as parameters are, or twice.
fn read_answer(text: &str) -> Option<Answer<'_>> {
    let mut answer = Answer::default();
    let mut rest = text.trim();
    for _ in 0..MAX_PARAMETERS {
        if rest.is_empty() {
            break;
        }
        let (name, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "username" => &mut answer.username,
            "realm" => &mut answer.realm,
            "nonce" => &mut answer.nonce,
            "uri" => &mut answer.uri,
            "response" => &mut answer.response,
            "algorithm" => &mut answer.algorithm,
            "qop" => &mut answer.qop,
            "nc" => &mut answer.nc,
            "cnonce" => &mut answer.cnonce,
            _ => &mut "",
        };
        if !slot.is_empty() {
            return None;
        }
        *slot = value.trim();
        rest = next.trim_start_matches([' ', ',', '\t']);
    }
    (rest.is_empty() && !answer.username.is_empty()).then_some(answer)
}

/// Without telling by its time where two texts differ.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |sum, (x, y)| sum | (x ^ y)) == 0
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::Level;

    const TARGET: &str = "/cgi-bin/getinfo?FILE=1";

    fn gate() -> DigestGate {
        DigestGate::new("airelay", b"a key")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + second)
    }

    fn account(name: &str) -> Option<Account> {
        (name == "vms").then(|| Account {
            name: "vms".to_owned(),
            password: "s3cret".to_owned(),
            level: Level::User,
        })
    }

    fn nonce(gate: &DigestGate, second: i64) -> String {
        let Verdict::Challenge(headers) = gate.check("GET", TARGET, None, at(second), account)
        else {
            panic!("no challenge");
        };
        let (_, rest) = headers[0].split_once("nonce=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }

    /// What a client with this password sends.
    fn answer(algorithm: Algorithm, qop: &str, password: &str, uri: &str, nonce: &str) -> String {
        let hash = |text: &str| algorithm.hash(text);
        let secret = hash(&format!("vms:airelay:{password}"));
        let request = hash(&format!("GET:{uri}"));
        let name = match algorithm {
            Algorithm::Sha256 => ", algorithm=SHA-256",
            Algorithm::Md5 => "",
        };
        let (response, more) = match qop {
            "auth" => (
                hash(&format!("{secret}:{nonce}:00000001:xyz:auth:{request}")),
                ", qop=auth, nc=00000001, cnonce=\"xyz\"",
            ),
            _ => (hash(&format!("{secret}:{nonce}:{request}")), ""),
        };
        format!(
            "Digest username=\"vms\", realm=\"airelay\", nonce=\"{nonce}\", uri=\"{uri}\"{name}{more}, response=\"{response}\""
        )
    }

    fn is_known(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Known(account) if account.name == "vms")
    }

    #[test]
    fn right_password_is_known_by_each_way_of_hashing() {
        let gate = gate();
        let nonce = nonce(&gate, 0);
        for (algorithm, qop, uri) in [
            (Algorithm::Sha256, "auth", TARGET),
            (Algorithm::Md5, "auth", TARGET),
            (Algorithm::Md5, "", TARGET),
            (
                Algorithm::Md5,
                "auth",
                "http://10.0.0.1:8092/cgi-bin/getinfo?FILE=1",
            ),
        ] {
            let header = answer(algorithm, qop, "s3cret", uri, &nonce);
            let verdict = gate.check("GET", TARGET, Some(&header), at(1), account);
            assert!(is_known(&verdict), "{header}");
        }
    }

    #[test]
    fn example_of_rfc_7616_hashes_as_printed() {
        let hash = |text: &str| Algorithm::Sha256.hash(text);
        let secret = hash("Mufasa:http-auth@example.org:Circle of Life");
        let request = hash("GET:/dir/index.html");
        let response = hash(&format!(
            "{secret}:7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v:00000001:\
             f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth:{request}"
        ));
        assert_eq!(
            response,
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
        );
    }

    #[test]
    fn wrong_password_target_method_or_nonce_is_challenged_anew() {
        let gate = gate();
        let ours = nonce(&gate, 0);
        let foreign = DigestGate::new("airelay", b"another key");
        let theirs = nonce(&foreign, 0);
        let right = |nonce: &str| answer(Algorithm::Md5, "auth", "s3cret", TARGET, nonce);
        for (method, header) in [
            (
                "GET",
                answer(Algorithm::Md5, "auth", "guess", TARGET, &ours),
            ),
            (
                "GET",
                answer(Algorithm::Md5, "auth", "s3cret", "/other", &ours),
            ),
            ("POST", right(&ours)),
            ("GET", right(&theirs)),
            ("GET", right("")),
            ("GET", right(&ours).replace("vms", "root")),
            ("GET", "Basic dm1zOnMzY3JldA==".to_owned()),
            ("GET", format!("{}, username=\"vms\"", right(&ours))),
        ] {
            let verdict = gate.check(method, TARGET, Some(&header), at(1), account);
            assert!(
                matches!(&verdict, Verdict::Challenge(headers) if !headers[0].contains("stale")),
                "{header}: {verdict:?}"
            );
        }
    }

    #[test]
    fn old_nonce_is_stale_so_that_the_client_signs_again_without_asking() {
        let gate = gate();
        let nonce = nonce(&gate, 0);
        let header = answer(Algorithm::Md5, "auth", "s3cret", TARGET, &nonce);
        let check = |second| gate.check("GET", TARGET, Some(&header), at(second), account);
        assert!(is_known(&check(300)));
        for second in [301, -60] {
            let verdict = check(second);
            assert!(
                matches!(&verdict, Verdict::Challenge(headers) if headers[0].ends_with("stale=true")),
                "{verdict:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_header_is_answered(header in ".{0,300}") {
            let header = format!("Digest {header}");
            let _ = gate().check("GET", TARGET, Some(&header), at(0), account);
        }
    }
}
