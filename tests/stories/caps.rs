//! Budgets, concurrent requests, permissions and deletion of a user's data. Each refusal is private and polite, and calls
//! no model.

use crate::support::{
    discord::{ANA, BEN, ChannelKind},
    provider::{Gate, answer},
    scenario::{
        discord::{DiscordScenario, Setup},
        slack::{Setup as SlackSetup, SlackScenario},
    },
    slack::{self, FakeSlack, LOBBY, Method, TOWN},
    wait::with_timeout,
};

const WHY: &[(&str, &str)] = &[("prompt", "why?")];

fn capped<'a>(lines: &'a str, models: &'a [(&'a str, &'a str)]) -> Setup<'a> {
    Setup { models, lines, ..Setup::default() }
}

/// The words of a private answer.
async fn refusal(scenario: &DiscordScenario) -> String {
    let request = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    let said = request.wait_for_ack().await;
    assert!(said.private, "a refusal is for the asker alone");
    request.wait_until(|look| !look.text().is_empty()).await.look.text()
}

#[tokio::test]
async fn a_budget_is_a_hard_stop_and_what_was_not_spent_comes_back() {
    // a token costs a cent: 100 of them are the most that one answer may cost
    let lines =
        "[arena]\nraces_per_user_per_minute = 60\nmax_output_tokens = 100\n[budget]\nuser_day_usd = 1.50";
    let models = [("a", "price_out = 10000")];
    let gate = Gate::default();
    let first = answer("a").role().says("Air ").waits_for(&gate).says("scatters").whole();
    let scenario =
        DiscordScenario::start(capped(lines, &models), [first, answer("a").role().says("Again").whole()])
            .await;
    let request = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    request.wait_for_text("Air").await;
    let said = refusal(&scenario).await;
    assert!(said.contains("$1.50 for you") && said.contains("00:00 UTC, in "), "{said}");
    gate.open();
    let last = request.wait_for_end().await.look.text();
    assert!(last.contains("$0.02"), "two tokens at a cent each:\n{last}");
    // the money is settled soon after the final frame
    let again = async {
        loop {
            let again = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
            let last = again.wait_for_end().await.look.text();
            if !last.contains("doesn't cover") {
                return last;
            }
        }
    };
    let last = with_timeout(again).await;
    assert!(last.contains("Again"), "what was held and not spent came back:\n{last}");
    assert_eq!(scenario.provider.truth().exchanges.len(), 2, "a refused race calls no model");
    scenario.finish().await;
}

#[tokio::test]
async fn a_provider_is_asked_so_often_at_once() {
    let gate = Gate::default();
    let lines = "[arena]\nraces_per_user_per_minute = 60\nraces_per_user = 1";
    let models = [("a", "")];
    let scenario = DiscordScenario::start(
        capped(lines, &models),
        [answer("a").role().says("Air").waits_for(&gate).whole(), answer("a").role().says("Again").whole()],
    )
    .await;
    let request = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    request.wait_for_text("Air").await;
    let said = refusal(&scenario).await;
    assert!(said.contains("You already have 1 running"), "{said}");
    gate.open();
    request.wait_for_end().await;
    let other = scenario.discord.type_command("/arena compare", WHY, BEN, ChannelKind::Server);
    assert!(other.wait_for_end().await.look.text().contains("Again"));
    scenario.finish().await;
}

#[tokio::test]
async fn a_race_has_so_many_lanes() {
    let scenario =
        DiscordScenario::start(capped("[arena]\nlanes_per_race = 1", &[("a", ""), ("b", "")]), []).await;
    let said = refusal(&scenario).await;
    assert!(said.contains("At most 1 models") && said.contains("models="), "{said}");
    scenario.finish().await;
}

