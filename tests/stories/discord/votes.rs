//! Blind races: from the command to the result, with nothing about the models before the vote is closed.

use super::{DiscordScenario, Setup, Transport, eventually, letters};
use crate::{
    stories::{TestService, recovery::TestStore, recovery::replica_pair::ReplicaPair},
    support::{
        discord::{
            ALL_ANSWERS, ANA, BEN, ChannelKind, Delivery, FakeDiscord, Id, Look, MOD, Route, Span as _, User,
            UserRequest,
        },
        program::free_address,
        provider::{Answer, FakeProvider, Gate, Rules, answer, refusal},
        scenario::{
            KEY,
            discord::{mode, with_credentials},
            program,
        },
    },
};

const WHY: &[(&str, &str)] = &[("prompt", "Why is the sky blue?")];
const QUESTION: &str = "Which answer is best?";

/// Models that a leak could not be mistaken for anything else.
const LINE_UP: [(&str, &str); 5] = [
    ("quokka-7b", "icon = \"🦘\"\ncolor = \"#12AB9F\"\nmaker = \"Marsupial Labs\"\nsize = \"7.25B\""),
    ("wombat-2b", "icon = \"🐨\"\ncolor = \"#34CD8E\"\nmaker = \"Burrow AI\"\nsize = \"2.75B\""),
    ("numbat-9b", "icon = \"🦔\"\ncolor = \"#56EF7D\"\nmaker = \"Termite Inc\"\nsize = \"9.5B\""),
    ("bilby-coder", "icon = \"🐰\"\ncolor = \"#78116C\"\nmaker = \"Desert Works\"\nsize = \"480.5B\""),
    ("dunnart-r1", "icon = \"🐭\"\ncolor = \"#9A335B\"\nmaker = \"Night Shift\"\nsize = \"671.5B\""),
];

/// The words of the line-up in lower case: ids, names, icons, makers, sizes, colours as digits and as numbers, the
/// provider.
fn telltales() -> Vec<String> {
    let mut words = vec!["fake".to_owned(), "reasoning".to_owned(), "tok/s".to_owned(), "tokens".to_owned()];
    for (id, settings) in LINE_UP {
        words.push(id.to_owned());
        words.extend(id.split('-').next().map(str::to_owned));
        for value in settings.split('"').skip(1).step_by(2) {
            words.push(value.trim_start_matches('#').to_lowercase());
            let color =
                value.strip_prefix('#').map(|digits| u32::from_str_radix(digits, 16).expect("a colour"));
            words.extend(color.map(|number| number.to_string()));
        }
    }
    words
}

/// Asserts that Discord received nothing about the line-up since it keeps requests, and ends that.
fn assert_nothing_leaked(discord: &FakeDiscord) {
    let received = discord.world(|world| world.received.take()).expect("it keeps requests");
    assert!(!received.is_empty());
    for text in received.iter().map(|text| text.to_lowercase()) {
        for word in telltales() {
            assert!(!text.contains(&word), "{word:?} was sent before the vote was closed:\n{text}");
        }
    }
}

/// An answer that gives its model away, written when the gate opens.
fn vain(model: &str, maker: &str, gate: &Gate) -> Answer {
    let said = format!("I am {} of {maker}. Air scatters blue light.", model.to_uppercase());
    answer(model).role().waits_for(gate).streams(&letters(&said)).whole()
}

/// The answers of the line-up; the model in the middle fails.
fn four_answers(gates: &[Gate; 4]) -> Vec<Answer> {
    let [first, second, third, fourth] = gates;
    vec![
        vain("quokka-7b", "Marsupial Labs", first),
        vain("wombat-2b", "Burrow AI", second),
        refusal("numbat-9b", "401 Unauthorized", "{\"error\":{\"message\":\"no\"}}"),
        vain("bilby-coder", "Desert Works", third),
        vain("dunnart-r1", "Night Shift", fourth),
    ]
}

