//! Protection against other web pages: allowed host names, allowed origins, and what the page may load.
//!
//! A foreign page can make the browser send requests to a loopback address, also under a name of its own (DNS
//! rebinding). So the `Host` must be an allowed one, the `Origin` the page's own, and `Sec-Fetch-Site` must not name
//! another site (<https://www.w3.org/TR/fetch-metadata/>).

use std::{net::IpAddr, sync::Arc};

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::api::HttpRefusal;

/// The headers of every response. The page loads from this service alone, scripts and styles only as files, and no text
/// can become markup ([`require-trusted-types-for`](https://www.w3.org/TR/trusted-types/)).
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The host names under which the page is served.
#[derive(Clone, Debug)]
pub struct Hosts {
    any_address: bool,
    names: Arc<[String]>,
}

impl Hosts {
    /// Returns the hosts for a loopback address: `127.0.0.1`, `localhost` and `[::1]` with any port (it may be forwarded),
    /// and the `allowed` names of a reverse proxy.
    #[must_use]
    pub fn loopback(allowed: impl IntoIterator<Item = String>) -> Self {
        Self { any_address: false, ..Self::open(allowed) }
    }

    /// Returns the hosts for any other address: every literal IP address (which cannot be rebound), `localhost` and the
    /// `allowed` names, with any port.
    #[must_use]
    pub fn open(allowed: impl IntoIterator<Item = String>) -> Self {
        Self { any_address: true, names: allowed.into_iter().filter_map(|host| name(&host)).collect() }
    }

    /// Returns true if `host`, a value of the `Host` header, is allowed.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        let Some(name) = name(host) else { return false };
        let literal = name.strip_prefix('[').map_or(name.as_str(), |name| name.trim_end_matches(']'));
        match literal.parse::<IpAddr>() {
            Ok(address) => self.any_address || ["127.0.0.1", "::1"].contains(&address.to_string().as_str()),
            Err(_) => name == "localhost" || self.names.contains(&name),
        }
    }

    /// Returns true if a request with this URI and these headers is for an allowed host.
    #[must_use]
    pub fn allow_request(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        self.host(uri, headers).is_some()
    }

    /// Returns the host of a request if it is allowed, and named once.
    fn host<'a>(&self, uri: &Uri, headers: &'a HeaderMap) -> Option<&'a str> {
        let host = single(headers, &header::HOST).filter(|host| self.allows(host))?;
        uri.authority().is_none_or(|asked| asked.as_str().eq_ignore_ascii_case(host)).then_some(host)
    }

    /// Returns true if a page with this `Origin` is the page served as `host`. TLS is possible only behind a proxy, which
    /// has an allowed name.
    fn is_own_origin(&self, origin: &str, host: &str) -> bool {
        let origin = origin.to_lowercase();
        let host = host.to_lowercase();
        let proxied = name(&host).is_some_and(|name| self.names.contains(&name));
        origin.strip_prefix("http://").is_some_and(|rest| rest == host)
            || (proxied && origin.strip_prefix("https://").is_some_and(|rest| rest == host))
    }
}

/// The name in `name` or `name:port`, in lower case and with its brackets; `None` where it is neither.
fn name(host: &str) -> Option<String> {
    let authority: axum::http::uri::Authority = host.parse().ok()?;
    let is_port_valid = host.len() == authority.host().len() || authority.port_u16().is_some();
    (is_port_valid && !host.contains('@')).then(|| authority.host().to_lowercase())
}

/// Refuses requests of other web pages and adds [`HEADERS`] to every response.
pub(super) async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let checked = check(&hosts, request.method(), request.uri(), request.headers());
    let mut response = match checked {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn check(hosts: &Hosts, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), HttpRefusal> {
    let host = hosts.host(uri, headers).ok_or_else(wrong_host)?;
    let is_own = !headers.contains_key(header::ORIGIN)
        || single(headers, &header::ORIGIN).is_some_and(|origin| hosts.is_own_origin(origin, host));
    if is_own && (is_same_site(headers) || is_navigation(method, uri, headers)) {
        Ok(())
    } else {
        Err(foreign_page())
    }
}

/// Returns true unless the browser says that another site sent the request. Old browsers say nothing.
fn is_same_site(headers: &HeaderMap) -> bool {
    match headers.get("sec-fetch-site") {
        None => true,
        Some(site) => site == "same-origin" || site == "none",
    }
}

/// Returns true if the user followed a link to a page. No page can be framed, so this is as safe as typing its
/// address.
fn is_navigation(method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
    let says = |name: &str, word: &str| headers.get(name).is_some_and(|value| value == word);
    method == Method::GET
        && (["/", "/board", "/history"].contains(&uri.path()) || uri.path().starts_with("/race/"))
        && says("sec-fetch-mode", "navigate")
        && says("sec-fetch-dest", "document")
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

fn wrong_host() -> HttpRefusal {
    HttpRefusal::new(
        StatusCode::MISDIRECTED_REQUEST,
        "LLM Arena isn't served under this host name. Open it as 127.0.0.1 or localhost, or add the name to \
         allowed_hosts in [http].",
    )
}

fn foreign_page() -> HttpRefusal {
    HttpRefusal::new(
        StatusCode::FORBIDDEN,
        "This request came from another web page. Open LLM Arena in its own tab.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_page_is_served_under_loopback_names_only() {
        let hosts = Hosts::loopback([]);
        for allowed in ["127.0.0.1", "127.0.0.1:8080", "localhost:9", "LocalHost:8080", "[::1]:8080", "[::1]"]
        {
            assert!(hosts.allows(allowed), "{allowed}");
        }
        for refused in [
            "",
            "evil.example:8080",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "192.168.1.4:8080",
            "0.0.0.0:8080",
            "::1",
            "x@127.0.0.1",
            "127.0.0.1:8080:1",
            "127.0.0.1:",
            "127.0.0.1:x",
            "localhost/evil",
            "local host",
        ] {
            assert!(!hosts.allows(refused), "{refused:?}");
        }
    }

    #[test]
    fn an_open_page_is_served_under_addresses_and_allowed_names() {
        let hosts = Hosts::open(["Arena.Example.org".to_owned()]);
        for allowed in
            ["192.168.1.4:8080", "[fe80::1]:80", "localhost", "arena.example.org", "ARENA.example.org:443"]
        {
            assert!(hosts.allows(allowed), "{allowed}");
        }
        for refused in ["example.org", "evil.example", "arena.example.org.evil.example"] {
            assert!(!hosts.allows(refused), "{refused}");
        }
    }

    #[test]
    fn an_origin_must_match_the_host_and_port() {
        let hosts = Hosts::open(["arena.example.org".to_owned()]);
        assert!(hosts.is_own_origin("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(hosts.is_own_origin("https://arena.example.org", "arena.example.org"));
        for (origin, host) in [
            ("http://127.0.0.1:8081", "127.0.0.1:8080"),
            ("http://127.0.0.1", "127.0.0.1:8080"),
            ("http://localhost:8080", "127.0.0.1:8080"),
            ("https://127.0.0.1:8080", "127.0.0.1:8080"),
            ("null", "127.0.0.1:8080"),
            ("http://evil.example", "127.0.0.1:8080"),
        ] {
            assert!(!hosts.is_own_origin(origin, host), "{origin} on {host}");
        }
    }
}
