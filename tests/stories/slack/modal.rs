//! The form behind a bare `/arena`, over both ways.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, Transport};
use crate::support::{
    provider::{Answer, answer},
    slack::{Method, UserRequest, VAULT},
};

on_both_transports!(
    a_form_starts_a_race,
    a_form_asks_one_model,
    a_form_filled_in_wrongly,
    a_form_in_a_closed_place
);

fn says(model: &str, words: &str) -> Answer {
    answer(model)
        .role()
        .says(ANSWER)
        .says(words)
        .streams(&[" And", " on", " it", " goes", " for", " some", " more", " words", " or", " so"])
        .whole()
}

/// Returns the choice under "How many answer?" when the form opened.
async fn chosen(form: &UserRequest) -> String {
    let state = form.wait_for_view().await.state;
    state["how"]["how"]["selected_option"]["value"].as_str().expect("a choice").to_owned()
}

/// Returns the errors by input after the submission.
async fn wrong(
    scenario: &SlackScenario,
    form: &UserRequest,
    values: &[(&str, &str)],
) -> Vec<(String, String)> {
    let sent = scenario.slack.submit(form, values, NAMED);
    assert_eq!(sent.wait_for_ack().await.status, 200);
    let view = form.wait_for_view().await;
    assert!(view.is_open, "the form is gone");
    view.errors.into_iter().collect()
}

async fn a_form_starts_a_race(transport: Transport) {
    let card = "icon = \"⚡\"\nsize = \"2B\"\nbest_for = \"speed\"";
    let setup = Setup { transport, models: &[("a", card), ("b", "")], ..Setup::default() };
    let scenario = SlackScenario::start(setup, [says("a", " by a"), says("b", " by b")]).await;
    for line in ["compare", ""] {
        let form = scenario.slack.type_command("/arena", line, NAMED, LOBBY);
        let view = form.wait_for_view().await;
        let sent = view.sent.to_string();
        for words in ["⚡ A", "2B", "speed", "Compare", "Ask", "Prompt"] {
            assert!(sent.contains(words), "{words:?} in {sent}");
        }
        assert!(form.ephemerals().is_empty(), "the form is answer enough: {:?}", form.ephemerals());
        assert_eq!(chosen(&form).await, "compare");
    }
    let form = scenario.slack.type_command("/arena", "", NAMED, LOBBY);
    form.wait_for_view().await;
    let race = scenario.slack.submit(&form, &[("Prompt", &format!("{PROMPT}\nin two lines?"))], NAMED);
    let last = race.wait_for_end().await.look.text();
    race.wait_for_text("in two lines?").await;
    for words in ["by a", "by b", NAMED.name] {
        assert!(last.contains(words), "{words:?} in\n{last}");
    }
    assert!(!form.wait_for_view().await.is_open, "the form stays");
    race.wait_for_file(".png").await;
    scenario.finish().await;
}

async fn a_form_asks_one_model(transport: Transport) {
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, [says("b", " by b")]).await;
    let form = scenario.slack.type_command("/arena", " ask ", NAMED, LOBBY);
    assert_eq!(chosen(&form).await, "ask");
    let prompt = format!("{PROMPT}?");
    let race = scenario.slack.submit(&form, &[("Models", "b"), ("Prompt", &prompt)], NAMED);
    let last = race.wait_for_end().await.look;
    assert!(last.text().contains("by b") && last.button("Ask again").is_some(), "{}", last.text());
    scenario.finish().await;
}

/// The form stays open, shows the error beside the input, and accepts the correction.
async fn a_form_filled_in_wrongly(transport: Transport) {
    let lines = "[arena]\nmax_prompt_chars = 40\nraces_per_user_per_minute = 1";
    let setup = Setup { transport, lines, ..Setup::default() };
    let scenario = SlackScenario::start(setup, [says("a", " by a"), says("b", " by b")]).await;
    let form = scenario.slack.type_command("/arena", "ask", NAMED, LOBBY);
    form.wait_for_view().await;
    let prompt = format!("{PROMPT} why?");
    for (values, block, words) in [
        (&[("Prompt", prompt.as_str())][..], "models", "Choose the model to ask"),
        (&[("Models", "a,b")], "models", "choose a single one"),
        (&[("Models", "a"), ("Prompt", "  \n ")], "prompt", "The prompt is empty"),
        (&[("Prompt", &"Qzprompt".repeat(9))], "prompt", "72 characters; the limit is 40"),
    ] {
        let errors = wrong(&scenario, &form, values).await;
        let [(id, said)] = &errors[..] else { panic!("one error: {errors:?}") };
        assert!(id == block && said.contains(words), "{id}: {said}");
    }
    let calls = scenario.slack.world(|world| world.calls.len());
    let mended = [("answer", "compare"), ("Models", ""), ("Prompt", &prompt)];
    let race = scenario.slack.submit(&form, &mended, NAMED);
    assert!(race.wait_for_end().await.look.text().contains("by b"));
    let posts = scenario
        .slack
        .world(|world| world.calls[calls..].iter().filter(|call| call.method == Method::PostMessage).count());
    assert_eq!(posts, 1);
    let again = scenario.slack.type_command("/arena", "", NAMED, LOBBY);
    again.wait_for_view().await;
    let errors = wrong(&scenario, &again, &[("Prompt", &prompt)]).await;
    assert!(errors[0].1.contains("You can start the next one in"), "{errors:?}");
    scenario.finish().await;
}

/// The form knows where it was opened, and tells its asker when the race cannot be posted there.
async fn a_form_in_a_closed_place(transport: Transport) {
    let scenario = SlackScenario::start(Setup { transport, ..Setup::default() }, []).await;
    let prompt = format!("{PROMPT}?");
    let form = scenario.slack.type_command("/arena", "", NAMED, VAULT);
    form.wait_for_view().await;
    scenario.slack.submit(&form, &[("Prompt", &prompt)], NAMED);
    form.wait_for_private_text("/invite @LLM Arena").await;
    let form = scenario.slack.type_command("/arena", "", NAMED, LOBBY);
    form.wait_for_view().await;
    scenario.slack.archive(LOBBY);
    scenario.slack.submit(&form, &[("Prompt", &prompt)], NAMED);
    form.wait_for_private_text("No model was called").await;
    scenario.finish().await;
}