fn setup(models: &'static [(&'static str, &'static str)]) -> Setup<'static> {
    let lines = "[arena]\nraces_per_user_per_minute = 60\n[blind]\nminutes = 5";
    Setup { models, lines, ..Setup::default() }
}

/// Two models that answer at once.
fn pair() -> [Answer; 2] {
    ["a", "b"].map(|model| answer(model).role().streams(&letters("Air scatters blue light most.")).whole())
}

const PAIR: &[(&str, &str)] = &[("a", ""), ("b", "")];

fn starts(discord: &FakeDiscord, place: ChannelKind) -> UserRequest {
    discord.type_command("/arena blind", WHY, ANA, place)
}

/// Waits until the vote is open and returns its message.
async fn opened(race: &UserRequest) -> Id {
    race.wait_for_text(QUESTION).await;
    race.wait_for_message().await
}

/// Presses a button of the vote and returns the private answer.
async fn says(discord: &FakeDiscord, message: Id, button: &str, user: User) -> (Id, Look) {
    let pressed = discord.press(message, button, user);
    assert!(pressed.wait_for_ack().await.private, "{button}");
    let look = pressed.wait_until(|look| !look.is_loading()).await.look;
    (pressed.wait_for_message().await, look)
}

/// Presses a button of a private message and returns that message as it is then.
async fn updates(discord: &FakeDiscord, message: Id, button: &str, user: User) -> Look {
    let pressed = discord.press(message, button, user);
    assert_eq!(pressed.wait_for_ack().await.kind, 7, "the private message is updated in place");
    discord.world(|world| world.message(message).expect("a message").look().clone())
}

fn labels(look: &Look) -> Vec<String> {
    look.buttons().into_iter().map(|button| button.label).collect()
}

/// The whole life of a blind race of three people, over either transport.
async fn a_vote_of_three(transport: Transport) {
    let gates = <[Gate; 4]>::default();
    let scenario = DiscordScenario::start(Setup { transport, ..setup(&LINE_UP) }, four_answers(&gates)).await;
    let discord = &scenario.discord;
    discord.world(|world| world.received = Some(vec![]));
    let race = starts(discord, ChannelKind::Server);
    assert!(!race.wait_for_ack().await.private);
    let writing = race.wait_for_text("1 of 5 answers").await.look;
    assert_eq!(labels(&writing), ["Stop"]);
    gates[3].open();
    race.wait_for_text("2 of 5 answers").await;
    let before = race.revisions().len();
    gates[..3].iter().for_each(Gate::open);
    let message = opened(&race).await;
    let open = race.current();
    assert!(race.revisions().len() <= before + 3, "an edit without news");
    assert_eq!(labels(&open)[..4], ["Best: A", "Best: B", "Best: C", "Best: D"]);
    assert_eq!(labels(&open)[4..], ["None is good", "Full answers", "Close vote"]);
    assert!(open.text().contains("▇▇▇") && open.text().contains("No votes yet"), "{}", open.text());
    assert!(open.text().contains("One model gave no answer"), "{}", open.text());

    let (asked, look) = says(discord, message, "Best: B", BEN).await;
    assert_eq!(labels(&look), ["Second: A", "Second: C", "Second: D", "No second"]);
    race.wait_for_text("1 person has voted").await;
    let saved = updates(discord, asked, "Second: C", BEN).await;
    assert!(saved.text().contains("B is best, then C") && labels(&saved).is_empty(), "{}", saved.text());
    // he changes his mind
    let (asked, _) = says(discord, message, "Best: A", BEN).await;
    updates(discord, asked, "No second", BEN).await;
    let (_, none) = says(discord, message, "None is good", MOD).await;
    assert!(none.text().contains("none is good"), "{}", none.text());
    race.wait_for_text("2 people have voted").await;
    let (stale, _) = says(discord, message, "Best: A", ANA).await;
    race.wait_for_text("3 people have voted").await;

    let (_, refused) = says(discord, message, "Close vote", BEN).await;
    assert!(refused.text().contains("Only the person who asked"), "{}", refused.text());
    let (_, files) = says(discord, message, "Full answers", BEN).await;
    let names: Vec<_> = files.attachments.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["answer-a.md", "answer-b.md", "answer-c.md", "answer-d.md"]);
    let page = discord.choose(message, "Answer B", BEN);
    assert!(page.wait_for_ack().await.private);
    page.wait_for_text("scatters blue light").await;
    assert_nothing_leaked(discord);

    let closing = discord.press(message, "Close vote", MOD);
    assert_eq!(closing.wait_for_ack().await.kind, 6);
    let result = race.wait_until(|look| look.attachment("race.png").is_some()).await.look;
    let text = result.text();
    assert!(text.contains("was picked best: 2 of 3 votes") && text.contains("none is good 1"), "{text}");
    assert!(text.contains("An answer named its model") && text.contains("BILBY-CODER"), "{text}");
    assert_eq!(labels(&result), ["Race again", "Continue", "Explain", "Replay", "Share"]);
    assert_eq!(result.options().len(), 5, "{text}");

    let late = updates(discord, stale, "No second", ANA).await;
    assert!(late.text().contains("This vote is closed") && labels(&late).is_empty(), "{}", late.text());
    let late = discord.press_late(message, "Best: D", BEN);
    assert!(late.wait_for_ack().await.private);
    late.wait_for_text("This vote is closed").await;
    let files = discord.choose(message, ALL_ANSWERS, BEN);
    let files = files.wait_until(|look| !look.attachments.is_empty()).await.look;
    assert_eq!(files.attachments.len(), 1, "{}", files.text());
    assert_eq!(race.current().text(), text, "a late click changes nothing");
    scenario.finish().await;
}

