//! The HTTP clients of the platforms' APIs.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect};

/// Returns a client that calls the addresses it is given only: no redirects, no proxy of this machine, no referrer.
pub(crate) fn http_client(connect_timeout: Duration) -> ClientBuilder {
    Client::builder()
        .http1_only()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .tcp_nodelay(true)
        .connect_timeout(connect_timeout)
}
