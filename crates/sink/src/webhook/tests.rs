use std::sync::Arc;

use expect_test::expect;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use wiremock::matchers::{
    body_partial_json, body_string, header, header_exists, method, path, query_param,
};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::Reaction;
use crate::testing::message;

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

fn config(url: &str) -> WebhookConfig {
    WebhookConfig {
        url: url.to_owned(),
        timeout: Duration::from_secs(5),
        ..WebhookConfig::default()
    }
}

fn login(is_digest: bool) -> Login {
    Login {
        user: "ann".to_owned(),
        password: "pw".to_owned(),
        is_digest,
    }
}

async fn deliver(config: WebhookConfig) -> Result<(), DeliverError> {
    Webhook::new(config).unwrap().deliver(&message(), NOW).await
}

/// A receiver that answers everything with `answer`.
async fn receiver(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn accepted_step_carried_key_signature_and_own_headers() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/alarms"))
        .and(header("Content-Type", "application/json"))
        .and(header("Idempotency-Key", "01JZ3M0G9CB5XJ8Q0V2N3W4K7T-0"))
        .and(header("X-Api-Key", "k"))
        .and(header("Authorization", "Basic YW5uOnB3"))
        .and(body_partial_json(
            serde_json::json!({"kind": "intruder", "phase": "begin"}),
        ))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let url = format!("http://{}/alarms?token=x", server.address());
    let config = WebhookConfig {
        login: Some(login(false)),
        secret: Some("topsecret".to_owned()),
        headers: vec![("X-Api-Key".to_owned(), "k".to_owned())],
        ..config(&url)
    };
    deliver(config).await.unwrap();
    let request = &server.received_requests().await.unwrap()[0];
    let sent = request
        .headers
        .get("X-Airelay-Signature")
        .unwrap()
        .to_str()
        .unwrap();
    assert_eq!(sent, signature::header("topsecret", NOW, &request.body));
}

#[tokio::test]
async fn step_without_secret_is_not_signed() {
    let server = receiver(ResponseTemplate::new(200)).await;
    deliver(config(&server.uri())).await.unwrap();
    let request = &server.received_requests().await.unwrap()[0];
    assert!(request.headers.get("X-Airelay-Signature").is_none());
}

#[tokio::test]
async fn status_says_whether_the_step_goes_again() {
    let again = |seconds: Option<u64>| Reaction::Retry {
        after: seconds.map(Duration::from_secs),
    };
    for (status, retry_after, expected) in [
        (500, None, again(None)),
        (503, Some("120"), again(Some(120))),
        (429, Some("7"), again(Some(7))),
        (429, Some("Wed, 21 Oct 2026 07:28:00 GMT"), again(None)),
        (429, Some("-3"), again(None)),
        (408, None, again(None)),
        (425, None, again(None)),
        (400, None, Reaction::Refused),
        (401, None, Reaction::Refused),
        (404, Some("7"), Reaction::Refused),
        (410, None, Reaction::Refused),
    ] {
        let mut answer = ResponseTemplate::new(status);
        if let Some(text) = retry_after {
            answer = answer.insert_header("Retry-After", text);
        }
        let server = receiver(answer).await;
        let error = deliver(config(&server.uri())).await.unwrap_err();
        assert_eq!(error.reaction(), expected, "{status} {retry_after:?}");
    }
}

#[tokio::test]
async fn refusal_shows_the_start_of_the_answer_and_no_secret_of_the_url() {
    let server = receiver(ResponseTemplate::new(422).set_body_string("no such\ncamera")).await;
    let url = format!("http://{}/path-secret?token=secret", server.address());
    let error = deliver(config(&url)).await.unwrap_err();
    let text = error
        .to_string()
        .replace(&server.address().to_string(), "HOST");
    expect!["send to http://HOST: HTTP 422: no such camera"].assert_eq(&text);
}

#[tokio::test]
async fn redirect_is_not_followed() {
    let elsewhere = receiver(ResponseTemplate::new(200)).await;
    for status in [301, 302, 307, 308] {
        let answer = ResponseTemplate::new(status).insert_header("Location", elsewhere.uri());
        let server = receiver(answer).await;
        let error = deliver(config(&server.uri())).await.unwrap_err();
        assert!(matches!(error, DeliverError::Redirect { .. }), "{error}");
        assert_eq!(error.reaction(), Reaction::Refused);
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn receiver_that_is_down_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/path-secret");
    let error = deliver(config(&url)).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Retry { after: None });
    let text = error.to_string();
    assert!(
        text.contains("refused") && !text.contains("path-secret"),
        "{text}"
    );
}

#[tokio::test]
async fn slow_receiver_is_left_at_the_time_limit_and_tried_again() {
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_mins(10));
    let server = receiver(slow).await;
    let config = WebhookConfig {
        timeout: Duration::from_secs(1),
        ..config(&server.uri())
    };
    let error = deliver(config).await.unwrap_err();
    assert!(matches!(error, DeliverError::Timeout { .. }), "{error}");
    assert_eq!(error.reaction(), Reaction::Retry { after: None });
}

