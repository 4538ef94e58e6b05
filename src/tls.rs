//! The TLS settings of every HTTP client: rustls with ring, Mozilla's roots, and those that the operator adds.

use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};

/// The settings without additional roots. Shared, a client takes 8 kB instead of 19.
static MOZILLA: OnceLock<ClientConfig> = OnceLock::new();

/// Returns the settings with Mozilla's roots only.
///
/// # Errors
/// rustls rejects its own defaults.
pub(crate) fn mozilla() -> Result<ClientConfig, rustls::Error> {
    if let Some(shared) = MOZILLA.get() {
        return Ok(shared.clone());
    }
    let config = trusting(&[])?;
    Ok(MOZILLA.get_or_init(|| config).clone())
}

/// Returns the settings with Mozilla's roots and `roots`. Invalid ones are left out: the configuration checked them.
///
/// # Errors
/// rustls rejects its own defaults.
pub(crate) fn trusting(roots: &[CertificateDer<'static>]) -> Result<ClientConfig, rustls::Error> {
    let mut store = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    store.add_parsable_certificates(roots.iter().cloned());
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
