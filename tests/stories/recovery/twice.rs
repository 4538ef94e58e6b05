//! One and the same thing is posted to two replicas at once: one of them does all, and the other one does nothing.

use std::collections::HashSet;

use super::replica_pair::{DUPLICATES, FINISHED, ReplicaPair, answers, assert_each_ran_once};
use crate::support::{
    crowd::prompt,
    discord::{self, ChannelKind, FakeDiscord, Route},
    scenario::{
        discord::{self as on_discord, Transport as DiscordTransport},
        slack::{self as on_slack, Transport as SlackTransport},
    },
    slack::{self, CLUB, FakeSlack, LOBBY, Method},
};

/// Races at once on Discord.
const RACES: usize = 8;
const ANSWER: &str = "Air scatters";

#[tokio::test]
async fn what_discord_posts_to_both_runs_once() {
    let discord = FakeDiscord::open().await;
    let knows = |program| on_discord::with_credentials(program, &discord, DiscordTransport::Http);
    let lines = on_discord::mode(DiscordTransport::Http);
    let Some(pair) = ReplicaPair::open(answers(RACES, ANSWER), lines, knows).await else { return };
    discord.deliver_by(discord::Delivery::Twice(pair.addresses()));
    let types = |race| {
        discord.type_command(
            "/arena compare",
            &[("prompt", &prompt(race))],
            discord::ANA,
            ChannelKind::Server,
        )
    };
    let requests: Vec<_> = (0..RACES).map(types).collect();
    for request in &requests {
        request.wait_until(|look| look.attachment("race.png").is_some()).await;
    }
    let lost = pair.wait_for_counter(DUPLICATES, RACES).await;
    println!(
        "Discord: {RACES} races, run by each {:?}, left to the other one {lost:?}",
        pair.counters(FINISHED).await
    );
    assert_each_ran_once(&pair.finish().await, RACES);
    for (race, request) in requests.iter().enumerate() {
        is_one_message(request, &prompt(race));
    }
    let tried =
        discord.world(|world| world.calls.iter().filter(|call| call.route == Route::Callback).count());
    assert_eq!((tried, lost.iter().sum::<u64>()), (RACES, RACES as u64), "both answered");
    assert_eq!(discord.world(|world| world.messages.len()), RACES);
    discord.assert_clean();
}

/// Checks for one last frame, to which one chart was added.
fn is_one_message(request: &discord::UserRequest, prompt: &str) {
    let over = |look: &&discord::Look| !look.is_loading() && look.button("Stop").is_none();
    let looks: Vec<_> = request.revisions().into_iter().map(|revision| revision.look).collect();
    let (with_chart, without): (Vec<_>, Vec<_>) =
        looks.iter().filter(over).partition(|look| !look.attachments.is_empty());
    assert_eq!((without.len(), with_chart.len()), (1, 1), "last frames without and with a chart: {looks:#?}");
    let last = request.current().text();
    assert!(last.contains(prompt) && last.matches(ANSWER).count() == 2, "{last}");
    let charts: HashSet<_> = looks.iter().flat_map(|look| &look.attachments).map(|file| file.id).collect();
    assert_eq!(charts.len(), 1);
}

/// A command and a mention. More would take long: a replica that has just started has no budget of edits.
#[tokio::test]
async fn what_slack_posts_to_both_runs_once() {
    let slack = FakeSlack::open().await;
    let knows = |program| on_slack::with_credentials(program, &slack, SlackTransport::Http);
    let places = [LOBBY, CLUB];
    let lines = on_slack::mode(SlackTransport::Http);
    let answers = answers(places.len(), ANSWER);
    let Some(pair) = ReplicaPair::open(answers, lines, knows).await else { return };
    slack.deliver_by(slack::Delivery::Twice(pair.addresses()));
    let asks = |(race, place): (usize, &&str)| {
        let line = format!("compare {}", prompt(race));
        match *place {
            LOBBY => slack.type_command("/arena", &line, slack::ANA, place),
            place => slack.mention(&line, slack::ANA, place, None),
        }
    };
    let requests: Vec<_> = places.iter().enumerate().map(asks).collect();
    for request in &requests {
        request.wait_for_file(".png").await;
    }
    let races = places.len();
    let lost = pair.wait_for_counter(DUPLICATES, races).await;
    println!(
        "Slack: {races} races, run by each {:?}, left to the other one {lost:?}",
        pair.counters(FINISHED).await
    );
    assert_each_ran_once(&pair.finish().await, races);
    for (race, (request, place)) in requests.iter().zip(places).enumerate() {
        is_one_race(&slack, request, place, &prompt(race));
    }
    let posts = |method| slack.world(|world| world.calls.iter().filter(|call| call.method == method).count());
    assert_eq!((posts(Method::PostMessage), posts(Method::CompleteUpload)), (races, races), "both posted");
    assert_eq!((posts(Method::Respond), posts(Method::PostEphemeral)), (0, 0), "one said something");
    assert_eq!(lost.iter().sum::<u64>(), races as u64);
    slack.assert_clean();
}

/// Checks for one message and its picture in this channel; both replicas acknowledged the command without words.
fn is_one_race(slack: &FakeSlack, request: &slack::UserRequest, place: &str, prompt: &str) {
    let acks = request.action().acks;
    assert!(acks.len() == 2 && acks.iter().all(|ack| ack.payload.is_none()), "{acks:?}");
    assert!(request.ephemerals().is_empty(), "{:?}", request.ephemerals());
    let last = request.current();
    assert!(last.is_over() && last.text().contains(prompt), "{}", last.text());
    assert_eq!(last.text().matches(ANSWER).count(), 2, "{}", last.text());
    let over = request.revisions().iter().filter(|revision| revision.look.is_over()).count();
    assert_eq!(over, 1, "last frames");
    let files = |pictures| {
        slack.world(|world| world.public(place).filter(|said| said.files.len() == pictures).count())
    };
    assert_eq!((files(0), files(1)), (1, 1), "messages and pictures");
}
