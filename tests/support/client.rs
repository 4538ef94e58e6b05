//! A plain HTTP client, for requests to servers of this machine.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// Without a proxy, and without a single trusted root.
pub fn client() -> reqwest::Client {
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the defaults")
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls).build().expect("a client")
}
