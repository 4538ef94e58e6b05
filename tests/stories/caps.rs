//! What a team may bound and what a person may ask to be forgotten: budgets, requests under way, who and where; each
//! refusal is private and kind, and no model is called.

use super::{
    discord::stage::{Setting, Stage},
    slack::stage::{Setting as OnSlack, Stage as SlackStage},
};
use crate::support::{
    discord::{ANA, BEN, Place},
    provider::{Gate, answer},
    slack::{self, FakeSlack, LOBBY, Method, TOWN},
};

const WHY: &[(&str, &str)] = &[("prompt", "why?")];

fn capped<'a>(lines: &'a str, models: &'a [(&'a str, &'a str)]) -> Setting<'a> {
    Setting { models, lines, ..Setting::default() }
}

/// The words of a private answer.
async fn refusal(stage: &Stage) -> String {
    let asked = stage.discord.types("/arena compare", WHY, ANA, Place::Server);
    let said = asked.acknowledged().await;
    assert!(said.private, "a refusal is for the asker alone");
    asked.until(|look| !look.text().is_empty()).await.look.text()
}

#[tokio::test]
async fn a_budget_is_a_hard_stop_and_what_was_not_spent_comes_back() {
    // a token costs a cent: 100 of them are the most that one answer may cost
    let lines =
        "[arena]\nraces_per_user_per_minute = 60\nmax_output_tokens = 100\n[budget]\nuser_day_usd = 1.50";
    let models = [("a", "price_out = 10000")];
    let gate = Gate::default();
    let first = answer("a").role().says("Air ").waits_for(&gate).says("scatters").whole();
    let stage = Stage::open(capped(lines, &models), [first, answer("a").role().says("Again").whole()]).await;
    let asked = stage.discord.types("/arena compare", WHY, ANA, Place::Server);
    asked.shows("Air").await;
    let said = refusal(&stage).await;
    assert!(said.contains("$1.50 for you") && said.contains("00:00 UTC, in "), "{said}");
    gate.open();
    let last = asked.ends().await.look.text();
    assert!(last.contains("$0.02"), "two tokens at a cent each:\n{last}");
    let again = stage.discord.types("/arena compare", WHY, ANA, Place::Server);
    let last = again.ends().await.look.text();
    assert!(last.contains("Again"), "what was held and not spent came back:\n{last}");
    assert_eq!(stage.provider.truth().exchanges.len(), 2, "a refused race calls no model");
    stage.ends().await;
}

#[tokio::test]
async fn a_provider_is_asked_so_often_at_once() {
    let gate = Gate::default();
    let lines = "[arena]\nraces_per_user_per_minute = 60\nraces_per_user = 1";
    let models = [("a", "")];
    let stage = Stage::open(
        capped(lines, &models),
        [answer("a").role().says("Air").waits_for(&gate).whole(), answer("a").role().says("Again").whole()],
    )
    .await;
    let asked = stage.discord.types("/arena compare", WHY, ANA, Place::Server);
    asked.shows("Air").await;
    let said = refusal(&stage).await;
    assert!(said.contains("You already have 1 running"), "{said}");
    gate.open();
    asked.ends().await;
    let other = stage.discord.types("/arena compare", WHY, BEN, Place::Server);
    assert!(other.ends().await.look.text().contains("Again"));
    stage.ends().await;
}

#[tokio::test]
async fn a_race_has_so_many_lanes() {
    let stage = Stage::open(capped("[arena]\nlanes_per_race = 1", &[("a", ""), ("b", "")]), []).await;
    let said = refusal(&stage).await;
    assert!(said.contains("At most 1 models") && said.contains("models="), "{said}");
    stage.ends().await;
}

#[tokio::test]
async fn it_is_open_where_and_to_whom_the_operator_says() {
    let server = format!("[access]\ndiscord_servers = [\"{}\"]", crate::support::discord::GUILD);
    let stage = Stage::open(capped(&server, &[("a", "")]), [answer("a").role().says("Air").whole()]).await;
    let asked = stage.discord.types("/arena compare", WHY, ANA, Place::Dm);
    let said = asked.until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("isn't open in this server"), "{said}");
    let asked = stage.discord.types("/arena compare", WHY, ANA, Place::Server);
    assert!(asked.ends().await.look.text().contains("Air"));
    stage.ends().await;

    let town = format!("[access]\nslack_channels = [\"{TOWN}\"]");
    let setting = OnSlack { models: &[("a", "")], lines: &town, ..OnSlack::default() };
    let stage = SlackStage::open(setting, []).await;
    let asked = stage.slack.types("/arena", "compare why?", slack::ANA, LOBBY);
    asked.told("isn't open in this channel").await;
    stage.ends().await;
}

/// Who is in a user group is asked for once. The scope for that is not in the manifest: it is for those who name groups.
#[tokio::test]
async fn a_user_group_has_its_members() {
    let lines = "[access]\nslack_groups = [\"S1\"]";
    let setting = OnSlack { models: &[("a", "")], lines, ..OnSlack::default() };
    let slack = FakeSlack::open().await;
    slack.world(|world| {
        world.groups.insert("S1".into(), vec![slack::BEN.id]);
        world.manifest.scopes.push("usergroups:read".into());
    });
    let answers = ["Air", "Again"].map(|says| answer("a").role().says(says).whole());
    let stage = SlackStage::open_with(slack, setting, answers).await;
    stage
        .slack
        .types("/arena", "compare who?", slack::ANA, LOBBY)
        .told("isn't open to your user groups")
        .await;
    for says in ["Air", "Again"] {
        let asked = stage.slack.types("/arena", &format!("compare {says}?"), slack::BEN, LOBBY);
        assert!(asked.ends().await.look.text().contains(says));
    }
    let asked = stage
        .slack
        .world(|world| world.calls.iter().filter(|call| call.method == Method::GroupMembers).count());
    assert_eq!(asked, 1, "and believed for a while");
    stage.ends().await;
}

#[tokio::test]
async fn what_somebody_asked_is_forgotten_when_they_say_so() {
    let stage = Stage::open(capped("", &[("a", "")]), [answer("a").role().says("Air").whole()]).await;
    let asked = stage.discord.types("/arena compare", WHY, ANA, Place::Server);
    asked.ends().await;
    let message = asked.message().await;
    let forgets = |user| {
        let asked = stage.discord.types("/arena forget", &[], user, Place::Server);
        async move { asked.until(|look| !look.text().is_empty()).await.look.text() }
    };
    assert!(forgets(BEN).await.contains("Nothing of yours"));
    // the last word on a race is written down while its chart is drawn
    let said = loop {
        let said = forgets(ANA).await;
        if !said.contains("Nothing of yours") {
            break said;
        }
    };
    assert!(said.contains("1 of your races"), "{said}");
    let pressed = stage.discord.presses(message, "Full answers", ANA);
    let said = pressed.until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("expired"), "{said}");
    stage.ends().await;
}
