use std::collections::BTreeSet;

use types::{EventKind, Phase};

use super::responder::{Mood, Responder, Way};
use super::*;
use crate::Reaction;
use crate::testing::{message, picture};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn config(port: u16) -> MailConfig {
    MailConfig {
        host: "localhost".to_owned(),
        port,
        encryption: Encryption::None,
        trust: Trust::Verify,
        login: Some(("relay".to_owned(), "geheim".to_owned())),
        from: "Gate <relay@site.example>".to_owned(),
        to: vec![
            "guard@site.example".to_owned(),
            "Boss <boss@site.example>".to_owned(),
        ],
        timeout: Duration::from_secs(5),
        filter: KindFilter::default(),
        least_severity: Severity::Info,
        max_per_hour: 30,
        public_base_url: Some("https://relay.example/".to_owned()),
    }
}

fn mail(config: MailConfig) -> Mail {
    Mail::new(config, Arc::default()).unwrap()
}

/// The mail's text with soft line breaks and signs undone.
fn readable(mail: &str) -> String {
    let unfolded = mail.replace("=\r\n", "").replace("\r\n ", " ");
    unfolded.replace("=3D", "=")
}

#[tokio::test]
async fn an_alarm_arrives_with_text_picture_link_and_an_id_of_its_step() {
    let server = Responder::start(Way::Plain).await;
    let told = Message {
        picture: Some(picture()),
        camera_name: "Gate <2>".to_owned(),
        ..message()
    };
    mail(config(server.port()))
        .deliver(&told, NOW)
        .await
        .unwrap();
    let taken = server.taken();
    let text = readable(&taken[0]);
    for part in [
        "From: Gate <relay@site.example>",
        "To: guard@site.example, Boss <boss@site.example>",
        "Subject: Intruder: Human in Gate, Gate <2> (Nobody at the gate), 09:30:02 UTC",
        "Message-ID: <01JZ3M0G9CB5XJ8Q0V2N3W4K7T-0.airelay@site.example>",
        "Date: Fri, 15 Jan 2027 08:00:00 +0000",
        "Auto-Submitted: auto-generated",
        "- dwell: 2.2 s of 2.0 s (yes)",
        "Open it: https://relay.example/alarms/01JZ3M0G9CB5XJ8Q0V2N3W4K7T",
        "<td>Gate &lt;2&gt;</td>",
        "Content-ID: <best-shot@airelay>",
        "Content-Type: image/jpeg",
        "src=\"cid:best-shot@airelay\"",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
}

#[tokio::test]
async fn begins_of_chosen_kinds_and_severities_are_told_and_ends_by_choice() {
    let server = Responder::start(Way::Plain).await;
    let end = Message {
        phase: Phase::End,
        step: 1,
        ended_at: Some(NOW),
        ..message()
    };
    let only_begins = mail(config(server.port()));
    only_begins.deliver(&end, NOW).await.unwrap();
    let mut other_kinds = config(server.port());
    other_kinds.filter.kinds = BTreeSet::from([EventKind::Loitering]);
    mail(other_kinds).deliver(&message(), NOW).await.unwrap();
    let mut graver = config(server.port());
    graver.least_severity = Severity::Critical;
    mail(graver).deliver(&message(), NOW).await.unwrap();
    assert_eq!(server.taken(), Vec::<String>::new());

    let mut with_ends = config(server.port());
    with_ends.filter.has_ends = true;
    mail(with_ends).deliver(&end, NOW).await.unwrap();
    let text = readable(&server.taken()[0]);
    assert!(text.contains("References: <01JZ3M0G9CB5XJ8Q0V2N3W4K7T-0.airelay@site.example>"));
    assert!(text.contains("Subject: Intruder ended: Human"), "{text}");
}

#[tokio::test]
async fn answers_say_whether_to_try_again_and_what_to_do() {
    let server = Responder::start(Way::Plain).await;
    let sender = mail(config(server.port()));
    server.be(Mood::Answers(451));
    let error = sender.deliver(&message(), NOW).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Retry { after: None });
    assert!(error.to_string().contains("451 not now"), "{error}");
    server.be(Mood::TakesAndHangsUp);
    let error = sender.deliver(&message(), NOW).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Retry { after: None });
    assert!(
        error.to_string().contains("hung up without an answer"),
        "{error}"
    );
    server.be(Mood::Answers(554));
    let error = sender.deliver(&message(), NOW).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Refused);
    assert!(
        error.to_string().contains("554 not now; the server's log"),
        "{error}"
    );
    assert_eq!(server.n_failed(), 3);
    // What was lost comes again as the same mail.
    server.be(Mood::Well);
    sender.deliver(&message(), NOW).await.unwrap();
    let ids: BTreeSet<String> = server
        .taken()
        .iter()
        .flat_map(|mail| {
            mail.lines()
                .find(|line| line.starts_with("Message-ID"))
                .map(str::to_owned)
        })
        .collect();
    assert_eq!((server.taken().len(), ids.len()), (2, 1));
}

