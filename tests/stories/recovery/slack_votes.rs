//! Votes on Slack over two replicas: each takes ballots, and one follows the vote of the other.

use std::net::SocketAddr;

use super::replica_pair::{ReplicaPair, answers};
use crate::support::{
    scenario::slack::{Transport, mode, with_credentials},
    slack::{ANA, BEN, Delivery, FakeSlack, LOBBY, Look, MOD, User},
};

const PROMPT: &str = "why so blue?";
/// Letter by letter, so that there are speeds.
const ANSWER: &str = "Air scatters";

fn is_open(look: &Look) -> bool {
    look.button("Close vote").is_some()
}

async fn votes(slack: &FakeSlack, message: &str, user: User, best: &str) {
    let ballot = slack.press(message, best, user);
    ballot.wait_for_private_text("It's saved").await;
    slack.press(&ballot.ephemerals()[0].ts, "No second", user);
    ballot.wait_for_private_text("until the vote closes").await;
}

#[tokio::test]
async fn any_replica_takes_ballots_and_closes_a_vote() {
    let slack = FakeSlack::open().await;
    let knows = |program| with_credentials(program, &slack, Transport::Http);
    let Some(pair) = ReplicaPair::open(answers(1, ANSWER), mode(Transport::Http), knows).await else {
        return;
    };
    let at = |address: SocketAddr| slack.deliver_by(Delivery::Http(address));
    let [first, second] = pair.addresses();
    at(first);
    let race = slack.type_command("/arena", &format!("blind {PROMPT}"), ANA, LOBBY);
    race.wait_until(is_open).await;
    let message = race.wait_for_message().await;
    votes(&slack, &message, BEN, "A").await;
    at(second);
    votes(&slack, &message, MOD, "A").await;
    race.wait_for_text("2 people have voted").await;
    let page = slack.choose(&message, "Answer B", MOD).wait_for_private_text(ANSWER).await.look.text();
    assert!(page.starts_with("Answer B"), "{page}");
    slack.press(&message, "Full answers", MOD);
    let full = race.wait_for_reply("Full answers of race").await.text();
    assert!(full.contains("names hidden") && full.matches(ANSWER).count() == 2, "{full}");
    let stranger = slack.press(&message, "Close vote", BEN);
    stranger.wait_for_private_text("Only the person who asked").await;
    slack.press(&message, "Close vote", ANA);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("was picked best: 2 of 2 votes"), "{last}");
    race.wait_for_file(".png").await;
    pair.wait_until_idle().await;
    slack.press(&message, "Full answers", MOD);
    race.wait_for_reply(", total ").await;
    assert_eq!(pair.finish().await.exchanges.len(), 2);
    slack.assert_clean();
}

#[tokio::test]
async fn another_replica_follows_the_vote_of_one_that_died() {
    let slack = FakeSlack::open().await;
    let knows = |program| with_credentials(program, &slack, Transport::Http);
    let Some(pair) = ReplicaPair::open(answers(1, ANSWER), mode(Transport::Http), knows).await else {
        return;
    };
    let [first, second] = pair.addresses();
    slack.deliver_by(Delivery::Http(first));
    let race = slack.type_command("/arena", &format!("blind {PROMPT}"), ANA, LOBBY);
    race.wait_until(is_open).await;
    let message = race.wait_for_message().await;
    votes(&slack, &message, BEN, "B").await;
    race.wait_for_text("1 person has voted").await;
    let pair = pair.kill_first().await;
    slack.deliver_by(Delivery::Http(second));
    votes(&slack, &message, MOD, "B").await;
    race.wait_for_text("2 people have voted").await;
    slack.press(&message, "Close vote", ANA);
    let last = race.wait_for_end().await.look.text();
    assert!(last.contains("was picked best: 2 of 2 votes"), "{last}");
    race.wait_for_file(".png").await;
    assert_eq!(pair.finish().await.exchanges.len(), 2);
    slack.assert_clean();
}
