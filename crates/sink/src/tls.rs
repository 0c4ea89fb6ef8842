//! Whose certificate we accept, and which one we show.
//!
//! Verified against the common authorities, or pinned to one certificate by
//! its SHA-256 fingerprint: for receivers on the site that signed their own.
//! What is refused is remembered, so that a person can compare and pin it.

use std::sync::{Arc, Mutex};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring as provider};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// Whose certificate is accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// One that a public authority signed for the host's name.
    #[default]
    Verify,
    /// The one with this SHA-256 fingerprint, whatever its name and age.
    Pin([u8; 32]),
}

/// A certificate of our own, for receivers that ask who we are.
pub struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("n_certificates", &self.chain.len())
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads certificates (ours first) and their private key from PEM text.
    ///
    /// # Errors
    /// Says in plain words what is missing or damaged; never shows the key.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, String> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|error| format!("read the certificate: {error}"))?;
        if chain.is_empty() {
            return Err(
                "no certificate found: paste the text from -----BEGIN CERTIFICATE----- on"
                    .to_owned(),
            );
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| {
            format!(
                "read the private key: {error}; paste the text from -----BEGIN PRIVATE KEY----- on, \
                 without a password on it"
            )
        })?;
        Ok(Identity { chain, key })
    }
}

/// SHA-256 of the newest certificate that was refused; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct RefusedCertificate(Arc<Mutex<Option<[u8; 32]>>>);

impl RefusedCertificate {
    pub(crate) fn get(&self) -> Option<[u8; 32]> {
        *self.0.lock().expect("no holder of this lock panics")
    }

    fn note(&self, fingerprint: [u8; 32]) {
        *self.0.lock().expect("no holder of this lock panics") = Some(fingerprint);
    }
}

fn sha256(certificate: &CertificateDer<'_>) -> [u8; 32] {
    let hash = ring::digest::digest(&ring::digest::SHA256, certificate);
    hash.as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// The TLS settings for `trust`; with `identity` we show who we are.
///
/// # Errors
/// The key in `identity` does not belong to its certificate.
pub(crate) fn client_config(
    trust: Trust,
    identity: Option<&Identity>,
    refused: &RefusedCertificate,
) -> Result<ClientConfig, String> {
    let provider = Arc::new(provider::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("ring serves both versions");
    let refused = refused.clone();
    let verifier: Arc<dyn ServerCertVerifier> = match trust {
        Trust::Verify => {
            let roots = RootCertStore {
                roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
            };
            let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .expect("there are authorities");
            Arc::new(Verified { inner, refused })
        }
        Trust::Pin(fingerprint) => Arc::new(Pinned {
            fingerprint,
            provider,
            refused,
        }),
    };
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match identity {
        None => Ok(builder.with_no_client_auth()),
        Some(identity) => builder
            .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
            .map_err(|error| format!("use the certificate with its key: {error}")),
    }
}

/// What is wrong with a certificate, in plain words.
pub(crate) fn certificate_problem(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "no known authority signed it".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; is the clock right?".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is of another name than the address".to_owned()
        }
        CertificateError::ApplicationVerificationFailure => "it is not the trusted one".to_owned(),
        other => other.to_string(),
    }
}

/// Accepts one certificate only.
#[derive(Debug)]
struct Pinned {
    fingerprint: [u8; 32],
    provider: Arc<CryptoProvider>,
    refused: RefusedCertificate,
}

/// Accepts what a public authority signed, and remembers what it refuses.
#[derive(Debug)]
struct Verified {
    inner: Arc<WebPkiServerVerifier>,
    refused: RefusedCertificate,
}

impl ServerCertVerifier for Verified {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.inner
            .verify_server_cert(certificate, intermediates, server_name, ocsp_response, now)
            .inspect_err(|_| self.refused.note(sha256(certificate)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner
            .verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = sha256(certificate);
        if found == self.fingerprint {
            Ok(ServerCertVerified::assertion())
        } else {
            self.refused.note(found);
            Err(Error::InvalidCertificate(
                CertificateError::ApplicationVerificationFailure,
            ))
        }
    }

    // That the peer holds the certificate's key is checked as always.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
