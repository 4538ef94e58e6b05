//! Content that Slack refuses: the text remains, and nothing is retried in vain.

use super::{
    ANSWER, LOBBY, NAMED, PROMPT, Setup, SlackScenario, assert_ends_with_chart,
    common::{calls, file_count, picture_count, wait_for_faults},
    gated_race, single_model, start_race,
};
use crate::support::{
    provider::{Answer, Gate, answer},
    slack::{ANA, FakeSlack, Fault, Method, UserRequest, referee::Takes},
};

#[tokio::test]
async fn a_picture_that_is_refused_leaves_the_text() {
    let cases = [
        (Method::GetUploadUrl, "file_uploads_disabled"),
        (Method::CompleteUpload, "restricted_action"),
        (Method::CompleteUpload, "file_not_found"),
    ];
    let gates = cases.map(|_| Gate::default());
    let mut scenario = SlackScenario::start(Setup::default(), gates.iter().flat_map(gated_race)).await;
    for ((method, code), gate) in cases.into_iter().zip(&gates) {
        let request = start_race(&scenario, LOBBY).await;
        let before = calls(&scenario, method);
        scenario.slack.refuse_next(method, code);
        gate.open();
        wait_for_faults(&scenario).await;
        let last = request.wait_for_end().await.look;
        assert!(last.text().contains("begins and ends") && last.button("Full answers").is_some());
        assert_eq!((calls(&scenario, method), picture_count(&request)), (before + 1, 0), "{code}");
        request.wait_for_private_text("confirm the picture of the chart").await;
    }
    scenario.service.wait_for_log("failed to attach the chart").await;
    let log = scenario.finish().await;
    assert_eq!(log.iter().filter(|line| line.contains("failed to attach the chart")).count(), 3);
}

#[tokio::test]
async fn a_frame_that_is_too_long_for_slack_is_shown_without_its_answers() {
    let gates = [Gate::default(), Gate::default()];
    let scenario = SlackScenario::start(Setup::default(), gates.iter().flat_map(gated_race)).await;
    // in mid-race
    let request = start_race(&scenario, LOBBY).await;
    scenario.slack.refuse_next(Method::Update, "msg_blocks_too_long");
    wait_for_faults(&scenario).await;
    gates[0].open();
    assert_ends_with_chart(&request).await;
    // at the end
    let request = start_race(&scenario, LOBBY).await;
    // without containers, without Slack's own chart, without both
    for _ in 0..4 {
        scenario.slack.fail_final_edit(Fault::Refused("msg_blocks_too_long"));
    }
    gates[1].open();
    let last = request.wait_for_end().await.look;
    assert!(!last.text().contains("begins") && last.button("Full answers").is_some(), "{}", last.text());
    request.wait_for_file(".png").await;
    scenario.service.signal("TERM").await;
    let log = scenario.exited(0).await;
    assert_eq!(log.iter().filter(|line| line.contains("Slack refused a message of ours")).count(), 5);
}

/// One that passes is not the end of the message; one that does not pass spares the calls, and the last frame is tried.
#[tokio::test]
async fn a_refusal_that_nobody_knows_does_not_keep_a_message_from_its_end() {
    let gates = [Gate::default(), Gate::default(), Gate::default()];
    let scenario = SlackScenario::start(Setup::default(), gates.iter().flat_map(gated_race)).await;
    for (gate, (trouble, times)) in
        gates.iter().zip([("team_added_to_org", 1), ("http", 1), ("of_tomorrow", 3)])
    {
        let request = start_race(&scenario, LOBBY).await;
        let before = scenario.slack.world(|world| world.calls.len());
        for _ in 0..times {
            match trouble {
                "http" => scenario.slack.fail_next(Method::Update, 403),
                code => scenario.slack.refuse_next(Method::Update, code),
            }
        }
        wait_for_faults(&scenario).await;
        scenario.slack.fail_final_edit(if trouble == "http" {
            Fault::Status(401)
        } else {
            Fault::Refused(trouble)
        });
        gate.open();
        assert_ends_with_chart(&request).await;
        wait_for_faults(&scenario).await;
        let calls = scenario.slack.world(|world| world.calls[before..].to_vec());
        let refused = calls.iter().filter(|call| call.method == Method::Update && call.faulty).count();
        assert_eq!(refused, times + 1, "{trouble}: {calls:#?}");
    }
    scenario.finish().await;
}

/// Two models with speeds: what Slack's own chart needs.
fn both() -> [Answer; 2] {
    ["a", "b"].map(|model| {
        let words = [ANSWER, "begins", " and", " on", " it", " goes", " until", " it", " ends"];
        answer(model).role().streams(&words).whole()
    })
}