#[tokio::test]
async fn a_recipient_who_is_refused_does_not_keep_the_mail_from_the_others() {
    let server = Responder::start(Way::Plain).await;
    server.be(Mood::Refuses("boss@", 450));
    let sent = mail(config(server.port())).deliver(&message(), NOW).await;
    let error = sent.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Refused);
    let text = error.to_string();
    assert!(
        text.contains("1 of 2 recipients have it, but boss@site.example: 450 no such user"),
        "{text}"
    );
    assert_eq!(server.taken().len(), 1);
    server.be(Mood::Refuses("@site", 550));
    let error = mail(config(server.port()))
        .deliver(&message(), NOW)
        .await
        .unwrap_err();
    assert_eq!(error.reaction(), Reaction::Refused);
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn a_wrong_password_waits_and_never_shows() {
    let server = Responder::start(Way::Plain).await;
    let mut wrong = config(server.port());
    wrong.login = Some(("relay".to_owned(), "falsch!".to_owned()));
    let sender = mail(wrong);
    let error = sender.deliver(&message(), NOW).await.unwrap_err();
    assert!(matches!(
        error.reaction(),
        Reaction::Retry { after: Some(_) }
    ));
    let text = error.to_string();
    assert!(
        text.contains("535 5.7.8 bad credentials; type user name"),
        "{text}"
    );
    assert!(!format!("{sender:?}{error:?}{text}").contains("falsch!"));
    let mut nobody = config(server.port());
    nobody.login = None;
    let error = mail(nobody).deliver(&message(), NOW).await.unwrap_err();
    assert_eq!(error.step, Step::SignIn);
}

#[tokio::test]
async fn a_noisy_rule_is_held_back_and_the_next_mail_tells_of_it() {
    let server = Responder::start(Way::Plain).await;
    let mut few = config(server.port());
    few.max_per_hour = 1;
    let sender = mail(few);
    for _ in 0..3 {
        sender.deliver(&message(), NOW).await.unwrap();
    }
    assert_eq!(server.taken().len(), 1);
    let later = NOW.saturating_add(Duration::from_hours(1));
    server.be(Mood::Answers(451));
    sender.deliver(&message(), later).await.unwrap_err();
    server.be(Mood::Well);
    sender.deliver(&message(), later).await.unwrap();
    let text = readable(&server.taken()[1]);
    assert!(
        text.contains("2 more alarms since 2026-07-01 09:30:02 UTC"),
        "{text}"
    );
}

#[tokio::test]
async fn both_ways_of_encryption_pin_a_certificate_and_refuse_others() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let certificate = made.cert.der().clone();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let hash = ring::digest::digest(&ring::digest::SHA256, &certificate);
    let fingerprint: [u8; 32] = hash.as_ref().try_into().unwrap();
    for (encryption, way) in [
        (Encryption::Tls, Way::Tls(acceptor.clone())),
        (Encryption::StartTls, Way::StartTls(acceptor.clone())),
    ] {
        let server = Responder::start(way).await;
        let mut secured = config(server.port());
        secured.encryption = encryption;
        let walk = mail(secured.clone()).test(&message(), NOW).await;
        assert_eq!((walk.steps.len(), walk.is_ok()), (2, false), "{walk:?}");
        assert_eq!(walk.refused_certificate, Some(fingerprint));
        assert_eq!(server.taken().len(), 0);
        secured.trust = Trust::Pin(fingerprint);
        let walk = mail(secured).test(&message(), NOW).await;
        let whats: Vec<&str> = walk.steps.iter().map(|step| step.what.as_str()).collect();
        let reach = format!("Reach localhost:{}", server.port());
        let expected = [
            &reach,
            "Encrypt",
            "Greet",
            "Sign in",
            "Send a test mail to 2 recipients",
        ];
        assert_eq!(whats, expected);
        assert!(walk.is_ok(), "{walk:?}");
        assert_eq!(server.taken().len(), 1);
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_no_mail_in_the_clear() {
    let server = Responder::start(Way::Plain).await;
    let mut secured = config(server.port());
    secured.encryption = Encryption::StartTls;
    let error = mail(secured).deliver(&message(), NOW).await.unwrap_err();
    assert!(
        error.to_string().contains("does not offer STARTTLS"),
        "{error}"
    );
    assert_eq!(server.taken().len(), 0);
}

#[test]
fn settings_that_cannot_be_meant_are_named() {
    let field = |change: fn(&mut MailConfig)| {
        let mut config = config(25);
        change(&mut config);
        Mail::new(config, Arc::default()).unwrap_err().field
    };
    assert_eq!(
        field(|config| config.host = "smtp.example:25".to_owned()),
        "host"
    );
    assert_eq!(field(|config| config.host = " ".to_owned()), "host");
    assert_eq!(field(|config| config.port = 0), "port");
    assert_eq!(field(|config| config.from = "relay".to_owned()), "from");
    assert_eq!(
        field(|config| config.from = "a@b.example\r\nBcc: x@y.example".to_owned()),
        "from"
    );
    assert_eq!(field(|config| config.to = Vec::new()), "to");
    assert_eq!(
        field(|config| config.to = vec!["a@b.example".to_owned(); 9]),
        "to"
    );
    assert_eq!(field(|config| config.max_per_hour = 0), "max_per_hour");
    assert_eq!(field(|config| config.timeout = Duration::ZERO), "timeout_s");
    assert_eq!(
        field(|config| config.login = Some(("a\nb".to_owned(), String::new()))),
        "user"
    );
}
