//! What is sent and what comes back. `Debug` shows neither tokens nor what people and models wrote.
//!
//! Must not know the client.

use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use super::route::Route;

/// One call: where to, and what with.
#[derive(Clone)]
pub(crate) struct Request {
    /// Where it goes.
    pub(crate) route: Route,
    /// The JSON body, if the route takes one.
    pub(crate) body: Option<Value>,
    /// Uploads: with any the body goes as `payload_json` beside `files[0]`, `files[1]` ...
    /// <https://docs.discord.com/developers/reference#uploading-files>
    pub(crate) files: Vec<File>,
}

/// One upload.
#[derive(Clone)]
pub(crate) struct File {
    /// The name that people see, and that `attachment://` refers to.
    pub(crate) name: String,
    /// Its media type, such as `image/png`.
    pub(crate) mime: &'static str,
    /// The content.
    pub(crate) bytes: Bytes,
}

/// A success.
#[derive(Clone)]
pub(crate) struct Answer {
    /// 200 to 299.
    pub(crate) status: u16,
    /// The body; null where there is none, and where a change was accepted but its answer broke off.
    pub(crate) body: Value,
}

impl Request {
    /// A call without a body.
    #[must_use]
    pub(crate) fn get(route: Route) -> Self {
        Self { route, body: None, files: Vec::new() }
    }

    /// A call with a JSON body.
    #[must_use]
    pub(crate) fn json(route: Route, body: Value) -> Self {
        Self { route, body: Some(body), files: Vec::new() }
    }

    /// The same with uploads.
    #[must_use]
    pub(crate) fn with_files(self, files: Vec<File>) -> Self {
        Self { files, ..self }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("route", &self.route)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("mime", &self.mime)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("status", &self.status).finish_non_exhaustive()
    }
}
