use proptest::prelude::*;

use super::*;
use crate::link::Secret;

fn credentials(user: &str, password: &str) -> Credentials {
    Credentials {
        user: user.to_owned(),
        password: Secret::new(password),
    }
}

fn digest_of(headers: &[&str]) -> DigestClient {
    match Login::choose(headers.iter().copied()).unwrap().client {
        Client::Digest(digest) => digest,
        Client::Basic(_) => panic!("expected Digest"),
    }
}

/// The `response` for a request of `path` with a fixed client nonce.
fn response(header: &str, user: &str, password: &str, path: &str, cnonce: &str) -> String {
    let mut digest = digest_of(&[header]);
    let params = params(user, password, path);
    let signed = digest.respond_with_testing_cnonce(&params, cnonce).unwrap();
    let (_, after) = signed.split_once("response=\"").unwrap();
    after.split('"').next().unwrap().to_owned()
}

#[test]
fn examples_of_the_standards_are_signed_right() {
    let rfc7616 = |algorithm: &str| {
        format!(
            "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", \
             algorithm={algorithm}, nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
             opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
        )
    };
    let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
    for (algorithm, expected) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("md5", "8ca523f5e9506fed4657c9700eebdbec"),
        (
            "SHA-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
        (
            "sha-256",
            "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
        ),
    ] {
        let header = rfc7616(algorithm);
        let actual = response(
            &header,
            "Mufasa",
            "Circle of Life",
            "/dir/index.html",
            cnonce,
        );
        assert_eq!(actual, expected, "{algorithm}");
    }
    // RFC 2617, section 3.5: no algorithm means MD5.
    let rfc2617 = "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
                   nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
                   opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"";
    let actual = response(
        rfc2617,
        "Mufasa",
        "Circle Of Life",
        "/dir/index.html",
        "0a4f113b",
    );
    assert_eq!(actual, "6629fae49393a05397450978507c4ef1");
}

/// Expected values: the formulas of RFC 2617 and 7616, worked out with Python's
/// `hashlib`.
#[test]
fn forms_without_published_example_are_signed_by_the_formula() {
    for (parameters, expected) in [
        ("", "8f9438fc7f683aa754f2c580bcace5d7"),
        (
            ", qop=auth, algorithm=md5-SESS",
            "183822d2424a596a048cba60a205eaf4",
        ),
        (
            ", algorithm=\"SHA-256\"",
            "022aff1d3934130568d4089edd548d6f5d0831da4d637b8729320682e10120c6",
        ),
    ] {
        let header = format!("Digest realm=\"r\", nonce=\"n\"{parameters}");
        let actual = response(&header, "u", "p", "/x?a=b&c", "c");
        assert_eq!(actual, expected, "{header}");
    }
}

#[test]
fn strongest_offer_is_taken_however_offers_are_spread() {
    let basic = "Basic realm=\"r\"";
    let md5 = "Digest realm=\"r\", nonce=\"n\"";
    let sha = "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256";
    let glued = format!("{basic}, {md5}, {sha}");
    for (headers, expected) in [
        (&[basic][..], AuthScheme::Basic),
        (&[basic, md5], AuthScheme::DigestMd5),
        (&[sha, md5, basic], AuthScheme::DigestSha256),
        (&[md5, basic, sha], AuthScheme::DigestSha256),
        (&[&glued], AuthScheme::DigestSha256),
        (&["NTLM", "Negotiate", basic], AuthScheme::Basic),
        (
            &["Digest realm=\"r\", nonce=\"n\", algorithm=NEW", basic],
            AuthScheme::Basic,
        ),
        (&["garbage \u{1} =", md5], AuthScheme::DigestMd5),
    ] {
        let login = Login::choose(headers.iter().copied()).unwrap();
        assert_eq!(login.scheme(), expected, "{headers:?}");
    }
}

#[test]
fn faulty_spellings_are_read() {
    for header in [
        "Digest  realm=\"r\",  nonce=\"n\"",
        "Digest realm = \"r\", nonce= \"n\",",
        "digest REALM=\"r\",NONCE=\"n\"",
        "Digest realm=\"a  = b, c\", nonce=\"n\" ",
    ] {
        assert!(Login::choose([header]).is_ok(), "{header}");
    }
    assert!(Login::choose(["Basic"]).is_ok());
}

#[test]
fn basic_is_encoded() {
    let mut login = Login::choose(["Basic realm=\"r\""]).unwrap();
    let signed = login
        .sign(&credentials("Aladdin", "open sesame"), "/")
        .unwrap();
    assert_eq!(signed, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
}

#[test]
fn unknown_offers_are_named() {
    let error = Login::choose(["NTLM", "Digest realm=\"r\", nonce=\"n\", algorithm=NEW"]);
    let error = error.err().unwrap();
    assert_eq!(error.offered, "NTLM, Digest NEW");
    let error = Login::choose(["Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""]);
    assert_eq!(error.err().unwrap().offered, "Digest auth-int");
    assert_eq!(Login::choose([]).err().unwrap().offered, "nothing readable");
}

proptest! {
    #[test]
    fn no_header_panics(header in "(Digest|Basic)? ?([a-z]{1,6}[ =\",\\\\]{0,3}){0,8}\\PC{0,20}") {
        if let Ok(mut login) = Login::choose([header.as_str()]) {
            let _signed = login.sign(&credentials("u", "p"), "/");
        }
    }
}
