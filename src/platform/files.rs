//! SHELL. Files that people attached on a platform, fetched from the platform's own hosts and from nowhere else.
//!
//! An address comes with a delivery, so it is not trusted: its origin must be one of a fixed list, redirects are not
//! followed, and no more bytes are read than were announced.

use std::time::Duration;

use futures::future::try_join_all;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use url::{Origin, Url};

use super::http_client;
use crate::{
    arena::ExpectedFile,
    attachment::{AttachmentError, MAX_TOTAL_BYTES, Upload, clean_name, is_picture_type},
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The maximum time for all files of a prompt.
const MAX_FETCH_TIMEOUT: Duration = Duration::from_secs(15);

/// A file on a platform.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(Debug))]
pub(crate) struct RemoteFile {
    /// Its name.
    pub(crate) name: String,
    /// Its media type according to the platform; may be empty.
    pub(crate) declared: String,
    /// Its size in bytes according to the platform.
    pub(crate) size: Option<u64>,
    /// Its address, which may be signed.
    pub(crate) url: String,
}

impl RemoteFile {
    /// Returns its description for the arena.
    pub(crate) fn expected(&self) -> ExpectedFile {
        ExpectedFile { name: self.name.clone(), is_picture: self.is_picture(), size: self.size.unwrap_or(0) }
    }

    /// Returns true if the platform says that it is a picture.
    pub(crate) fn is_picture(&self) -> bool {
        is_picture_type(&self.declared)
    }
}

/// The client that fetches the files of one platform.
pub(crate) struct FileClient {
    /// `None` without TLS: then no file can be fetched.
    http: Option<reqwest::Client>,
    platform: &'static str,
    origins: Vec<Origin>,
    authorization: Option<HeaderValue>,
    timeout: Duration,
}

impl FileClient {
    /// Creates a client for `hosts` over HTTPS; or, where the API at `api_url` is not the platform's own at
    /// `own_api_url`, for the origin of that API alone.
    pub(crate) fn new(platform: &'static str, hosts: &[&str], (api_url, own_api_url): (&Url, &str)) -> Self {
        let own = Url::parse(own_api_url).ok().filter(|own| own.origin() == api_url.origin());
        let https = |host: &&str| Url::parse(&format!("https://{host}")).ok().map(|url| url.origin());
        let origins = match own {
            Some(_) => hosts.iter().filter_map(https).collect(),
            None => vec![api_url.origin()],
        };
        let builder = http_client(CONNECT_TIMEOUT).inspect_err(|error| {
            tracing::error!(%error, platform, "cannot fetch files");
        });
        let http = builder.ok().and_then(|builder| builder.build().ok());
        Self { http, platform, origins, authorization: None, timeout: MAX_FETCH_TIMEOUT }
    }

    /// Returns this client with the time that an answer may take, which its files may not exceed.
    pub(crate) fn within(mut self, answer_timeout: Duration) -> Self {
        self.timeout = answer_timeout.min(MAX_FETCH_TIMEOUT);
        self
    }

    /// Returns this client with the token that its requests carry.
    pub(crate) fn with_token(mut self, token: &SecretString) -> Self {
        let header = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok();
        self.authorization = header.map(|mut header| {
            header.set_sensitive(true);
            header
        });
        self
    }

    /// Fetches all files, side by side.
    ///
    /// # Errors
    /// [`AttachmentError::NotFetched`] for the first file that cannot be fetched.
    pub(crate) async fn fetch(&self, files: &[RemoteFile]) -> Result<Vec<Upload>, AttachmentError> {
        let all = try_join_all(files.iter().map(|file| self.fetch_one(file)));
        let late = |_| Err(self.failed(files.first(), "no answer in time"));
        timeout(self.timeout, all).await.unwrap_or_else(late)
    }

    async fn fetch_one(&self, file: &RemoteFile) -> Result<Upload, AttachmentError> {
        let failed = |why: &str| self.failed(Some(file), why);
        let url = Url::parse(&file.url).map_err(|_| failed("invalid address"))?;
        if !self.origins.contains(&url.origin()) {
            return Err(failed("unexpected host"));
        }
        let http = self.http.as_ref().ok_or_else(|| failed("no HTTP client"))?;
        let mut request = http.get(url);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let mut response = request.send().await.map_err(|_| failed("the connection failed"))?;
        if !response.status().is_success() {
            return Err(failed(response.status().as_str()));
        }
        let media =
            response.headers().get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
        // Slack answers so where the token lacks the scope
        if media.starts_with("text/html") && !file.declared.contains("html") {
            return Err(failed("received a web page in its place"));
        }
        let most = file.size.unwrap_or(u64::MAX).min(MAX_TOTAL_BYTES as u64);
        if response.content_length().is_some_and(|length| length > most) {
            return Err(failed("it is larger than announced"));
        }
        let mut bytes = vec![];
        while let Some(chunk) = response.chunk().await.map_err(|_| failed("the connection ended early"))? {
            if bytes.len() as u64 + chunk.len() as u64 > most {
                return Err(failed("it is larger than announced"));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Upload { name: file.name.clone(), declared: file.declared.clone(), bytes })
    }

    /// Logs the reason, without the file's name and address, and returns the refusal.
    fn failed(&self, file: Option<&RemoteFile>, why: &str) -> AttachmentError {
        tracing::warn!(platform = self.platform, why, "failed to fetch a file");
        let name = file.map(|file| clean_name(&file.name)).unwrap_or_default();
        AttachmentError::NotFetched { name, platform: self.platform }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(api_url: &str) -> FileClient {
        let api_url = Url::parse(api_url).expect("a URL");
        FileClient::new("Discord", &["cdn.discordapp.com"], (&api_url, "https://discord.com"))
    }

    #[test]
    fn only_the_platforms_own_hosts_are_asked() {
        let origin = |url: &str| Url::parse(url).expect("a URL").origin();
        assert_eq!(client("https://discord.com/").origins, [origin("https://cdn.discordapp.com")]);
        assert_eq!(
            client("http://127.0.0.1:9/").origins,
            [origin("http://127.0.0.1:9")],
            "of a fake its own"
        );
    }

    #[tokio::test]
    async fn addresses_elsewhere_are_refused_without_a_connection() {
        for url in [
            "https://discord.com/a.png",
            "http://cdn.discordapp.com/a.png",
            "https://cdn.discordapp.com:8443/a.png",
            "https://cdn.discordapp.com.evil.example/a.png",
            "https://cdn.discordapp.com@127.0.0.1/a.png",
            "file:///etc/passwd",
            "data:text/plain,x",
            "",
        ] {
            let file =
                RemoteFile { name: "a.png".into(), declared: String::new(), size: Some(9), url: url.into() };
            let refused = client("https://discord.com/").fetch(&[file]).await.expect_err(url);
            assert_eq!(refused, AttachmentError::NotFetched { name: "a.png".into(), platform: "Discord" });
        }
    }
}
