//! Protection against foreign host names, origins and pages.

use reqwest::header::{HOST, ORIGIN};

use super::site::{Site, visitor};
use crate::support::script::model;

async fn site() -> Site {
    Site::open(["a", "b"].map(|id| model(id).says_words(12, 10).used(12).finishes("stop"))).await
}

#[tokio::test]
async fn a_foreign_host_is_refused_with_a_sentence() {
    let site = site().await;
    for path in ["/", "/board", "/history", "/assets/app.js", "/api/lineup", "/api/channel", "/api/history"] {
        let response = site.get(path).header(HOST, "evil.example").send().await.expect("an answer");
        assert_eq!(response.status(), 421, "{path}");
        assert!(response.text().await.expect("text").contains("isn't served under this host name"));
    }
    let port = site.host.rsplit(':').next().expect("a port");
    for name in ["localhost", "LOCALHOST", "[::1]", "127.0.0.1"] {
        let response = site.get("/").header(HOST, format!("{name}:{port}")).send().await.expect("an answer");
        assert_eq!(response.status(), 200, "{name}");
    }
}

#[tokio::test]
async fn another_origin_can_neither_read_nor_write() {
    let site = site().await;
    let own = site.url("");
    let port: u16 = site.host.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let neighbour = format!("http://127.0.0.1:{}", port.wrapping_add(1).max(1));
    let renamed = format!("http://localhost:{port}");
    for (origin, status) in
        [(&*own, 202), (&*neighbour, 403), (&*renamed, 403), ("https://evil.example", 403), ("null", 403)]
    {
        let line = serde_json::json!({ "text": "compare x", "from": visitor("ana") });
        let request = site.send("/api/command", &line).header(ORIGIN, origin);
        assert_eq!(request.send().await.expect("an answer").status(), status, "{origin}");
    }
    let read = site.get("/api/channel").header(ORIGIN, "null").send().await.expect("an answer");
    assert_eq!(read.status(), 403);
}

#[tokio::test]
async fn requests_from_other_sites_are_refused() {
    let site = site().await;
    for (from, status) in [("same-origin", 200), ("none", 200), ("same-site", 403), ("cross-site", 403)] {
        let request = site.get("/api/lineup").header("sec-fetch-site", from);
        assert_eq!(request.send().await.expect("an answer").status(), status, "{from}");
    }
    let navigate = |path: &str, dest: &str| {
        let request = site.get(path).header("sec-fetch-site", "cross-site");
        request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", dest.to_owned()).send()
    };
    assert_eq!(navigate("/", "document").await.expect("an answer").status(), 200, "a link to the page");
    assert_eq!(navigate("/race/x", "document").await.expect("an answer").status(), 200, "a link to a race");
    for page in ["/board", "/history?model=a"] {
        assert_eq!(navigate(page, "document").await.expect("an answer").status(), 200, "a link to {page}");
        assert_eq!(navigate(page, "iframe").await.expect("an answer").status(), 403, "a frame with {page}");
    }
    assert_eq!(navigate("/race/x", "iframe").await.expect("an answer").status(), 403, "a frame with a race");
    assert_eq!(navigate("/", "iframe").await.expect("an answer").status(), 403, "a frame");
    assert_eq!(
        navigate("/api/lineup", "document").await.expect("an answer").status(),
        403,
        "a link to a call"
    );
}

#[tokio::test]
async fn a_post_must_be_json_of_limited_length() {
    let site = site().await;
    let body = serde_json::json!({ "text": "compare x", "from": visitor("ana") }).to_string();
    let send = async |media: &str, body: String| {
        let request = site.post("/api/command").header("content-type", media).body(body);
        let response = request.send().await.expect("an answer");
        (response.status().as_u16(), response.text().await.expect("text"))
    };
    assert_eq!(send("text/plain", body.clone()).await.0, 415);
    assert_eq!(send("application/x-www-form-urlencoded", body.clone()).await.0, 415);
    let (status, said) =
        send("application/json", format!("{body}{}", " ".repeat(12 * 12_000 + 4 * 1024))).await;
    assert_eq!((status, said.contains("too long")), (413, true), "{said}");
    let (status, said) = send("application/json", "{}".into()).await;
    assert_eq!((status, said.contains("Reload the page")), (422, true), "{said}");
    assert_eq!(send("application/json", body).await.0, 202);
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    let site = site().await;
    let mut responses = vec![];
    for path in ["/", "/assets/app.js", "/assets/none", "/api/lineup", "/api/channel", "/api/races/x/answers"]
    {
        responses.push(site.get(path).send().await.expect("an answer"));
    }
    responses.push(site.get("/").header(HOST, "evil.example").send().await.expect("an answer"));
    responses.push(site.get("/api/command").send().await.expect("an answer"));
    responses.push(site.post("/api/command").send().await.expect("an answer"));
    let statuses: Vec<u16> = responses.iter().map(|response| response.status().as_u16()).collect();
    assert_eq!(statuses, [200, 200, 404, 200, 200, 404, 421, 405, 415]);
    for response in responses {
        let value = |name: &str| response.headers().get(name).map(|value| value.to_str().expect("ASCII"));
        let policy = value("content-security-policy").expect("a policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(value("x-content-type-options"), Some("nosniff"));
        assert_eq!(value("referrer-policy"), Some("no-referrer"));
        assert_eq!(value("cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(value("cross-origin-resource-policy"), Some("same-origin"));
    }
}

/// The browser chooses its own id, so a new one must not bring a new allowance.
#[tokio::test]
async fn fresh_ids_do_not_escape_the_limit_of_races() {
    let site = Site::with([model("a").says("x").finishes("stop")], 2, vec![]).await;
    for (who, wanted) in [("one", 202), ("two", 202), ("three", 429), ("four", 429)] {
        let (status, said) = site.say(who, "compare why").await;
        assert_eq!(status, wanted, "{who}: {said}");
    }
}

#[tokio::test]
async fn no_answer_for_one_visitor_is_stored_by_a_cache() {
    let models = ["a", "b"].map(|id| model(id).waits(20).says_words(8, 20).used(8).finishes("stop"));
    let site = Site::with(models, 60, vec![]).await;
    let mut tab = site.tab().await;
    let id = site.race("ana", "compare why").await;
    tab.charted(&id).await;
    let lookup = |what: &str| site.get(&format!("/api/races/{id}/{what}"));
    let line = serde_json::json!({ "text": "help", "from": visitor("ana") });
    for (request, wanted) in [
        (site.get("/api/lineup"), "no-store"),
        (site.send("/api/command", &line), "no-store"),
        (lookup("answers"), "no-store"),
        (lookup("explain"), "no-store"),
        (lookup("stop"), "no-store"),
        (site.get("/api/races/none/answers"), "no-store"),
        (lookup("chart.png"), "private, max-age=3600, immutable"),
        (site.get("/api/channel"), "no-cache"),
    ] {
        let response = request.send().await.expect("an answer");
        let (url, said) = (response.url().clone(), response.headers().get("cache-control"));
        assert_eq!(said.and_then(|said| said.to_str().ok()), Some(wanted), "{url}");
    }
}