#[tokio::test]
async fn a_vote_of_three_over_the_gateway() {
    a_vote_of_three(Transport::Gateway).await;
}

#[tokio::test]
async fn a_vote_of_three_over_http() {
    a_vote_of_three(Transport::Http).await;
}

#[tokio::test]
async fn a_ballot_that_is_delivered_twice_counts_once() {
    let scenario = DiscordScenario::start(setup(PAIR), pair()).await;
    let discord = &scenario.discord;
    let address = scenario.service.address;
    discord.deliver_by(Delivery::Twice([address, address]));
    let race = starts(discord, ChannelKind::Server);
    let message = opened(&race).await;
    says(discord, message, "Best: A", BEN).await;
    says(discord, message, "Best: A", BEN).await;
    race.wait_for_text("1 person has voted").await;
    discord.deliver_by(Delivery::Http(address));
    discord.press(message, "Close vote", ANA).wait_for_ack().await;
    race.wait_for_text("was picked best: 1 of 1 vote").await;
    scenario.finish().await;
}

#[tokio::test]
async fn without_two_answers_a_blind_race_is_an_ordinary_one() {
    let refused = || refusal("b", "401 Unauthorized", "{\"error\":{\"message\":\"no\"}}");
    let [whole, _] = pair();
    let scenario = DiscordScenario::start(setup(PAIR), [whole, refused()]).await;
    let race = starts(&scenario.discord, ChannelKind::Server);
    let last = race.wait_for_end().await.look;
    assert_eq!(labels(&last), ["Race again", "Continue", "Explain"]);
    assert!(last.text().contains("A wrote fastest") && !last.text().contains("vote"), "{}", last.text());
    scenario.finish().await;
}

#[tokio::test]
async fn a_vote_in_which_no_answer_is_good_says_so() {
    let scenario = DiscordScenario::start(setup(PAIR), pair()).await;
    let discord = &scenario.discord;
    let race = starts(discord, ChannelKind::Server);
    let message = opened(&race).await;
    for user in [ANA, BEN] {
        says(discord, message, "None is good", user).await;
    }
    discord.press(message, "Close vote", ANA).wait_for_ack().await;
    race.wait_for_text("No answer was good enough: 2 of 2 votes").await;
    scenario.finish().await;
}

/// In a direct message with the bot no one else can vote, so a whole ballot closes the vote.
#[tokio::test]
async fn where_one_person_is_alone_a_ballot_closes_the_vote() {
    let scenario = DiscordScenario::start(setup(PAIR), [pair(), pair()].concat()).await;
    let discord = &scenario.discord;
    let race = starts(discord, ChannelKind::Dm);
    let message = opened(&race).await;
    let (asked, _) = says(discord, message, "Best: A", ANA).await;
    let saved = updates(discord, asked, "Second: B", ANA).await;
    assert!(saved.text().contains("the vote is closed") && labels(&saved).is_empty(), "{}", saved.text());
    race.wait_for_text("was picked best: 1 of 1 vote").await;
    let race = starts(discord, ChannelKind::Dm);
    let message = opened(&race).await;
    let pressed = discord.press(message, "None is good", ANA);
    assert_eq!(pressed.wait_for_ack().await.kind, 6, "its effect shows in the message");
    race.wait_for_text("No answer was good enough: 1 of 1 vote").await;
    scenario.finish().await;
}

/// The message is edited through the token alone, so the vote closes while that lives.
#[tokio::test]
async fn where_the_bot_is_not_the_vote_closes_before_its_message_freezes() {
    let setup = Setup { discord: "token_seconds = 36", ..setup(PAIR) };
    let scenario = DiscordScenario::start(setup, [pair(), pair()].concat()).await;
    scenario.discord.world(|world| world.token_life = 60.s());
    for place in [ChannelKind::UserInstalled, ChannelKind::ForeignServer] {
        let race = starts(&scenario.discord, place);
        let message = opened(&race).await;
        says(&scenario.discord, message, "Best: B", BEN).await;
        race.wait_for_text("was picked best: 1 of 1 vote").await;
    }
    let in_channel =
        scenario.discord.world(|world| world.calls.iter().any(|c| c.route == Route::EditMessage));
    assert!(!in_channel, "a call in vain");
    scenario.finish().await;
}