async fn a_race_of_two(scenario: &SlackScenario) -> UserRequest {
    let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    request.wait_for_file(".png").await;
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("begins and on it goes"), "{}", last.text());
    request
}

/// The first message learns which blocks a workspace takes, at the price of one refusal; the others remember it.
#[tokio::test]
async fn charts_and_containers_are_tried_once_where_they_are_not_known() {
    for (charts, containers) in [(true, true), (true, false), (false, true), (false, false)] {
        let refused = usize::from(!(charts && containers));
        let slack = FakeSlack::open().await;
        slack.world(|world| world.takes = Takes { charts, containers, tables: true });
        let answers = (0..3).flat_map(|_| both());
        let scenario = SlackScenario::start_with(slack, Setup::default(), answers).await;
        for _ in 0..3 {
            let last = a_race_of_two(&scenario).await.current();
            assert_eq!(
                (last.chart().is_some(), last.containers().len()),
                (charts, 2 * usize::from(containers))
            );
            let count = scenario
                .slack
                .world(|world| world.calls.iter().filter(|call| call.code == "invalid_blocks").count());
            assert_eq!(count, refused, "charts: {charts}, containers: {containers}");
        }
        scenario.service.signal("TERM").await;
        scenario.exited(0).await;
    }
}

/// A message that was too long does not affect others.
#[tokio::test]
async fn a_last_frame_that_is_too_long_gives_up_its_containers_only() {
    let scenario = SlackScenario::start(Setup::default(), both().into_iter().chain(both())).await;
    scenario.slack.fail_final_edit(Fault::Refused("msg_blocks_too_long"));
    for containers in [0, 2] {
        let last = a_race_of_two(&scenario).await.current();
        assert_eq!((last.chart().is_some(), last.containers().len()), (true, containers));
    }
    scenario.service.signal("TERM").await;
    scenario.exited(0).await;
}

/// Some 15,000 characters with all that is hard to cut or to escape.
fn long(mark: &str) -> String {
    let part = format!(
        "## {mark} ⚔️ 👩🏽‍💻 part\n\n語り得ぬものについては、沈黙せねばならない。 <!channel> <@U0ANA> *bold* _it_ ~no~ `x`\n\n\
         | a | b |\n| - | - |\n| 1 | 漢字 & <b> |\n\n````rust\nfn main() {{ println!(\"```\"); }}\n````\n\n\
         $x^2$ [a](https://example.com) 🏳️‍🌈🇩🇪 ---\n\n"
    );
    let mut text = format!("{ANSWER} ");
    while text.chars().count() < 15_000 {
        text.push_str(&part);
    }
    text.trim_end().to_owned()
}

#[tokio::test]
async fn long_answers_are_whole_in_the_thread_byte_for_byte() {
    let texts = ["a", "b"].map(long);
    let answers = ["a", "b"].iter().zip(&texts).map(|(model, text)| {
        let letters: Vec<char> = text.chars().collect();
        let tokens: Vec<String> = letters.chunks(7).map(|token| token.iter().collect()).collect();
        tokens.chunks(100).fold(answer(model).role(), Answer::says_tokens).whole()
    });
    let scenario = SlackScenario::start(Setup::default(), answers.collect::<Vec<_>>()).await;
    let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    let last = request.wait_for_end().await.look;
    assert!(last.text().contains("Read the rest with the menu below"), "{}", last.text());
    scenario.slack.press(&request.wait_for_message().await, "Full answers", ANA);
    let file = request.wait_for_file(".md").await;
    let text = String::from_utf8(file.bytes).expect("UTF-8");
    for answer in &texts {
        assert!(text.contains(answer.as_str()), "an answer is not whole");
    }
    assert!(request.wait_for_reply("The full answer is in the file").await.text().contains("⚔️"));
    scenario.finish().await;
}

/// Answers that fit into messages are posted whole, without a file.
#[tokio::test]
async fn answers_that_fit_are_whole_in_messages() {
    let text = format!("{ANSWER}\n\n{}the end 🏁", "a line of an answer, 漢字\n\n".repeat(120));
    let scenario = SlackScenario::start(single_model(""), [answer("a").role().says(&text).whole()]).await;
    let request = scenario.slack.type_command("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    request.wait_for_end().await;
    scenario.slack.press(&request.wait_for_message().await, "Full answers", ANA);
    let message = request.wait_for_reply("the end 🏁").await.text();
    assert_eq!(message.matches("a line of an answer, 漢字").count(), 120, "{message}");
    assert_eq!(file_count(&request, ".md"), 0);
    scenario.finish().await;
}
