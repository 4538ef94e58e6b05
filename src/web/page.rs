//! The static files of the pages, embedded in the binary.

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
const FONT: &str = "font/woff2";

/// The name, media type and content of a file.
type Asset = (&'static str, &'static str, &'static [u8]);

macro_rules! assets {
    ($($name:literal in $folder:literal: $media:expr),+ $(,)?) => {
        [$(($name, $media, include_bytes!(concat!("../../assets/", $folder, "/", $name)))),+]
    };
}

const HTML: &str = "text/html; charset=utf-8";
/// The page of the channel, which is also that of one race.
const INDEX: Asset = ("index.html", HTML, include_bytes!("../../assets/web/index.html"));
const BOARD: Asset = ("board.html", HTML, include_bytes!("../../assets/web/board.html"));
const HISTORY: Asset = ("history.html", HTML, include_bytes!("../../assets/web/history.html"));

/// The files that the pages, their styles and their scripts load.
const ASSETS: [Asset; 53] = assets! {
    "icon.svg" in "web": "image/svg+xml",
    "fonts.css" in "web": STYLE,
    "tokens.css" in "web": STYLE,
    "layout.css" in "web": STYLE,
    "messages.css" in "web": STYLE,
    "race.css" in "web": STYLE,
    "answers.css" in "web": STYLE,
    "code.css" in "web": STYLE,
    "cards.css" in "web": STYLE,
    "composer.css" in "web": STYLE,
    "dialog.css" in "web": STYLE,
    "channel.css" in "web": STYLE,
    "vote.css" in "web": STYLE,
    "overview.css" in "web": STYLE,
    "board.css" in "web": STYLE,
    "history.css" in "web": STYLE,
    "theme.js" in "web": SCRIPT,
    "title.js" in "web": SCRIPT,
    "app.js" in "web": SCRIPT,
    "actions.js" in "web": SCRIPT,
    "answers.js" in "web": SCRIPT,
    "appearance.js" in "web": SCRIPT,
    "cards.js" in "web": SCRIPT,
    "clipboard.js" in "web": SCRIPT,
    "completion.js" in "web": SCRIPT,
    "composer.js" in "web": SCRIPT,
    "continuing.js" in "web": SCRIPT,
    "dialog.js" in "web": SCRIPT,
    "dom.js" in "web": SCRIPT,
    "files.js" in "web": SCRIPT,
    "highlight.js" in "web": SCRIPT,
    "inline.js" in "web": SCRIPT,
    "lineup.js" in "web": SCRIPT,
    "log.js" in "web": SCRIPT,
    "markdown.js" in "web": SCRIPT,
    "notices.js" in "web": SCRIPT,
    "race.js" in "web": SCRIPT,
    "running.js" in "web": SCRIPT,
    "selection.js" in "web": SCRIPT,
    "server.js" in "web": SCRIPT,
    "standings.js" in "web": SCRIPT,
    "replay.js" in "web": SCRIPT,
    "timeline.js" in "web": SCRIPT,
    "visitor.js" in "web": SCRIPT,
    "vote.js" in "web": SCRIPT,
    "board.js" in "web": SCRIPT,
    "history.js" in "web": SCRIPT,
    "overview.js" in "web": SCRIPT,
    "speed_axes.js" in "web": SCRIPT,
    "speed_chart.js" in "web": SCRIPT,
    "hljs.js" in "highlight": SCRIPT,
    "Inter-Regular.woff2" in "fonts": FONT,
    "Inter-SemiBold.woff2" in "fonts": FONT,
};

/// The routes of the pages and their files.
pub(super) fn routes() -> Router<LocalChannel> {
    Router::new()
        .route("/", get(async |headers: HeaderMap| file(&headers, &INDEX)))
        .route("/board", get(async |headers: HeaderMap| file(&headers, &BOARD)))
        .route("/history", get(async |headers: HeaderMap| file(&headers, &HISTORY)))
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

fn tag(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}
