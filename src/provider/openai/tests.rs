use super::*;
use crate::model::{FinishReason, ServedModel, Usage};

/// Decodes the data of events and returns the deltas and the error, if any.
fn read(events: &[&str]) -> (Vec<Delta>, Option<String>) {
    let (mut dialect, mut deltas) = (Dialect::default(), VecDeque::new());
    let error = events.iter().find_map(|data| dialect.event("", data, &mut deltas).err());
    dialect.finish(&mut deltas);
    deltas.retain(|delta| !matches!(delta, Delta::ProviderMessage(_) | Delta::Done));
    (deltas.into(), error.map(|error| error.public()))
}

fn text(text: &str) -> Delta {
    Delta::Text(text.into())
}

fn thought(text: &str) -> Delta {
    Delta::Reasoning(text.into())
}

fn finished(word: &str) -> Delta {
    Delta::Finished(FinishReason::new(word))
}

/// The data of an event with this `delta`.
fn delta(json: &str) -> String {
    format!(r#"{{"choices":[{{"index":0,"delta":{json},"finish_reason":null}}]}}"#)
}

#[test]
fn content_of_every_shape_is_read() {
    let rows: &[(&str, &[Delta])] = &[
        (r#"{"role":"assistant","content":null}"#, &[]),
        (r#"{"role":"assistant","content":""}"#, &[]),
        (r#"{"role":"assistant"}"#, &[]),
        ("{}", &[]),
        ("null", &[]),
        (r#"{"content":"a\n\"ü\u00fc"}"#, &[text("a\n\"üü")]),
        (r#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, &[text("ab")]),
        (r#"{"content":null,"refusal":"I will not."}"#, &[text("I will not.")]),
        (r#"{"content":"a","obfuscation":"x9","unknown":{"deep":[1]}}"#, &[text("a")]),
        (r#"{"reasoning_content":"r","content":null}"#, &[thought("r")]),
        (r#"{"reasoning":"r","content":"a"}"#, &[thought("r"), text("a")]),
        (r#"{"reasoning":"r","reasoning_content":"r"}"#, &[thought("r")]),
        (r#"{"reasoning_details":[{"type":"reasoning.text","text":"r"}]}"#, &[thought("r")]),
        (r#"{"reasoning":"r","reasoning_details":[{"text":"r"}]}"#, &[thought("r")]),
        (r#"{"reasoning":null,"reasoning_details":[{"summary":"s"},{"data":"secret"}]}"#, &[thought("s")]),
        (r#"{"content":"<think>r</think>a"}"#, &[thought("r"), text("a")]),
        (
            r#"{"tool_calls":[{"index":0,"id":"1","function":{"name":"f","arguments":"{"}},{"function":{"arguments":"}"}}]}"#,
            &[Delta::Tool("f{".into()), Delta::Tool("}".into())],
        ),
        (r#"{"tool_calls":[{"function":{"name":null,"arguments":""}},{}]}"#, &[]),
    ];
    for (json, want) in rows {
        assert_eq!(read(&[&delta(json)]), (want.to_vec(), None), "{json}");
    }
}

#[test]
fn an_odd_field_does_not_fail_the_event() {
    for odd in ["\"n/a\"", "7", "-7", "0.5", "true", "[1,[2]]", "null"] {
        for field in ["usage", "timings", "x_groq"] {
            let event = format!(r#"{{"choices":[{{"delta":{{"content":"a"}}}}],"{field}":{odd}}}"#);
            assert_eq!(read(&[&event]), (vec![text("a")], None), "{event}");
        }
        let event = format!(
            r#"{{"x_groq":{{"usage":{odd}}},"usage":{{"completion_tokens":7,"prompt_tokens_details":{odd},"completion_tokens_details":{odd}}}}}"#
        );
        let usage = Usage { output_tokens: Some(7), ..Usage::default() };
        assert_eq!(read(&[&event]), (vec![Delta::Usage(usage)], None), "{event}");
    }
}

#[test]
fn a_character_split_over_two_events_is_joined_and_a_lone_half_replaced() {
    let want = vec![text("b"), text("😀c")];
    let halves = [delta(r#"{"content":"b\ud83d"}"#), delta(r#"{"content":"\ude00c"}"#)];
    assert_eq!(read(&[&halves[0], &halves[1]]), (want, None));
    let whole = whole_answer(br#"{"choices":[{"message":{"content":"b\ud83d"}}]}"#, "");
    assert_eq!(whole.expect("an answer"), [text("b"), text("\u{fffd}"), Delta::Done]);
}

#[test]
fn only_the_first_choice_counts() {
    let two = r#"{"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}"#;
    let second = r#"{"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}"#;
    let unnamed = r#"{"choices":[{"delta":{"content":"c"}}]}"#;
    assert_eq!(read(&[two, second, unnamed]), (vec![text("ac")], None));
}

#[test]
fn a_finish_reason_is_any_word() {
    for word in ["stop", "length", "eos", "insufficient_system_resource", "abort"] {
        let event = format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{word}"}}]}}"#);
        assert_eq!(read(&[&event]), (vec![finished(word)], None));
    }
    let none = r#"{"choices":[{"delta":{},"finish_reason":""}]}"#;
    assert_eq!(read(&[none]), (vec![], None));
    let error = r#"{"choices":[{"delta":{"content":"x"},"finish_reason":"error"}]}"#;
    assert_eq!(read(&[error]), (vec![text("x")], Some(ModelError::Reported.public())));
}

#[test]
fn events_without_content_yield_nothing() {
    for data in ["{}", r#"{"choices":[]}"#, r#"{"choices":null}"#, "", "null", "1", r#""ping""#, "[]"] {
        assert_eq!(read(&[data]), (vec![], None), "{data:?}");
    }
}

#[test]
fn invalid_json_ends_the_stream_and_keeps_the_text() {
    let before = delta(r#"{"content":"a"}"#);
    for data in ["{malformed json: <<<chaos>>>", r#"{"choices":[{"delta":{"content":"lost"#, "[DONE"] {
        let (deltas, error) = read(&[&before, data]);
        assert_eq!(deltas, [text("a")]);
        assert!(error.is_some_and(|error| error.contains("not valid JSON")), "{data:?}");
    }
    assert_eq!(read(&[&before, "ping"]), (vec![text("a")], None), "words between events are no text");
    let (_, error) = read(&[r#"{"choices":"text that must not be lost unseen"}"#]);
    assert!(error.is_some_and(|error| error.contains("unknown structure")));
}

#[test]
fn an_error_is_found_in_each_of_its_places() {
    let reported = Some(ModelError::Reported.public());
    for event in [
        r#"{"error":{"message":"boom"}}"#,
        r#"{"error":"boom","choices":[{"delta":{"content":"x"}}]}"#,
        r#"{"choices":[{"delta":{"content":"x"},"error":{"message":"boom"}}]}"#,
        r#"{"x_groq":{"error":"boom"},"choices":[{"delta":{"content":"x"}}]}"#,
    ] {
        assert_eq!(read(&[event]), (vec![], reported.clone()), "{event}");
    }
    let none = r#"{"error":null,"choices":[{"delta":{"content":"x"},"error":null}],"x_groq":{"id":"1"}}"#;
    assert_eq!(read(&[none]), (vec![text("x")], None));
}

#[test]
fn an_event_named_error_is_an_error() {
    let of =
        |data: &str| Dialect::default().event("error", data, &mut VecDeque::new()).expect_err("an error");
    assert!(matches!(of(r#"{"error":{"code":429}}"#), ModelError::RateLimited { .. }));
    assert!(matches!(of(r#"{"code":503,"message":"x"}"#), ModelError::Overloaded(0)));
    assert!(matches!(of("plain words"), ModelError::Reported));
    assert!(matches!(of(""), ModelError::Reported));
}

#[test]
fn usage_is_read_in_each_of_its_places() {
    let usage = |prompt, output| Usage { prompt_tokens: prompt, output_tokens: output, ..Usage::default() };
    let rows = [
        (r#"{"usage":{"prompt_tokens":5,"completion_tokens":7}}"#, usage(Some(5), Some(7))),
        (r#"{"choices":[],"usage":{"completion_tokens":7.0,"prompt_tokens":null}}"#, usage(None, Some(7))),
        (r#"{"x_groq":{"usage":{"prompt_tokens":5,"completion_tokens":7}}}"#, usage(Some(5), Some(7))),
        (
            r#"{"usage":{"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":4}}}"#,
            Usage { cached_tokens: Some(3), reasoning_tokens: Some(4), ..Usage::default() },
        ),
        (
            r#"{"usage":{"prompt_cache_hit_tokens":3,"reasoning_tokens":4,"completion_tokens_details":null}}"#,
            Usage { cached_tokens: Some(3), reasoning_tokens: Some(4), ..Usage::default() },
        ),
        (
            r#"{"usage":{"completion_tokens":100,"completion_time":0.5,"queue_time":0.1}}"#,
            Usage { server_tokens_per_second: Some(200.0), ..usage(None, Some(100)) },
        ),
        (
            r#"{"timings":{"cache_n":24,"prompt_n":10,"predicted_n":60,"predicted_per_second":63.5}}"#,
            Usage {
                cached_tokens: Some(24),
                server_tokens_per_second: Some(63.5),
                ..usage(Some(34), Some(60))
            },
        ),
        (
            r#"{"usage":{"completion_tokens":61},"timings":{"predicted_n":60,"predicted_per_second":63.5}}"#,
            Usage { server_tokens_per_second: Some(63.5), ..usage(None, Some(61)) },
        ),
        (r#"{"timings":{"predicted_n":1,"predicted_per_second":1000000.0}}"#, usage(None, Some(1))),
        (
            r#"{"timings":{"cache_n":18446744073709551615,"prompt_n":10,"predicted_n":1}}"#,
            Usage { cached_tokens: Some(u64::MAX), ..usage(Some(u64::MAX), Some(1)) },
        ),
    ];
    for (event, want) in rows {
        assert_eq!(read(&[event]), (vec![Delta::Usage(want)], None), "{event}");
    }
    assert_eq!(read(&[r#"{"usage":null,"timings":null,"x_groq":null}"#]), (vec![], None));
}

#[test]
fn usage_on_the_finish_event_comes_before_the_reason_and_timings_do_not_override_it() {
    let finish = r#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"completion_tokens":61}}"#;
    let timings = r#"{"timings":{"predicted_n":60,"predicted_per_second":50.0}}"#;
    let counted = Usage { output_tokens: Some(61), ..Usage::default() };
    let speed = Usage { server_tokens_per_second: Some(50.0), ..Usage::default() };
    let want = vec![Delta::Usage(counted), finished("stop"), Delta::Usage(speed)];
    assert_eq!(read(&[finish, timings]), (want, None));
}

#[test]
fn a_simulated_answer_is_flagged_once() {
    let event = r#"{"simulated":true,"choices":[{"delta":{"content":"x"}}]}"#;
    assert_eq!(read(&[event, event]), (vec![Delta::Simulated, text("x"), text("x")], None));
    assert_eq!(read(&[r#"{"simulated":false}"#, r#"{"simulated":"true"}"#]), (vec![], None));
}

#[test]
fn a_partial_tag_is_released_at_the_end_and_not_by_a_finish_reason() {
    let content = delta(r#"{"content":"<thi"}"#);
    let finish = r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#;
    assert_eq!(read(&[&content, finish]), (vec![finished("stop"), text("<thi")], None));
    let piece = |content: &str| {
        format!(r#"{{"choices":[{{"delta":{{"content":"{content}"}},"finish_reason":"stop"}}]}}"#)
    };
    let pieces = ["<thi", "nk>r</th", "ink>b"].map(piece);
    let (mut deltas, _) = read(&[&pieces[0], &pieces[1], &pieces[2]]);
    deltas.retain(|delta| *delta != finished("stop"));
    assert_eq!(deltas, [thought("r"), text("b")], "a finish reason with every piece");
    assert_eq!(read(&[&content, " [DONE]"]), (vec![text("<thi")], None));
}

#[test]
fn a_whole_answer_is_decoded() {
    let body = include_bytes!("../../../tests/fixtures/sse/llamacpp_nonstream.json");
    let mut deltas: Vec<Delta> = whole_answer(body, "").expect("an answer").into();
    assert!(matches!(deltas.remove(0), Delta::Served(ServedModel { is_other: false, .. })));
    assert!(matches!(&deltas[0], Delta::Text(text) if text.starts_with("The story of a lighthouse")));
    assert!(matches!(&deltas[1], Delta::Usage(usage) if usage.output_tokens == Some(16)), "{deltas:?}");
    assert_eq!(deltas[2], finished("length"));
    let limited = br#"{"error":{"code":"rate_limit_exceeded"}}"#;
    assert!(matches!(whole_answer(limited, ""), Err(ModelError::RateLimited { .. })));
    assert!(matches!(whole_answer(b"{}", ""), Err(ModelError::Corrupt(_))));
    assert!(matches!(
        whole_answer(b"<html>", ""),
        Err(ModelError::Corrupt("a web page instead of an answer"))
    ));
}

#[test]
fn a_message_repeated_in_a_stream_is_not_decoded_twice() {
    let last = r#"{"choices":[{"finish_reason":"stop","delta":{"content":"b"},"message":{"content":"ab"}}]}"#;
    assert_eq!(read(&[&delta(r#"{"content":"a"}"#), last]), (vec![text("ab"), finished("stop")], None));
}

#[test]
fn several_objects_in_one_event_are_all_read() {
    let (a, b) = (delta(r#"{"content":"b"}"#), delta(r#"{"content":"c"}"#));
    for data in
        [format!("{a}{b}"), format!("{a} , {b}"), format!("data: data:{a}data: {b}"), format!("[{a},{b}]")]
    {
        assert_eq!(read(&[&data]), (vec![text("b"), text("c")], None), "{data}");
    }
    let done = format!("{a}[DONE]");
    let (mut dialect, mut deltas) = (Dialect::default(), VecDeque::new());
    dialect.event("", &done, &mut deltas).expect("no error");
    assert!(dialect.is_done());
    let many = format!("{}{b}", "{},data:".repeat(100_000));
    assert_eq!(read(&[&many]), (vec![text("c")], None), "without recursion");
    let broken = format!("{a}{{\"usage\":{{\"x\":NaN}}}}{b}");
    assert_eq!(read(&[&broken]), (vec![text("b"), text("c")], None));
    assert!(read(&[&format!("{a}{{\"choices\":[")]).1.is_some(), "a broken object is no silence");
}
