//! TLS of the web face: the certificate in the data folder, made on the first
//! start when there is none.
//!
//! Put your own `tls-cert.pem` and `tls-key.pem` there to replace it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::secrets::write_private;

/// An acceptor with the data folder's certificate.
pub(super) fn acceptor(data_dir: &Path, public_url: &str) -> anyhow::Result<TlsAcceptor> {
    let cert_file = data_dir.join("tls-cert.pem");
    let key_file = data_dir.join("tls-key.pem");
    if !cert_file.exists() || !key_file.exists() {
        make_certificate(&cert_file, &key_file, public_url)?;
    }
    let chain: Vec<_> = CertificateDer::pem_file_iter(&cert_file)
        .and_then(Iterator::collect)
        .with_context(|| format!("read certificate {}", cert_file.display()))?;
    let key = PrivateKeyDer::from_pem_file(&key_file)
        .with_context(|| format!("read key {}", key_file.display()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .context("use certificate and key of the data folder")?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn make_certificate(cert_file: &Path, key_file: &Path, public_url: &str) -> anyhow::Result<()> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let host = host_of(public_url);
    if !host.is_empty() && host != "0.0.0.0" && host != "::" {
        names.push(host.to_owned());
    }
    let made = rcgen::generate_simple_self_signed(names).context("make certificate")?;
    if key_file.exists() {
        fs::remove_file(key_file).with_context(|| format!("replace {}", key_file.display()))?;
    }
    write_private(key_file, made.signing_key.serialize_pem().as_bytes())?;
    fs::write(cert_file, made.cert.pem())
        .with_context(|| format!("write {}", cert_file.display()))?;
    tracing::info!(file = %cert_file.display(), "made a self-signed certificate");
    Ok(())
}

/// Host of `https://host:port/...`, without the brackets of an IPv6 address.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority.split(':').next().unwrap_or(authority),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificate_names_the_host_with_and_without_a_port() {
        for (url, host) in [
            ("https://relay.example", "relay.example"),
            ("https://relay.example:8092", "relay.example"),
            ("https://[::1]:8092", "::1"),
            ("https://10.0.0.2:8092/x", "10.0.0.2"),
        ] {
            assert_eq!(host_of(url), host);
        }
    }
}