#[tokio::test]
async fn endless_answer_is_not_read_to_its_end() {
    for status in ["200 OK", "400 Bad Request"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = [0; 4_096];
            let n_read = socket.read(&mut request).await.unwrap();
            assert!(n_read > 0);
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: 1000000000000\r\n\r\n");
            socket.write_all(head.as_bytes()).await.unwrap();
            let mut n_written: u64 = 0;
            // Until the reader hangs up.
            while socket.write_all(&[b'x'; 65_536]).await.is_ok() {
                n_written += 65_536;
            }
            n_written
        };
        let (result, n_written) = tokio::join!(deliver(config(&url)), serve);
        assert_eq!(result.is_ok(), status.starts_with("200"));
        assert!(n_written < 100_000_000, "{n_written}");
    }
}

#[tokio::test]
async fn step_cut_off_by_a_restart_goes_again_with_the_same_key_and_body() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let receive = async |answer: Option<&str>| {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        let body_len = loop {
            let mut part = [0; 4_096];
            let n_read = socket.read(&mut part).await.unwrap();
            request.extend_from_slice(&part[..n_read]);
            let text = String::from_utf8_lossy(&request).to_lowercase();
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let len = head.split("content-length: ").nth(1).unwrap();
            let len: usize = len.lines().next().unwrap().parse().unwrap();
            if body.len() >= len {
                break len;
            }
        };
        if let Some(answer) = answer {
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
        let text = String::from_utf8(request).unwrap();
        let key = text
            .lines()
            .find(|line| line.starts_with("idempotency-key"))
            .unwrap();
        let body = text.get(text.len() - body_len..).unwrap();
        (key.to_owned(), body.to_owned())
    };
    // The receiver takes the whole step and dies before it answers.
    let (result, first) = tokio::join!(deliver(config(&url)), receive(None));
    assert_eq!(
        result.unwrap_err().reaction(),
        Reaction::Retry { after: None }
    );
    let accepted = Some("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let (result, second) = tokio::join!(deliver(config(&url)), receive(accepted));
    result.unwrap();
    assert_eq!(first, second);
}

#[tokio::test]
async fn name_that_leads_to_this_machine_is_allowed() {
    let server = receiver(ResponseTemplate::new(200)).await;
    let url = format!("http://localhost:{}/", server.address().port());
    deliver(config(&url)).await.unwrap();
}

/// Runs one TLS connection with a certificate made for `name` and delivers to
/// it with the trust that `trust` makes of the certificate's fingerprint.
async fn deliver_over_tls(trust: impl FnOnce([u8; 32]) -> Trust) -> Result<(), DeliverError> {
    let made = rcgen::generate_simple_self_signed(["camera.local".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let digest = ring::digest::digest(&ring::digest::SHA256, &certificate);
    let fingerprint: [u8; 32] = digest.as_ref().try_into().unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(server));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    let serve = async {
        let (socket, _) = listener.accept().await.unwrap();
        let Ok(mut socket) = acceptor.accept(socket).await else {
            return;
        };
        let mut request = [0; 4_096];
        let n_read = socket.read(&mut request).await.unwrap();
        assert!(n_read > 0);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        socket.write_all(answer).await.unwrap();
        socket.flush().await.unwrap();
    };
    let config = WebhookConfig {
        trust: trust(fingerprint),
        ..config(&url)
    };
    tokio::join!(deliver(config), serve).0
}

#[tokio::test]
async fn own_certificate_is_accepted_only_when_pinned() {
    deliver_over_tls(Trust::Pin).await.unwrap();
    for wrong in [Trust::Verify, Trust::Pin([7; 32])] {
        let error = deliver_over_tls(|_| wrong).await.unwrap_err();
        assert!(matches!(error, DeliverError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
}

#[test]
fn settings_that_cannot_be_meant_name_their_field() {
    let good = || config("http://10.0.0.7/hook");
    let header = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    for (config, field) in [
        (config("10.0.0.7/hook"), "url"),
        (config("ftp://10.0.0.7/"), "url"),
        (config("http://169.254.169.254/latest"), "url"),
        (config("http://[fe80::1]/"), "url"),
        (config("http://[::ffff:a9fe:a9fe]/"), "url"),
        (config("http://0xa9fea9fe/"), "url"),
        (
            WebhookConfig {
                secret: Some(String::new()),
                ..good()
            },
            "secret",
        ),
        (
            WebhookConfig {
                timeout: Duration::ZERO,
                ..good()
            },
            "timeout",
        ),
        (
            WebhookConfig {
                timeout: Duration::from_secs(121),
                ..good()
            },
            "timeout",
        ),
        (
            WebhookConfig {
                headers: header("Host", "x"),
                ..good()
            },
            "headers",
        ),
        (
            WebhookConfig {
                headers: header("a b", "x"),
                ..good()
            },
            "headers",
        ),
        (
            WebhookConfig {
                headers: header("a", "x\r\ny: z"),
                ..good()
            },
            "headers",
        ),
        (
            WebhookConfig {
                headers: std::iter::repeat_n(header("a", "x"), 17)
                    .flatten()
                    .collect(),
                ..good()
            },
            "headers",
        ),
        (
            WebhookConfig {
                public_base_url: Some("relay".to_owned()),
                ..good()
            },
            "public_base_url",
        ),
    ] {
        let error = Webhook::new(config.clone()).unwrap_err();
        assert_eq!(error.field, field, "{config:?}: {error}");
    }
    Webhook::new(good()).unwrap();
}

#[test]
fn debug_text_shows_no_secret() {
    let config = WebhookConfig {
        secret: Some("s3cret".to_owned()),
        headers: vec![("x".to_owned(), "s3cret".to_owned())],
        login: Some(Login {
            password: "s3cret".to_owned(),
            ..login(true)
        }),
        ..config("http://10.0.0.7/s3cret?k=s3cret")
    };
    let typed = split_login("http://u:s3cret@10.0.0.7/");
    let webhook = Webhook::new(config.clone()).unwrap();
    let text = format!("{webhook:?} {config:?} {typed:?}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn digest_is_answered_and_the_password_never_leaves_as_basic() {
    let server = MockServer::start().await;
    let challenge = |scheme: &str| {
        let value = format!(r#"{scheme} realm="vms", nonce="abc", qop="auth", algorithm=MD5"#);
        ResponseTemplate::new(401).insert_header("WWW-Authenticate", value)
    };
    Mock::given(header_exists("Authorization"))
        .respond_with(ResponseTemplate::new(200))
        .with_priority(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(challenge("Digest"))
        .mount(&server)
        .await;
    let config = WebhookConfig {
        login: Some(login(true)),
        ..config(&format!("{}/a?b=c", server.uri()))
    };
    let webhook = Webhook::new(config.clone()).unwrap();
    webhook.deliver(&message(), NOW).await.unwrap();
    webhook.deliver(&message(), NOW).await.unwrap();
    let sent: Vec<Option<String>> = server
        .received_requests()
        .await
        .unwrap()
        .iter()
        .map(|request| {
            let value = request.headers.get("Authorization")?;
            let text = value.to_str().unwrap();
            assert!(text.starts_with("Digest username=\"ann\""), "{text}");
            assert!(text.contains("uri=\"/a?b=c\""), "{text}");
            let count = text.split("nc=").nth(1).and_then(|rest| rest.get(..8));
            count.map(str::to_owned)
        })
        .collect();
    let text = |count: &str| Some(count.to_owned());
    assert_eq!(
        sent,
        [None, text("00000001"), text("00000002")],
        "asked once"
    );

    server.reset().await;
    Mock::given(method("POST"))
        .respond_with(challenge("Basic"))
        .mount(&server)
        .await;
    let refused = deliver(config).await.unwrap_err();
    assert_eq!(refused.reaction(), Reaction::Refused);
    let requests = server.received_requests().await.unwrap();
    assert!(
        requests
            .iter()
            .all(|request| request.headers.get("Authorization").is_none())
    );
}

#[tokio::test]
async fn form_of_ones_own_goes_out_by_get_and_put() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/alarm/gate-2"))
        .and(query_param(
            "what",
            "Intruder: Human in Gate, Gate 2 (Nobody at the gate)",
        ))
        .and(header("Idempotency-Key", "01JZ3M0G9CB5XJ8Q0V2N3W4K7T-0"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(method("PUT"))
        .and(header("Content-Type", "text/xml"))
        .and(body_string("<a c=\"Gate 2\">1</a>"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    let template = |method: Method, body: &str| {
        Some(Template {
            method,
            body: body.to_owned(),
            content_type: "text/xml".to_owned(),
        })
    };
    let by_get = WebhookConfig {
        template: template(Method::Get, "not sent"),
        ..config(&format!(
            "{}/alarm/{{camera_id}}?what={{text}}",
            server.uri()
        ))
    };
    deliver(by_get).await.unwrap();
    let by_put = WebhookConfig {
        template: template(Method::Put, "<a c=\"{camera}\">{active}</a>"),
        ..config(&server.uri())
    };
    deliver(by_put).await.unwrap();
    server.verify().await;
    let requests = server.received_requests().await.unwrap();
    assert!(requests[0].body.is_empty(), "no body by GET");
}

#[test]
fn login_in_the_address_or_of_impossible_form_is_refused() {
    let field = |config: WebhookConfig| Webhook::new(config).map(drop).map_err(|error| error.field);
    assert_eq!(field(config("http://ann:pw@h/")), Err("login"));
    let named = |user: &str| WebhookConfig {
        login: Some(Login {
            user: user.to_owned(),
            ..login(true)
        }),
        ..config("http://h/")
    };
    assert_eq!(field(named("ann")), Ok(()));
    for user in ["", "a:b", &"x".repeat(257)] {
        assert_eq!(field(named(user)), Err("login"), "{user}");
    }
}
