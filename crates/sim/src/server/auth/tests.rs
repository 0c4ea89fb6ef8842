//! Logins, right and wrong, young and old.

use super::*;

const TARGET: &str = "/cgi-bin/mjpeg?stream=1&frame=5";

fn digest(algorithm: Algorithm, qop: Qop) -> Auth {
    let scheme = Scheme::Digest {
        algorithm,
        qop,
        spelling: Spelling::Usual,
    };
    Auth::new("admin", "secret", scheme)
}

/// The nonce of the first challenge.
fn nonce(verdict: &Verdict) -> String {
    let (Verdict::Challenge(challenges) | Verdict::Stale(challenges) | Verdict::Wrong(challenges)) =
        verdict
    else {
        panic!("no challenge in {verdict:?}");
    };
    let text = challenges
        .iter()
        .find(|text| text.starts_with("Digest"))
        .unwrap();
    parameters(text.strip_prefix("Digest ").unwrap())["nonce"].clone()
}

/// What a client with this password answers (MD5, `auth`).
fn answer(password: &str, nonce: &str, count: u32) -> String {
    let hash = |text: &str| Algorithm::Md5.hash(text);
    let a1 = hash(&format!("admin:simulated camera:{password}"));
    let a2 = hash(&format!("GET:{TARGET}"));
    let response = hash(&format!("{a1}:{nonce}:{count:08x}:abc:auth:{a2}"));
    format!(
        "Digest username=\"admin\", realm=\"simulated camera\", nonce=\"{nonce}\", uri=\"{TARGET}\", qop=auth, nc={count:08x}, cnonce=\"abc\", response=\"{response}\""
    )
}

fn ask(login: &mut Login, authorization: Option<&str>, at_s: u64) -> Verdict {
    login.check("GET", TARGET, b"", authorization, Duration::from_secs(at_s))
}

#[test]
fn example_of_rfc_2617_hashes_as_printed() {
    let hash = |text: &str| Algorithm::Md5.hash(text);
    let a1 = hash("Mufasa:testrealm@host.com:Circle Of Life");
    let a2 = hash("GET:/dir/index.html");
    let response = hash(&format!(
        "{a1}:dcd98b7102dd2f0e8b11d0f600bfb0c093:00000001:0a4f113b:auth:{a2}"
    ));
    assert_eq!(response, "6629fae49393a05397450978507c4ef1");
}

#[test]
fn right_password_passes_until_the_count_is_repeated() {
    let mut login = Login::new(digest(Algorithm::Md5, Qop::Auth), 1);
    let nonce = nonce(&ask(&mut login, None, 0));
    assert_eq!(
        ask(&mut login, Some(&answer("secret", &nonce, 1)), 0),
        Verdict::Pass
    );
    assert_eq!(
        ask(&mut login, Some(&answer("secret", &nonce, 2)), 0),
        Verdict::Pass
    );
    assert!(matches!(
        ask(&mut login, Some(&answer("secret", &nonce, 2)), 0),
        Verdict::Stale(_)
    ));
}

#[test]
fn nonce_is_stale_after_its_uses_and_after_its_life() {
    let auth = Auth {
        nonce_uses: Some(1),
        nonce_lifetime: Some(Duration::from_secs(5)),
        ..digest(Algorithm::Md5, Qop::Auth)
    };
    let mut login = Login::new(auth, 1);
    let first = nonce(&ask(&mut login, None, 0));
    assert_eq!(
        ask(&mut login, Some(&answer("secret", &first, 1)), 1),
        Verdict::Pass
    );
    let stale = ask(&mut login, Some(&answer("secret", &first, 2)), 1);
    assert!(matches!(&stale, Verdict::Stale(challenges) if challenges[0].ends_with("stale=true")));
    let second = nonce(&stale);
    assert!(matches!(
        ask(&mut login, Some(&answer("secret", &second, 1)), 7),
        Verdict::Stale(_)
    ));
}

#[test]
fn wrong_passwords_lock_the_door_until_unlocked() {
    let auth = Auth {
        lock_after: Some(2),
        ..digest(Algorithm::Md5, Qop::Auth)
    };
    let mut login = Login::new(auth, 1);
    let nonce = nonce(&ask(&mut login, None, 0));
    for count in 1..=2 {
        assert!(matches!(
            ask(&mut login, Some(&answer("guess", &nonce, count)), 0),
            Verdict::Wrong(_)
        ));
    }
    assert_eq!(
        ask(&mut login, Some(&answer("secret", &nonce, 3)), 0),
        Verdict::Locked
    );
    login.unlock();
    assert_eq!(
        ask(&mut login, Some(&answer("secret", &nonce, 3)), 0),
        Verdict::Pass
    );
}

#[test]
fn answer_for_another_target_is_wrong() {
    let mut login = Login::new(digest(Algorithm::Md5, Qop::Auth), 1);
    let nonce = nonce(&ask(&mut login, None, 0));
    let authorization = answer("secret", &nonce, 1);
    let verdict = login.check(
        "GET",
        "/cgi-bin/mjpeg?stream=1%26frame=5",
        b"",
        Some(&authorization),
        Duration::ZERO,
    );
    assert!(matches!(verdict, Verdict::Wrong(_)));
}

#[test]
fn challenges_come_in_order_and_as_spelt() {
    let spelt = |spelling| Scheme::Digest {
        algorithm: Algorithm::Md5,
        qop: Qop::None,
        spelling,
    };
    let auth = Auth {
        schemes: vec![
            Scheme::Basic,
            spelt(Spelling::LowerCase),
            spelt(Spelling::Absent),
        ],
        ..Auth::new("admin", "secret", Scheme::Basic)
    };
    let Verdict::Challenge(challenges) = ask(&mut Login::new(auth, 1), None, 0) else {
        panic!("expected a challenge");
    };
    assert_eq!(challenges[0], "Basic realm=\"simulated camera\"");
    assert!(
        challenges[1].ends_with(", algorithm=md5"),
        "{}",
        challenges[1]
    );
    assert!(!challenges[2].contains("algorithm"), "{}", challenges[2]);
}