#[tokio::test]
async fn it_is_open_where_and_to_whom_the_operator_says() {
    let server = format!("[access]\ndiscord_servers = [\"{}\"]", crate::support::discord::GUILD);
    let scenario =
        DiscordScenario::start(capped(&server, &[("a", "")]), [answer("a").role().says("Air").whole()]).await;
    let request = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Dm);
    let said = request.wait_until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("isn't open in this server"), "{said}");
    let request = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    assert!(request.wait_for_end().await.look.text().contains("Air"));
    scenario.finish().await;

    let town = format!("[access]\nslack_channels = [\"{TOWN}\"]");
    let setup = SlackSetup { models: &[("a", "")], lines: &town, ..SlackSetup::default() };
    let scenario = SlackScenario::start(setup, []).await;
    let request = scenario.slack.type_command("/arena", "compare why?", slack::ANA, LOBBY);
    request.wait_for_private_text("isn't open in this channel").await;
    scenario.finish().await;
}

/// Members of a user group are requested once. The scope is not in the manifest, since only teams with groups need it.
#[tokio::test]
async fn a_user_group_has_its_members() {
    let lines = "[access]\nslack_groups = [\"S1\"]";
    let setup = SlackSetup { models: &[("a", "")], lines, ..SlackSetup::default() };
    let slack = FakeSlack::open().await;
    slack.world(|world| {
        world.groups.insert("S1".into(), vec![slack::BEN.id]);
        world.manifest.scopes.push("usergroups:read".into());
    });
    let answers = ["Air", "Again"].map(|says| answer("a").role().says(says).whole());
    let scenario = SlackScenario::start_with(slack, setup, answers).await;
    scenario
        .slack
        .type_command("/arena", "compare who?", slack::ANA, LOBBY)
        .wait_for_private_text("isn't open to your user groups")
        .await;
    for says in ["Air", "Again"] {
        let request = scenario.slack.type_command("/arena", &format!("compare {says}?"), slack::BEN, LOBBY);
        assert!(request.wait_for_end().await.look.text().contains(says));
    }
    let request = scenario
        .slack
        .world(|world| world.calls.iter().filter(|call| call.method == Method::GroupMembers).count());
    assert_eq!(request, 1, "and believed for a while");
    scenario.finish().await;
}

#[tokio::test]
async fn what_somebody_asked_is_forgotten_when_they_say_so() {
    let scenario =
        DiscordScenario::start(capped("", &[("a", "")]), [answer("a").role().says("Air").whole()]).await;
    let request = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    request.wait_for_end().await;
    let message = request.wait_for_message().await;
    let forgets = |user| {
        let request = scenario.discord.type_command("/arena forget", &[], user, ChannelKind::Server);
        async move { request.wait_until(|look| !look.text().is_empty()).await.look.text() }
    };
    assert!(forgets(BEN).await.contains("Nothing of yours"));
    // the final record of a race is stored while its chart is drawn
    let said = loop {
        let said = forgets(ANA).await;
        if !said.contains("Nothing of yours") {
            break said;
        }
    };
    assert!(said.contains("answers from 1 race"), "{said}");
    let pressed = scenario.discord.press(message, "Full answers", ANA);
    let said = pressed.wait_until(|look| !look.text().is_empty()).await.look.text();
    assert!(said.contains("were deleted") && !said.contains("expired"), "{said}");
    scenario.finish().await;
}

/// Pressing Ask again on a race of another user makes a copy of their prompt.
#[tokio::test]
async fn a_copy_of_a_race_is_forgotten_with_it() {
    let answers = ["Air", "Air again"].map(|says| answer("a").role().says(says).whole());
    let scenario = DiscordScenario::start(capped("", &[("a", "")]), answers).await;
    let request = scenario.discord.type_command("/arena compare", WHY, ANA, ChannelKind::Server);
    request.wait_for_end().await;
    let copy = scenario.discord.press(request.wait_for_message().await, "Ask again", BEN);
    assert!(copy.wait_for_end().await.look.text().contains("Air again"));
    let copied = copy.wait_for_message().await;
    loop {
        let said = scenario.discord.type_command("/arena forget", &[], ANA, ChannelKind::Server);
        let said = said.wait_until(|look| !look.text().is_empty()).await.look.text();
        let pressed = scenario.discord.press(copied, "Full answers", BEN);
        let look = pressed.wait_until(|look| !look.text().is_empty()).await.look;
        if look.text().contains("deleted") {
            break;
        }
        // the final record of the copy is stored while its chart is drawn
        assert!(said.contains("race"), "{said}");
    }
    scenario.finish().await;
}
