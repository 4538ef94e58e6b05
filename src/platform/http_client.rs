//! The HTTP clients of the platforms' APIs.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect, retry};

use crate::tls;

/// Returns the builder of a client that sends each request once, to the given address only: without redirects, retries
/// of its own, a proxy from the environment or a referrer.
///
/// # Errors
/// rustls rejects its own defaults.
pub(crate) fn http_client(connect_timeout: Duration) -> Result<ClientBuilder, rustls::Error> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls::mozilla()?)
        .http1_only()
        .no_gzip()
        .no_proxy()
        .retry(retry::never())
        .redirect(redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(connect_timeout);
    Ok(builder)
}
