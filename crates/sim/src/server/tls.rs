//! The camera's certificate: self-signed, as cameras have them.
//!
//! In: names. Out: a TLS acceptor and the certificate's fingerprint.
//!
//! Not here: who connects (`server`).

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;

use crate::error::Error;

/// What the certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Names and addresses it is for. Empty: none, as on many cameras.
    pub names: Vec<String>,
    /// It ran out in the year 2001.
    pub is_expired: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Tls {
            names: vec![
                "localhost".to_owned(),
                "127.0.0.1".to_owned(),
                "::1".to_owned(),
            ],
            is_expired: false,
        }
    }
}

/// A certificate in use.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) sha256: [u8; 32],
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Identity")
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Makes a new key and certificate.
    pub(crate) fn generate(tls: &Tls) -> Result<Self, Error> {
        let host = tls.names.first().map_or("nobody", String::as_str);
        let failed = |text: String| Error::Certificate {
            host: host.to_owned(),
            text,
        };
        let mut params = rcgen::CertificateParams::new(tls.names.clone())
            .map_err(|error| failed(error.to_string()))?;
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, "simulated camera");
        if tls.is_expired {
            params.not_before = rcgen::date_time_ymd(2000, 1, 1);
            params.not_after = rcgen::date_time_ymd(2001, 1, 1);
        }
        let key = rcgen::KeyPair::generate().map_err(|error| failed(error.to_string()))?;
        let certificate = params
            .self_signed(&key)
            .map_err(|error| failed(error.to_string()))?;
        let der = certificate.der().clone();
        let sha256 = Sha256::digest(&der).into();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| {
                builder
                    .with_no_client_auth()
                    .with_single_cert(vec![der], key)
            })
            .map_err(|error| failed(error.to_string()))?;
        Ok(Identity {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            sha256,
        })
    }
}
