use super::*;

/// Returns the events of `reads` and the error, if any.
fn run<'a>(reads: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, Option<String>) {
    let (mut splitter, mut events) = (EventSplitter::default(), Vec::new());
    for read in reads {
        splitter.push(Bytes::copy_from_slice(read));
        while let Some(event) = splitter.next_event() {
            match event {
                Ok(Event::Data(data)) => match str::from_utf8(&data) {
                    Ok(data) => events.push(format!("data:{data}\n\n")),
                    Err(_) => return (events, Some(NOT_UTF8.to_string())),
                },
                Ok(Event::Block(block)) => events.push(text(block)),
                Err(error) => return (events, Some(error.to_string())),
            }
        }
    }
    if let Some(Event::Block(block)) = splitter.finish() {
        events.push(text(block));
    }
    (events, None)
}

fn text(block: Bytes) -> String {
    String::from_utf8(block.into()).expect("blocks are valid UTF-8")
}

/// Splits `stream` in one read and byte by byte, which must not differ.
fn split(stream: &[u8]) -> (Vec<String>, Option<String>) {
    let whole = run([stream]);
    assert_eq!(run(stream.chunks(1)), whole, "one byte per read");
    whole
}

#[test]
fn events_are_returned_one_by_one_with_their_blank_line() {
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
        ("data: {}\ndata: {\"a\":1}\n", &["data: {}\n\n", "data: {\"a\":1}\n\n"]),
        ("event: x\ndata: {}\ndata: [DONE]\n", &["event: x\ndata: {}\n\n", "data: [DONE]\n\n"]),
        ("data: {\ndata: }\n\n", &["data: {\ndata: }\n\n"]),
        ("data: {\"a\":{}\ndata: }\n\n", &["data: {\"a\":{}\ndata: }\n\n"]),
        ("", &[]),
        ("\u{feff}", &[]),
        (": ping", &[]),
    ];
    for (stream, want) in rows {
        assert_eq!(
            split(stream.as_bytes()),
            (want.iter().map(ToString::to_string).collect(), None),
            "{stream:?}"
        );
    }
}

#[test]
fn an_invalid_byte_ends_the_stream_and_earlier_events_are_kept() {
    let not_utf8 = Some("corrupt stream: bytes that are not UTF-8".to_owned());
    for wrong in
        [b"data: \xff\n\n".as_slice(), b"data: \xc3\n\n", b"data: x\xf0\x9f", b": \xfe", b"\xef\xbb\n\n"]
    {
        let mut stream = "data: ü\n\n".as_bytes().to_vec();
        stream.extend_from_slice(wrong);
        let (events, error) = split(&stream);
        assert_eq!(events, ["data: ü\n\n"], "{wrong:?}");
        let cut_at_the_end = wrong == b"data: x\xf0\x9f";
        assert_eq!(error, not_utf8.clone().filter(|_| !cut_at_the_end), "{wrong:?}");
    }
}

#[test]
fn an_invalid_byte_is_found_before_its_line_ends() {
    let mut splitter = EventSplitter::default();
    splitter.push(Bytes::from_static(b"data: \xc3"));
    assert!(splitter.next_event().is_none(), "it may still become a character");
    splitter.push(Bytes::from_static(b"("));
    assert!(matches!(splitter.next_event(), Some(Err(ModelError::Corrupt(_)))));
}

#[test]
fn an_event_may_have_at_most_a_mebibyte() {
    for (size, fits) in [(MAX_EVENT_LEN, true), (MAX_EVENT_LEN + 1, false), (4 << 20, false)] {
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
fn endless_lines_and_endless_events_are_rejected() {
    let comment = [b":".as_slice(), &vec![b'x'; MAX_EVENT_LEN]].concat();
    assert!(run(comment.chunks(8192)).1.is_some(), "one endless comment");
    let lines = b"data: x\n".repeat(MAX_EVENT_LEN / 8 + 1);
    assert!(run(lines.chunks(8192)).1.is_some(), "one endless event");
    let pings = b":\n".repeat(MAX_EVENT_LEN);
    assert_eq!(run(pings.chunks(8192)), (Vec::new(), None), "comments are not held");
}

#[test]
fn an_endless_stream_is_rejected() {
    let event = format!("data: {}\n\n", "x".repeat(5000));
    let read = Bytes::from(event.repeat(4));
    let (mut splitter, mut events) = (EventSplitter::default(), 0);
    let error = 'stream: loop {
        splitter.push(read.clone());
        while let Some(event) = splitter.next_event() {
            match event {
                Ok(_) => events += 1,
                Err(error) => break 'stream error,
            }
        }
    };
    assert_eq!(error.to_string(), "corrupt stream: a stream larger than 64 MiB");
    assert_eq!(events, MAX_STREAM_LEN / event.len(), "every event within the limit");
}

#[test]
fn an_event_without_its_blank_line_is_returned_as_soon_as_its_line_ends() {
    let mut splitter = EventSplitter::default();
    splitter.push(Bytes::from_static(b"data: {\"a\":1}\n"));
    assert_eq!(splitter.next_event().map(|event| event.is_ok()), Some(true));
}
