//! The same camera behind TLS, with a certificate of its own making.

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::PrivateKeyDer;
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;

use super::*;

/// Starts a camera with a self-signed certificate; gives its port and
/// fingerprint.
async fn start(n_connections: usize) -> (u16, [u8; 32]) {
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = made.cert.der().clone();
    let fingerprint = Sha256::digest(&certificate).into();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        for _ in 0..n_connections {
            let (socket, _) = listener.accept().await.unwrap();
            if let Ok(socket) = acceptor.accept(socket).await {
                let script = VecDeque::from([Do::Close(stream(&pictures(2)))]);
                serve(socket, Arc::new(Mutex::new(script)), Arc::default()).await;
            }
        }
    });
    (port, fingerprint)
}

fn link(port: u16, fingerprint: Option<[u8; 32]>) -> Link {
    let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Link::parse(&LinkText {
        protocol: "https".to_owned(),
        host: "127.0.0.1".to_owned(),
        port: port.to_string(),
        mode: "stream".to_owned(),
        fingerprint: fingerprint.map(hex).unwrap_or_default(),
        ..LinkText::default()
    })
    .unwrap()
}

#[tokio::test]
async fn self_signed_certificate_is_refused_until_it_is_trusted() {
    let (port, fingerprint) = start(2).await;
    let error = open(&link(port, None)).await.unwrap_err();
    assert_eq!(error.cause(), Cause::CertificateUntrusted);
    let shown = error.certificate_sha256();
    assert_eq!(shown, Some(fingerprint));

    let mut source = open(&link(port, shown)).await.unwrap();
    assert_eq!(source.info().peer_certificate_sha256, Some(fingerprint));
    take(&mut source, &pictures(2)).await;
}

#[tokio::test]
async fn other_certificate_than_the_trusted_one_waits_for_a_person() {
    let (port, fingerprint) = start(1).await;
    let error = open(&link(port, Some([7; 32]))).await.unwrap_err();
    assert_eq!(error.cause(), Cause::CertificateChanged);
    assert_eq!(error.certificate_sha256(), Some(fingerprint));
    assert_eq!(error.reaction(), Reaction::AwaitConfig);
}

#[tokio::test]
async fn port_that_does_not_speak_tls_is_named_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for (answer, cause) in [
        (&b"HTTP/1.0 400 Bad Request\r\n\r\n"[..], Cause::TlsFailed),
        // Alert "protocol version", as a server with TLS 1.0 only sends it.
        (&[21, 3, 1, 0, 2, 2, 70], Cause::TlsTooOld),
        // Alert "handshake failure": no cipher in common.
        (&[21, 3, 3, 0, 2, 2, 40], Cause::TlsTooOld),
    ] {
        let link = link(port, None);
        let server = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut hello = [0; 64];
            socket.read_exact(&mut hello).await.unwrap();
            socket.write_all(answer).await.unwrap();
            socket
        };
        let (result, _socket) = tokio::join!(open(&link), server);
        assert_eq!(result.unwrap_err().cause(), cause);
    }
}
