//! The three steps of an upload, and failures of each.

use bytes::Bytes;

use super::*;

const BYTES: &[u8] = b"\x89PNG\r\n\x1a\n\0\xff TEXT";

fn file() -> File {
    let (name, title) = ("race.png".into(), "Speed".into());
    let alt = Some("TEXT: a & b=c".into());
    File { name, mime: "image/png", title, alt, bytes: Bytes::from_static(BYTES) }
}

impl Api {
    /// All steps, as the surface takes them.
    async fn upload(&self, place: &ChannelThread, file: File) -> Result<(), ApiError> {
        let staged = self.stage(&file).await?;
        self.share(place, &staged).await
    }
}

/// A server that knows its own address.
async fn server(replies: impl FnOnce(&Server) -> Vec<Reply>) -> Server {
    let server = Server::script(vec![]).await;
    server.answer(replies(&server));
    server
}

fn reserved(server: &Server) -> Reply {
    let url = format!("{}upload/SECRET", server.origin);
    answer(&json!({"ok": true, "upload_url": url, "file_id": "F1"}))
}

fn done() -> Reply {
    answer(&json!({"ok": true}))
}

/// The answer to a successful upload: no JSON, no content type.
fn uploaded() -> Reply {
    reply("200 OK", &[], "OK - 14")
}

fn paths(server: &mut Server, count: usize) -> Vec<String> {
    let of = |seen: Seen| seen.first.split(' ').nth(1).expect("a path").to_owned();
    let paths = (0..count).map(|_| of(server.seen())).collect();
    assert!(server.is_done(), "and no more than {paths:?}");
    paths
}

const RESERVE: &str = "/api/files.getUploadURLExternal";
const SEND: &str = "/upload/SECRET";
const SHOW: &str = "/api/files.completeUploadExternal";
const JOIN: &str = "/api/conversations.join";

#[tokio::test]
async fn a_file_goes_in_three_steps_byte_by_byte() {
    let mut server = server(|server| vec![reserved(server), uploaded(), done()]).await;
    server.api().upload(&thread(), file()).await.expect("uploaded");
    let seen = server.seen();
    assert_eq!(seen.first, format!("POST {RESERVE} HTTP/1.1"));
    assert!(seen.has("authorization: Bearer xoxb-SECRET-token"), "{}", seen.head);
    assert!(seen.has("content-type: application/x-www-form-urlencoded"), "{}", seen.head);
    assert_eq!(seen.text(), "filename=race.png&length=15&alt_txt=TEXT%3A+a+%26+b%3Dc");
    let seen = server.seen();
    assert_eq!(seen.first, format!("POST {SEND} HTTP/1.1"));
    assert!(seen.has("content-type: image/png") && !seen.head.contains("authorization"), "{}", seen.head);
    assert_eq!(seen.body, BYTES);
    let seen = server.seen();
    assert_eq!(seen.first, format!("POST {SHOW} HTTP/1.1"));
    let files = json!([{"id": "F1", "title": "Speed"}]);
    let expected = json!({"files": files, "channel_id": "C1", "thread_ts": "1.1"});
    assert_eq!(seen.json(), expected);
}

#[tokio::test]
async fn a_public_channel_is_joined_and_the_file_shown_once() {
    let then =
        |server: &Server| vec![reserved(server), uploaded(), refusal("not_in_channel"), done(), done()];
    let mut server = server(then).await;
    server.api().upload(&place(), file()).await.expect("uploaded");
    assert_eq!(paths(&mut server, 5), [RESERVE, SEND, SHOW, JOIN, SHOW]);
}

#[tokio::test]
async fn a_channel_that_cannot_be_joined_is_reported_and_nothing_is_shown() {
    for (joined, expected) in [
        (vec![refusal("method_not_supported_for_channel_type")], ApiError::NotInChannel),
        (
            vec![answer(&json!({"ok": false, "error": "missing_scope", "needed": "channels:join"}))],
            ApiError::NotInChannel,
        ),
        (vec![limited(&["retry-after: 9"])], ApiError::Limited { retry_after: Duration::from_secs(9) }),
        (vec![Reply::Cut, reply("503 No", &[], ""), Reply::Cut], Lost::Unconnected.into_error()),
    ] {
        let tries = joined.len();
        let begin = |server: &Server| vec![reserved(server), uploaded(), refusal("not_in_channel")];
        let mut server = server(|server| begin(server).into_iter().chain(joined).collect()).await;
        let error = server.api().upload(&place(), file()).await.expect_err("not shown");
        assert!(error == expected && !error.is_ambiguous(), "{error:?}");
        let paths = paths(&mut server, 3 + tries);
        assert_eq!(paths[..3], [RESERVE, SEND, SHOW]);
        assert!(paths[3..].iter().all(|path| path == JOIN), "{paths:?}");
    }
}

#[tokio::test]
async fn steps_before_the_last_are_repeated_from_the_start() {
    let then = |server: &Server| {
        let unavailable = reply("503 Service Unavailable", &[], "");
        vec![Reply::Cut, reserved(server), unavailable, reserved(server), uploaded(), done()]
    };
    let mut server = server(then).await;
    server.api().upload(&place(), file()).await.expect("uploaded at last");
    assert_eq!(paths(&mut server, 6), [RESERVE, RESERVE, SEND, RESERVE, SEND, SHOW]);
}

#[tokio::test]
async fn it_is_repeated_neither_for_ever_nor_after_a_refusal() {
    let broken = || reply("500 No", &[], "");
    let mut never = Server::script(vec![broken(), broken(), broken()]).await;
    let error = never.api().upload(&place(), file()).await;
    assert_eq!(error, Err(ApiError::Server { status: 500 }));
    assert_eq!(paths(&mut never, 3), [RESERVE; 3]);
    let mut refused = Server::script(vec![refusal("file_uploads_disabled")]).await;
    let error = refused.api().upload(&place(), file()).await;
    assert_eq!(error, Err(ApiError::Refused { code: "file_uploads_disabled".into() }));
    assert_eq!(paths(&mut refused, 1), [RESERVE]);
    let mut slow = server(|server| (0..3).flat_map(|_| [reserved(server), Reply::Silence]).collect()).await;
    let error = slow.hasty().upload(&place(), file()).await;
    assert_eq!(error, Err(Lost::Late.into_error()));
    assert_eq!(paths(&mut slow, 6), [RESERVE, SEND, RESERVE, SEND, RESERVE, SEND]);
}

#[tokio::test]
async fn the_last_step_is_never_repeated() {
    for lost in [Reply::Cut, Reply::Silence, reply("502 Bad Gateway", &[], "")] {
        let mut server = server(|server| vec![reserved(server), uploaded(), lost]).await;
        let error = server.hasty().upload(&place(), file()).await.expect_err("lost");
        assert!(error.is_ambiguous(), "{error:?}");
        assert_eq!(paths(&mut server, 3), [RESERVE, SEND, SHOW]);
    }
}

#[tokio::test]
async fn no_upload_leads_elsewhere() {
    let mut elsewhere = Server::script(vec![]).await;
    let replies = (0..3).map(|_| reserved(&elsewhere)).collect();
    let mut server = Server::script(replies).await;
    let error = server.api().upload(&place(), file()).await;
    assert_eq!(error, Err(Lost::Unsendable.into_error()));
    assert!(elsewhere.is_done());
    assert_eq!(paths(&mut server, 1), [RESERVE], "another address would be no better");
}
