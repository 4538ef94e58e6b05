//! What Slack does not take: the text stands all the same, and nothing is tried in vain.

use super::{
    ANSWER, LOBBY, NAMED, PROMPT, Setting, Stage, alone, asks, ends_with_chart, halves,
    trouble::{are_met, calls, files, pictures},
};
use crate::support::{
    provider::{Answer, Gate, answer},
    slack::{ANA, Asked, FakeSlack, Fault, Method},
};

#[tokio::test]
async fn a_picture_that_is_refused_leaves_the_text() {
    let cases = [
        (Method::GetUploadUrl, "file_uploads_disabled"),
        (Method::CompleteUpload, "restricted_action"),
        (Method::CompleteUpload, "file_not_found"),
    ];
    let gates = cases.map(|_| Gate::default());
    let mut stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for ((method, code), gate) in cases.into_iter().zip(&gates) {
        let asked = asks(&stage, LOBBY).await;
        let before = calls(&stage, method);
        stage.slack.refuses_next(method, code);
        gate.open();
        are_met(&stage).await;
        let last = asked.ends().await.look;
        assert!(last.text().contains("begins and ends") && last.button("Full answers").is_some());
        assert_eq!((calls(&stage, method), pictures(&asked)), (before + 1, 0), "{code}");
    }
    stage.bot.logs("the chart was not attached").await;
    let log = stage.ends().await;
    assert_eq!(log.iter().filter(|line| line.contains("the chart was not attached")).count(), 3);
}

#[tokio::test]
async fn a_frame_that_is_too_long_for_slack_is_shown_without_its_answers() {
    let gates = [Gate::default(), Gate::default()];
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    // in mid-race
    let asked = asks(&stage, LOBBY).await;
    stage.slack.refuses_next(Method::Update, "msg_blocks_too_long");
    are_met(&stage).await;
    gates[0].open();
    ends_with_chart(&asked).await;
    // at the end
    let asked = asks(&stage, LOBBY).await;
    stage.slack.troubles_final(Fault::Refused("msg_blocks_too_long"));
    gates[1].open();
    let last = asked.ends().await.look;
    assert!(!last.text().contains("begins") && last.button("Full answers").is_some(), "{}", last.text());
    asked.file(".png").await;
    stage.bot.signals("TERM").await;
    let log = stage.closed(0).await;
    assert_eq!(log.iter().filter(|line| line.contains("Slack refused a message of ours")).count(), 2);
}

/// One that passes is not the end of the message; one that does not pass spares the calls, and the last frame is tried.
#[tokio::test]
async fn a_refusal_that_nobody_knows_does_not_keep_a_message_from_its_end() {
    let gates = [Gate::default(), Gate::default(), Gate::default()];
    let stage = Stage::open(alone(""), gates.iter().map(halves)).await;
    for (gate, (trouble, times)) in
        gates.iter().zip([("team_added_to_org", 1), ("http", 1), ("of_tomorrow", 3)])
    {
        let asked = asks(&stage, LOBBY).await;
        let before = stage.slack.world(|world| world.calls.len());
        for _ in 0..times {
            match trouble {
                "http" => stage.slack.fails_next(Method::Update, 403),
                code => stage.slack.refuses_next(Method::Update, code),
            }
        }
        are_met(&stage).await;
        stage.slack.troubles_final(if trouble == "http" {
            Fault::Status(401)
        } else {
            Fault::Refused(trouble)
        });
        gate.open();
        ends_with_chart(&asked).await;
        are_met(&stage).await;
        let calls = stage.slack.world(|world| world.calls[before..].to_vec());
        let refused = calls.iter().filter(|call| call.method == Method::Update && call.faulty).count();
        assert_eq!(refused, times + 1, "{trouble}: {calls:#?}");
    }
    stage.ends().await;
}

/// Two models with speeds: what Slack's own chart needs.
fn both() -> [Answer; 2] {
    ["a", "b"].map(|model| {
        let words = ["begins", " and", " on", " it", " goes", " until", " it", " ends"];
        let begin = answer(model).role().says(ANSWER);
        words.iter().fold(begin, |answer, word| answer.says(word).comments("word")).whole()
    })
}

async fn a_race_of_two(stage: &Stage) -> Asked {
    let asked = stage.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    asked.file(".png").await;
    let last = asked.ends().await.look;
    assert!(last.text().contains("begins and on it goes"), "{}", last.text());
    asked
}

#[tokio::test]
async fn slacks_own_chart_is_tried_once_where_it_is_not_known() {
    let slack = FakeSlack::open().await;
    let stage = Stage::open_with(slack, Setting::default(), both()).await;
    let with = a_race_of_two(&stage).await;
    assert!(with.now().chart().is_some(), "{}", with.now().text());
    stage.ends().await;

    let slack = FakeSlack::open().await;
    slack.world(|world| world.native_charts = false);
    let stage = Stage::open_with(slack, Setting::default(), both().into_iter().chain(both())).await;
    for _ in 0..2 {
        assert!(a_race_of_two(&stage).await.now().chart().is_none());
    }
    let refused =
        stage.slack.world(|world| world.calls.iter().filter(|c| c.code == "invalid_blocks").count());
    assert_eq!(refused, 1);
    stage.bot.signals("TERM").await;
    stage.closed(0).await;
}

/// One message that was too long says nothing of others.
#[tokio::test]
async fn a_last_frame_that_is_too_long_gives_up_its_own_chart_only() {
    let stage = Stage::open(Setting::default(), both().into_iter().chain(both())).await;
    stage.slack.troubles_final(Fault::Refused("msg_blocks_too_long"));
    assert!(a_race_of_two(&stage).await.now().chart().is_none());
    assert!(a_race_of_two(&stage).await.now().chart().is_some());
    stage.bot.signals("TERM").await;
    stage.closed(0).await;
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
    let stage = Stage::open(Setting::default(), answers.collect::<Vec<_>>()).await;
    let asked = stage.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    let last = asked.ends().await.look;
    assert!(last.text().contains("see Full answers"), "{}", last.text());
    asked.file(".png").await;
    stage.slack.presses(&asked.message().await, "Full answers", ANA);
    let file = asked.file(".md").await;
    let text = String::from_utf8(file.bytes).expect("UTF-8");
    for answer in &texts {
        assert!(text.contains(answer.as_str()), "an answer is not whole");
    }
    assert!(asked.adds("The full answer is in the file").await.text().contains("⚔️"));
    stage.ends().await;
}

/// What fits into messages stands there whole, without a file.
#[tokio::test]
async fn answers_that_fit_are_whole_in_messages() {
    let text = format!("{ANSWER}\n\n{}the end 🏁", "a line of an answer, 漢字\n\n".repeat(120));
    let stage = Stage::open(alone(""), [answer("a").role().says(&text).whole()]).await;
    let asked = stage.slack.types("/arena", &format!("compare {PROMPT}?"), NAMED, LOBBY);
    asked.ends().await;
    asked.file(".png").await;
    stage.slack.presses(&asked.message().await, "Full answers", ANA);
    let message = asked.adds("the end 🏁").await.text();
    assert_eq!(message.matches("a line of an answer, 漢字").count(), 120, "{message}");
    assert_eq!(files(&asked, ".md"), 0);
    stage.ends().await;
}