/// The token is over long before the vote is, and the result goes through the channel.
#[tokio::test]
async fn where_the_bot_is_a_vote_outlives_its_token() {
    let setup = Setup { discord: "token_seconds = 5", ..setup(PAIR) };
    let scenario = DiscordScenario::start(setup, pair()).await;
    let discord = &scenario.discord;
    discord.world(|world| world.token_life = 8.s());
    let race = starts(discord, ChannelKind::Server);
    let message = opened(&race).await;
    let life = discord.world(|world| world.token_life);
    eventually(async || race.interaction().delivered.elapsed() > life).await;
    says(discord, message, "Best: A", BEN).await;
    race.wait_for_text("1 person has voted").await;
    discord.press(message, "Close vote", ANA).wait_for_ack().await;
    race.wait_until(|look| look.attachment("race.png").is_some()).await;
    scenario.finish().await;
}

#[tokio::test]
async fn an_example_starts_a_blind_race() {
    let scenario = DiscordScenario::start(setup(PAIR), pair()).await;
    let discord = &scenario.discord;
    let examples = discord.type_command("/arena examples", &[], BEN, ChannelKind::Server);
    let message = examples.wait_for_message().await;
    let race = discord.press(message, "Race blind", BEN);
    assert!(!race.wait_for_ack().await.private);
    let message = opened(&race).await;
    discord.press(message, "Close vote", BEN).wait_for_ack().await;
    race.wait_for_end().await;
    scenario.finish().await;
}

/// A replica that is asked to end, one that is killed, and a third: the vote goes on through all of them.
#[tokio::test]
async fn a_vote_goes_on_through_restarts() {
    let (store, discord) = (TestStore::sqlite(), FakeDiscord::open().await);
    let rules = Rules { key: Some(KEY.into()), ..Rules::default() };
    let provider = FakeProvider::open_with(rules, pair()).await;
    let address = free_address();
    discord.deliver_by(Delivery::Http(address));
    let program = || {
        let lines = format!("{}\n{}\n", setup(PAIR).lines, mode(Transport::Http));
        let program = program(&provider, PAIR).with_lines(&lines);
        store.of(with_credentials(program, &discord, Transport::Http), address)
    };
    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("the commands were registered").await;
    let race = starts(&discord, ChannelKind::Server);
    let message = opened(&race).await;
    says(&discord, message, "Best: A", ANA).await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    assert!(race.current().text().contains(QUESTION), "{}", race.current().text());

    let mut bot = TestService::start(program(), address).await;
    bot.wait_for_log("adopted an orphaned race").await;
    says(&discord, message, "Best: A", BEN).await;
    race.wait_for_text("2 people have voted").await;
    drop(bot.kill().await);

    // before or after the adoption
    let bot = TestService::start(program(), address).await;
    let (asked, _) = says(&discord, message, "Best: B", MOD).await;
    updates(&discord, asked, "Second: A", MOD).await;
    race.wait_for_text("3 people have voted").await;
    let (_, files) = says(&discord, message, "Full answers", BEN).await;
    assert_eq!(files.attachments.len(), 2, "{}", files.text());
    discord.press(message, "Close vote", ANA).wait_for_ack().await;
    let last = race.wait_for_text("was picked best: 2 of 3 votes").await.look;
    assert_eq!(labels(&last), ["Race again", "Continue", "Explain", "Replay", "Share"]);
    eventually(async || store.query_number("SELECT COUNT(*) FROM races WHERE status <> 'shown'").await == 0)
        .await;
    bot.signal("TERM").await;
    bot.wait_for_exit(0).await;
    drop(provider);
    discord.assert_clean();
}

/// Ballots and the end of a vote at the replica that does not follow it; then that one follows it itself.
#[tokio::test]
async fn any_replica_takes_ballots_and_adopts_the_vote() {
    let discord = FakeDiscord::open().await;
    let knows = |program| with_credentials(program, &discord, Transport::Http);
    let answers = [pair(), pair()].concat();
    let Some(replicas) = ReplicaPair::open(answers, mode(Transport::Http), knows).await else { return };
    let [first, second] = replicas.addresses();
    let at = |address| discord.deliver_by(Delivery::Http(address));
    at(first);
    let race = starts(&discord, ChannelKind::Server);
    let message = opened(&race).await;
    at(second);
    says(&discord, message, "Best: A", ANA).await;
    race.wait_for_text("1 person has voted").await;
    discord.press(message, "Close vote", ANA).wait_for_ack().await;
    race.wait_until(|look| look.attachment("race.png").is_some()).await;
    at(first);
    let race = starts(&discord, ChannelKind::Server);
    let message = opened(&race).await;
    says(&discord, message, "Best: A", ANA).await;
    let replicas = replicas.kill_first().await;
    at(second);
    says(&discord, message, "Best: A", BEN).await;
    race.wait_for_text("2 people have voted").await;
    discord.press(message, "Close vote", ANA).wait_for_ack().await;
    race.wait_for_text("was picked best: 2 of 2 votes").await;
    replicas.finish().await;
    discord.assert_clean();
}
