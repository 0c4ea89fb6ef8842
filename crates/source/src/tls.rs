//! Whom to trust: public authorities, or one certificate a person has chosen.
//!
//! In: the trusted fingerprint, if any. Out: a rustls configuration, and the
//! fingerprint of the certificate that the peer showed.
//!
//! A trusted fingerprint replaces the check of chain, name and dates, which
//! self-signed cameras fail. The peer must still prove with its signature that
//! it owns the certificate.
//!
//! Not here: sockets.

use std::sync::{Arc, OnceLock};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// TLS settings of one connection.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    shown: Arc<OnceLock<[u8; 32]>>,
    trusted: Option<[u8; 32]>,
}

impl Tls {
    /// Settings that accept only the certificate with fingerprint `trusted`,
    /// or, without one, what public authorities have signed.
    pub(crate) fn new(trusted: Option<[u8; 32]>) -> Result<Self, Error> {
        let bug = |text: String| Error::Bug { text };
        let provider = Arc::new(ring::default_provider());
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let public = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(|error| bug(error.to_string()))?;
        let shown = Arc::new(OnceLock::new());
        let verifier = Verifier {
            public,
            provider: provider.clone(),
            trusted,
            shown: shown.clone(),
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| bug(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Tls {
            config: Arc::new(config),
            shown,
            trusted,
        })
    }

    /// SHA-256 of the certificate that the peer showed.
    pub(crate) fn shown(&self) -> Option<[u8; 32]> {
        self.shown.get().copied()
    }

    /// Names what went wrong in a handshake with `at`.
    pub(crate) fn error(&self, at: &str, error: &std::io::Error) -> Error {
        let at = at.to_owned();
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        match (inner, self.shown(), self.trusted) {
            (Some(rustls::Error::InvalidCertificate(_)), Some(sha256), Some(trusted))
                if sha256 != trusted =>
            {
                Error::CertificateChanged {
                    at,
                    sha256,
                    trusted,
                }
            }
            (Some(rustls::Error::InvalidCertificate(problem)), Some(sha256), None) => {
                Error::CertificateUntrusted {
                    at,
                    sha256,
                    text: certificate_words(problem),
                }
            }
            (Some(error), _, _) if is_too_old(error) => Error::TlsTooOld {
                at,
                text: error.to_string(),
            },
            (Some(rustls::Error::InvalidMessage(_)), _, _) => Error::Tls {
                at,
                text: "the answer is not tls".to_owned(),
            },
            (Some(error), _, _) => Error::Tls {
                at,
                text: error.to_string(),
            },
            (None, _, _) => Error::Tls {
                at,
                text: error.to_string(),
            },
        }
    }
}

/// SHA-256 of a certificate in DER form: what people compare.
fn fingerprint(certificate: &CertificateDer<'_>) -> [u8; 32] {
    Sha256::digest(certificate.as_ref()).into()
}

fn certificate_words(problem: &CertificateError) -> String {
    match problem {
        CertificateError::UnknownIssuer => "not signed by a known authority".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "it has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it is made out to another name".to_owned()
        }
        other => other.to_string(),
    }
}

/// Whether the peer and we share no version or cipher. Cameras with TLS 1.0 or
/// RSA key exchange only answer our greeting with one of these alerts, or with
/// a version that rustls does not have.
fn is_too_old(error: &rustls::Error) -> bool {
    use rustls::AlertDescription as Alert;
    matches!(
        error,
        rustls::Error::PeerIncompatible(_)
            | rustls::Error::AlertReceived(
                Alert::ProtocolVersion | Alert::HandshakeFailure | Alert::InsufficientSecurity,
            )
    )
}

#[derive(Debug)]
struct Verifier {
    public: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    trusted: Option<[u8; 32]>,
    shown: Arc<OnceLock<[u8; 32]>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let sha256 = *self.shown.get_or_init(|| fingerprint(end_entity));
        match self.trusted {
            Some(trusted) if trusted == sha256 => Ok(ServerCertVerified::assertion()),
            Some(_) => Err(CertificateError::ApplicationVerificationFailure.into()),
            None => self.public.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            ),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
