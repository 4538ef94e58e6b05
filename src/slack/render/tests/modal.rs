//! The form, and its submission.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    check, form,
    samples::{card, finished, line_up},
};
use crate::{
    model::ModelId,
    race::{conversation::FollowUp, report::Report},
    slack::render::{
        Form, follow_up,
        modal::{Filled, problem, read},
    },
};

/// The state that a client sends of an untouched `view`.
fn untouched(view: &Value) -> Value {
    let mut values = json!({});
    for block in view["blocks"].as_array().expect("blocks") {
        let (id, element) = (block["block_id"].as_str().expect("an id"), &block["element"]);
        let action = element["action_id"].as_str().expect("an id");
        values[id][action] = match element["type"].as_str() {
            Some("plain_text_input") => {
                json!({ "type": "plain_text_input", "value": element.get("initial_value") })
            }
            Some("radio_buttons") => json!({ "selected_option": element["initial_option"] }),
            _ => json!({ "selected_options": element.get("initial_options").unwrap_or(&json!([])) }),
        };
    }
    values
}

#[test]
fn an_untouched_form_is_empty() {
    let view = form(&line_up(), Form::Ask, "C1");
    check::view(&view).expect("Slack takes it");
    assert_eq!(view["blocks"][0]["block_id"], "prompt", "the prompt comes first");
    assert_eq!(view["blocks"][0]["element"]["focus_on_load"], true);
    assert!(!view.to_string().contains('`'), "no markup is read in a form");
    assert_eq!((&view["callback_id"], &view["private_metadata"]), (&json!("arena"), &json!("C1")));
    for chosen in [Form::Ask, Form::Compare, Form::Blind] {
        let filled = Filled { form: chosen, ..Filled::default() };
        assert_eq!(read(&untouched(&form(&line_up(), chosen, ""))), filled);
    }
}

#[test]
fn a_filled_form_is_read() {
    let mut values = untouched(&form(&line_up(), Form::Ask, ""));
    values["models"]["models"]["selected_options"] = json!([{ "value": "qwen-7b" }]);
    values["prompt"]["prompt"]["value"] = json!(" Why?\nReally? ");
    let models = vec![ModelId::new("qwen-7b")];
    assert_eq!(
        read(&values),
        Filled { form: Form::Ask, models, prompt: "Why?\nReally?".into(), ..Filled::default() }
    );
}

#[test]
fn every_model_shows_its_purpose() {
    let view = form(&line_up(), Form::Compare, "");
    let options = view["blocks"][2]["element"]["options"].as_array().expect("options");
    assert_eq!(view["blocks"][2]["element"]["type"], "checkboxes");
    assert_eq!(options.len(), 5);
    assert_eq!(options[1]["text"]["text"], "📜 Qwen 7B · 7B");
    assert_eq!(options[1]["description"]["text"], "complex reasoning, math, logic");
    assert_eq!(options[1]["value"], "qwen-7b");
    let many: Vec<Arc<_>> = (0..130).map(|i| card(&format!("m{i}"), "M", "", "", "#010203")).collect();
    let view = form(&many, Form::Compare, &"x".repeat(3_001));
    check::view(&view).expect("Slack takes it");
    let element = &view["blocks"][2]["element"];
    assert_eq!(element["type"], "multi_static_select");
    assert_eq!(element["options"].as_array().map(Vec::len), Some(100));
    assert_eq!(form(&[], Form::Compare, "")["blocks"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_state_of_any_shape_is_read() {
    for state in
        [json!(null), json!([]), json!("x"), json!({ "how": 1, "models": { "models": [] }, "prompt": {} })]
    {
        assert_eq!(read(&state), Filled::default(), "{state}");
    }
}

#[test]
fn a_problem_is_shown_where_it_is() {
    let filled = |form, models: &[&str], prompt: &str| {
        let models = models.iter().map(|id| ModelId::new(id)).collect();
        let problem = problem(&Filled { form, models, prompt: prompt.into(), ..Filled::default() });
        problem.map(|(block, said)| {
            assert!(!said.contains('`'), "no markup is read in a form: {said}");
            block
        })
    };
    for several in [Form::Compare, Form::Blind] {
        assert_eq!(filled(several, &[], "x"), None);
        assert_eq!(filled(several, &["a", "b"], ""), Some("prompt"));
    }
    assert_eq!(filled(Form::Ask, &[], "x"), Some("models"));
    assert_eq!(filled(Form::Ask, &["a", "b"], "x"), Some("models"));
    assert_eq!(filled(Form::Ask, &["a"], "x"), None);
}

fn follow_up_form(report: &Report, metadata: &str) -> Value {
    serde_json::to_value(follow_up(report, metadata).expect("answers")).expect("JSON")
}

#[test]
fn a_race_is_continued_with_the_winner_unless_another_way_is_chosen() {
    let report = finished().record().report;
    let view = follow_up_form(&report, "{}");
    check::view(&view).expect("Slack takes it");
    assert_eq!((&view["callback_id"], &view["private_metadata"]), (&json!("arena-continue"), &json!("{}")));
    let [quote, text, menu] = view["blocks"].as_array().expect("blocks").as_slice() else { panic!("{view}") };
    assert!(quote.to_string().contains(&report.prompt));
    assert_eq!(text["element"]["focus_on_load"], true);
    let options = menu["element"]["options"].as_array().expect("options");
    let [first, last] = [&options[0], &options[options.len() - 1]];
    assert_eq!((&menu["element"]["initial_option"], options.len()), (first, 6));
    assert!(first["text"]["text"].as_str().is_some_and(|words| words.ends_with("(the fastest)")), "{first}");
    let mut values = json!({
        "prompt": { "prompt": { "value": " And\nnow? " } },
        "with": { "with": { "selected_option": last } },
    });
    let winner = report.order()[0];
    let filled = super::super::follow_up::read(&values);
    assert_eq!((filled.follow_up, &*filled.prompt), (Some(FollowUp::Shared(winner)), "And\nnow?"));
    assert_eq!(super::super::follow_up::problem(&filled), None);
    for (value, block) in [(json!(" "), "prompt"), (json!("x"), "with")] {
        values["prompt"]["prompt"]["value"] = value;
        values["with"]["with"]["selected_option"] = json!({ "value": "lane:x" });
        let problem = super::super::follow_up::problem(&super::super::follow_up::read(&values));
        assert_eq!(problem.map(|(block, _)| block), Some(block));
    }
}

#[test]
fn a_menu_of_too_many_models_keeps_the_ways_for_all() {
    let mut report = finished().record().report;
    let lane = report.lanes[0].clone();
    report.lanes.extend((0..130).map(|n| {
        let card = card(&format!("m{n}"), &format!("Model {n} {}", "x".repeat(90)), "", "", "#010203");
        crate::race::report::LaneReport { card, ..lane.clone() }
    }));
    let view = follow_up_form(&report, &"x".repeat(3_001));
    check::view(&view).expect("Slack takes it");
    let options = view["blocks"][2]["element"]["options"].as_array().expect("options");
    let values: Vec<&str> = options.iter().filter_map(|option| option["value"].as_str()).collect();
    assert_eq!((values.len(), values[98]), (100, "all"));
    assert!(values[99].starts_with("shared:"));
    report.lanes.iter_mut().for_each(|lane| lane.answer.clear());
    assert!(follow_up(&report, "").is_none());
}
