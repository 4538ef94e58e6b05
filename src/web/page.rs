//! The static files of the page, embedded in the binary.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::{
    Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use super::{LocalChannel, api::HttpRefusal};

const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// The name, media type and content of a file.
type Asset = (&'static str, &'static str, &'static str);

macro_rules! assets {
    ($($name:literal: $media:expr),+ $(,)?) => {
        [$(($name, $media, include_str!(concat!("../../assets/web/", $name)))),+]
    };
}

const INDEX: Asset = ("index.html", "text/html; charset=utf-8", include_str!("../../assets/web/index.html"));

/// The files that `index.html` and its scripts load.
const ASSETS: [Asset; 31] = assets! {
    "icon.svg": "image/svg+xml",
    "tokens.css": STYLE,
    "layout.css": STYLE,
    "messages.css": STYLE,
    "race.css": STYLE,
    "answers.css": STYLE,
    "cards.css": STYLE,
    "composer.css": STYLE,
    "dialog.css": STYLE,
    "channel.css": STYLE,
    "theme.js": SCRIPT,
    "title.js": SCRIPT,
    "app.js": SCRIPT,
    "actions.js": SCRIPT,
    "answers.js": SCRIPT,
    "cards.js": SCRIPT,
    "completion.js": SCRIPT,
    "composer.js": SCRIPT,
    "dialog.js": SCRIPT,
    "dom.js": SCRIPT,
    "inline.js": SCRIPT,
    "lineup.js": SCRIPT,
    "log.js": SCRIPT,
    "markdown.js": SCRIPT,
    "notices.js": SCRIPT,
    "race.js": SCRIPT,
    "results.js": SCRIPT,
    "selection.js": SCRIPT,
    "server.js": SCRIPT,
    "standings.js": SCRIPT,
    "visitor.js": SCRIPT,
};

/// The routes of the page and its files.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new()
        .route("/", get(async |headers: HeaderMap| file(&headers, &INDEX)))
        .route("/race/{id}", get(async |headers: HeaderMap| file(&headers, &INDEX)))
        .route("/assets/{name}", get(asset))
}

async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.iter().find(|(known, ..)| *known == name) {
        Some(asset) => file(&headers, asset),
        None => HttpRefusal::new(StatusCode::NOT_FOUND, "There is no such file.").into_response(),
    }
}

/// Serves a file. Browsers revalidate it on every load, so that a new version shows at once.
fn file(headers: &HeaderMap, &(_, media, body): &Asset) -> Response {
    let tag = tag(body);
    let is_current = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str());
    let caching = [(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if is_current {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, media)], body).into_response()
}

fn tag(body: &str) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
