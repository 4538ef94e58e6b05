//! The form behind a bare `/arena`, over both ways.

use super::{ANSWER, LOBBY, NAMED, PROMPT, Setting, Stage, Way};
use crate::support::{
    provider::{Answer, answer},
    slack::{Asked, Method, VAULT},
};

both_ways!(a_form_starts_a_race, a_form_asks_one_model, a_form_filled_in_wrongly, a_form_in_a_closed_place);

fn says(model: &str, words: &str) -> Answer {
    answer(model).role().says(ANSWER).says(words).whole()
}

/// What was chosen under "How many answer?" when the form opened.
async fn chosen(form: &Asked) -> String {
    let state = form.view().await.state;
    state["how"]["how"]["selected_option"]["value"].as_str().expect("a choice").to_owned()
}

/// What is said to be wrong, by input, once the submission is answered.
async fn wrong(stage: &Stage, form: &Asked, values: &[(&str, &str)]) -> Vec<(String, String)> {
    let sent = stage.slack.submits(form, values, NAMED);
    assert_eq!(sent.acknowledged().await.status, 200);
    let view = form.view().await;
    assert!(view.is_open, "the form is gone");
    view.errors.into_iter().collect()
}

async fn a_form_starts_a_race(way: Way) {
    let card = "icon = \"⚡\"\nsize = \"2B\"\nbest_for = \"speed\"";
    let setting = Setting { way, models: &[("a", card), ("b", "")], ..Setting::default() };
    let stage = Stage::open(setting, [says("a", " by a"), says("b", " by b")]).await;
    for line in ["compare", ""] {
        let form = stage.slack.types("/arena", line, NAMED, LOBBY);
        let view = form.view().await;
        let sent = view.sent.to_string();
        for words in ["⚡ A", "2B", "speed", "Compare", "Ask", "Prompt"] {
            assert!(sent.contains(words), "{words:?} in {sent}");
        }
        assert!(form.whispers().is_empty(), "the form is answer enough: {:?}", form.whispers());
        assert_eq!(chosen(&form).await, "compare");
    }
    let form = stage.slack.types("/arena", "", NAMED, LOBBY);
    form.view().await;
    let race = stage.slack.submits(&form, &[("Prompt", &format!("{PROMPT}\nin two lines?"))], NAMED);
    let last = race.ends().await.look.text();
    for words in ["by a", "by b", "in two lines?", NAMED.name] {
        assert!(last.contains(words), "{words:?} in\n{last}");
    }
    assert!(!form.view().await.is_open, "the form stays");
    race.file(".png").await;
    stage.ends().await;
}

async fn a_form_asks_one_model(way: Way) {
    let stage = Stage::open(Setting { way, ..Setting::default() }, [says("b", " by b")]).await;
    let form = stage.slack.types("/arena", " ask ", NAMED, LOBBY);
    assert_eq!(chosen(&form).await, "ask");
    let prompt = format!("{PROMPT}?");
    let race = stage.slack.submits(&form, &[("Models", "b"), ("Prompt", &prompt)], NAMED);
    let last = race.ends().await.look;
    assert!(last.text().contains("by b") && last.button("Ask again").is_some(), "{}", last.text());
    stage.ends().await;
}

/// The form stays, says what is wrong beside the input, and takes what is mended.
async fn a_form_filled_in_wrongly(way: Way) {
    let lines = "[arena]\nmax_prompt_chars = 40\nraces_per_user_per_minute = 1";
    let setting = Setting { way, lines, ..Setting::default() };
    let stage = Stage::open(setting, [says("a", " by a"), says("b", " by b")]).await;
    let form = stage.slack.types("/arena", "ask", NAMED, LOBBY);
    form.view().await;
    let prompt = format!("{PROMPT} why?");
    for (values, block, words) in [
        (&[("Prompt", prompt.as_str())][..], "models", "Choose the model to ask"),
        (&[("Models", "a,b")], "models", "choose a single one"),
        (&[("Models", "a"), ("Prompt", "  \n ")], "prompt", "The prompt is empty"),
        (&[("Prompt", &"Qzprompt".repeat(9))], "prompt", "72 characters; 40 are allowed"),
    ] {
        let errors = wrong(&stage, &form, values).await;
        let [(id, said)] = &errors[..] else { panic!("one error: {errors:?}") };
        assert!(id == block && said.contains(words), "{id}: {said}");
    }
    let calls = stage.slack.world(|world| world.calls.len());
    let mended = [("answer", "compare"), ("Models", ""), ("Prompt", &prompt)];
    let race = stage.slack.submits(&form, &mended, NAMED);
    assert!(race.ends().await.look.text().contains("by b"));
    let posts = stage
        .slack
        .world(|world| world.calls[calls..].iter().filter(|call| call.method == Method::PostMessage).count());
    assert_eq!(posts, 1);
    let again = stage.slack.types("/arena", "", NAMED, LOBBY);
    again.view().await;
    let errors = wrong(&stage, &again, &[("Prompt", &prompt)]).await;
    assert!(errors[0].1.contains("You can start the next one in"), "{errors:?}");
    stage.ends().await;
}

/// The form knows where it was opened, and tells its asker when nothing can be posted there.
async fn a_form_in_a_closed_place(way: Way) {
    let stage = Stage::open(Setting { way, ..Setting::default() }, []).await;
    let prompt = format!("{PROMPT}?");
    let form = stage.slack.types("/arena", "", NAMED, VAULT);
    form.view().await;
    stage.slack.submits(&form, &[("Prompt", &prompt)], NAMED);
    form.told("/invite @LLM Arena").await;
    let form = stage.slack.types("/arena", "", NAMED, LOBBY);
    form.view().await;
    stage.slack.archives(LOBBY);
    stage.slack.submits(&form, &[("Prompt", &prompt)], NAMED);
    form.told("No model was called").await;
    stage.ends().await;
}
