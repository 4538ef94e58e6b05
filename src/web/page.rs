//! The static files of the page, built into the binary.
//!
//! Must not know races.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{LocalChannel, api::Refusal};

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// A file: its name, its media type, what is in it.
type Asset = (&'static str, &'static str, &'static str);

macro_rules! assets {
    ($($name:literal: $media:expr),+ $(,)?) => {
        [$(($name, $media, include_str!(concat!("../../assets/web/", $name)))),+]
    };
}

const INDEX: Asset = ("index.html", "text/html; charset=utf-8", include_str!("../../assets/web/index.html"));

/// The files that `index.html` names, and those that they name.
const ASSETS: [Asset; 26] = assets! {
    "icon.svg": "image/svg+xml",
    "tokens.css": STYLE,
    "layout.css": STYLE,
    "messages.css": STYLE,
    "race.css": STYLE,
    "answers.css": STYLE,
    "cards.css": STYLE,
    "composer.css": STYLE,
    "dialog.css": STYLE,
    "theme.js": SCRIPT,
    "app.js": SCRIPT,
    "answers.js": SCRIPT,
    "board.js": SCRIPT,
    "cards.js": SCRIPT,
    "completion.js": SCRIPT,
    "composer.js": SCRIPT,
    "dialog.js": SCRIPT,
    "dom.js": SCRIPT,
    "inline.js": SCRIPT,
    "lineup.js": SCRIPT,
    "log.js": SCRIPT,
    "markdown.js": SCRIPT,
    "race.js": SCRIPT,
    "results.js": SCRIPT,
    "server.js": SCRIPT,
    "visitor.js": SCRIPT,
};

/// The page and its files.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new()
        .route("/", get(async |headers: HeaderMap| file(&headers, &INDEX)))
        .route("/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|(known, ..)| *known == name) {
        Some(asset) => file(&headers, asset),
        None => Refusal::new(StatusCode::NOT_FOUND, "There is no such file.").into_response(),
    }
}

/// Browsers ask again each time (a new version must show at once) and mostly hear that nothing changed.
fn file(headers: &HeaderMap, &(_, media, body): &Asset) -> Response {
    let tag = tag(body);
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let caching = [(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if known {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, media)], body).into_response()
}

fn tag(body: &str) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
