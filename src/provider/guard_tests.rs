use super::*;

/// What the guard hands on for `reads`, joined, and its flaw.
fn run<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Option<String>) {
    let (mut guard, mut events) = (Guard::default(), Vec::new());
    for read in reads {
        guard.push(Bytes::copy_from_slice(read));
        while let Some(event) = guard.event() {
            match event {
                Ok(event) => events.push(text(&event)),
                Err(error) => return (events, Some(error.to_string())),
            }
        }
    }
    events.extend(guard.finish().map(|event| text(&event)));
    (events, None)
}

fn text(event: &[u8]) -> String {
    str::from_utf8(event).expect("the guard lets only UTF-8 through").to_owned()
}

/// The same in one read and byte by byte, which must not differ.
fn both(stream: &[u8]) -> (Vec<String>, Option<String>) {
    let whole = run([stream]);
    assert_eq!(run(stream.chunks(1)), whole, "one byte a read");
    whole
}

#[test]
fn whole_events_come_one_by_one_with_their_blank_line() {
    let rows: &[(&str, &[&str])] = &[
        ("data: a\n\ndata: b\n\n", &["data: a\n\n", "data: b\n\n"]),
        ("data: a\r\n\r\ndata: b\r\n\r\n", &["data: a\n\n", "data: b\n\n"]),
        ("data: a\r\rdata: b\r\r", &["data: a\n\n", "data: b\n\n"]),
        ("\n\r\n\n\rdata: a\n\n\n", &["data: a\n\n"]),
        ("event: x\ndata: a\ndata: b\n\n", &["event: x\ndata: a\ndata: b\n\n"]),
        ("\u{feff}data: a\n\n", &["data: a\n\n"]),
        ("\u{feff}\u{feff}data: a\n\ndata: b\n\n", &["data: b\n\n"]),
        ("data: a\n\n\u{feff}\n\n\u{feff}data: b\n\n", &["data: a\n\n"]),
        (": ping\n\n:\n\ndata: a\n: ping\ndata: b\n\n", &["data: a\ndata: b\n\n"]),
        ("data: a\n\ndata: last", &["data: a\n\n", "data: last\n\n"]),
        ("data: a\n\ndata: last\n", &["data: a\n\n", "data: last\n\n"]),
        ("data: last\r", &["data: last\n\n"]),
        ("error: {}\n\n", &["event: error\ndata: {}\n\n"]),
        ("data: a\nerror:{}\n\n", &["data: a\n\nevent: error\ndata:{}\n\n"]),
        ("errors: {}\n\n", &["errors: {}\n\n"]),
        ("", &[]),
        ("\u{feff}", &[]),
        (": ping", &[]),
    ];
    for (stream, want) in rows {
        assert_eq!(
            both(stream.as_bytes()),
            (want.iter().map(ToString::to_string).collect(), None),
            "{stream:?}"
        );
    }
}

#[test]
fn the_first_invalid_byte_ends_the_stream_and_keeps_what_came_before() {
    let flaw = Some("corrupt stream: bytes that are not UTF-8".to_owned());
    for wrong in
        [b"data: \xff\n\n".as_slice(), b"data: \xc3\n\n", b"data: x\xf0\x9f", b": \xfe", b"\xef\xbb\n\n"]
    {
        let mut stream = "data: ü\n\n".as_bytes().to_vec();
        stream.extend_from_slice(wrong);
        let (events, error) = both(&stream);
        assert_eq!(events, ["data: ü\n\n"], "{wrong:?}");
        let cut_at_the_end = wrong == b"data: x\xf0\x9f";
        assert_eq!(error, flaw.clone().filter(|_| !cut_at_the_end), "{wrong:?}");
    }
}

#[test]
fn an_invalid_byte_is_found_before_its_line_ends() {
    let mut guard = Guard::default();
    guard.push(Bytes::from_static(b"data: \xc3"));
    assert!(guard.event().is_none(), "it may still become a character");
    guard.push(Bytes::from_static(b"("));
    assert!(matches!(guard.event(), Some(Err(ModelError::Corrupt(_)))));
}

#[test]
fn an_event_may_have_a_mebibyte_and_no_more() {
    for (size, fits) in [(EVENT_CAP, true), (EVENT_CAP + 1, false), (4 << 20, false)] {
        let mut stream = b"data: small\n\ndata:".to_vec();
        stream.resize(b"data: small\n\n".len() + size, b'x');
        stream.extend_from_slice(b"\n\n");
        for read in [stream.len(), 16 << 10, 1000] {
            let (events, error) = run(stream.chunks(read));
            assert_eq!(events.len(), 1 + usize::from(fits), "{size} in reads of {read}");
            assert_eq!(error.is_none(), fits, "{size} in reads of {read}");
        }
    }
}

#[test]
fn lines_without_an_end_and_events_without_an_end_are_bounded() {
    let comment = [b":".as_slice(), &vec![b'x'; EVENT_CAP]].concat();
    assert!(run(comment.chunks(8192)).1.is_some(), "one endless comment");
    let lines = b"data: x\n".repeat(EVENT_CAP / 8 + 1);
    assert!(run(lines.chunks(8192)).1.is_some(), "one endless event");
    let pings = b":\n".repeat(EVENT_CAP);
    assert_eq!(run(pings.chunks(8192)), (Vec::new(), None), "comments take no room");
}

#[test]
fn a_stream_is_bounded() {
    let event = format!("data: {}\n\n", "x".repeat(5000));
    let read = Bytes::from(event.repeat(4));
    let (mut guard, mut events) = (Guard::default(), 0);
    let error = 'stream: loop {
        guard.push(read.clone());
        while let Some(event) = guard.event() {
            match event {
                Ok(_) => events += 1,
                Err(error) => break 'stream error,
            }
        }
    };
    assert_eq!(error.to_string(), "corrupt stream: a stream above 64 MiB");
    assert_eq!(events, STREAM_CAP / event.len(), "every event within the cap");
}
