//! The HTTP clients of the platforms' APIs.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, Response, redirect, retry};

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

/// Reads the body of a response; `None` if it is larger than `max` bytes.
///
/// # Errors
/// The body was cut off.
pub(crate) async fn read_body(mut response: Response, max: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(read) = response.chunk().await? {
        if body.len() + read.len() > max {
            return Ok(None);
        }
        body.extend_from_slice(&read);
    }
    Ok(Some(body))
}
