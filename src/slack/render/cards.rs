//! Messages to read: a sentence, the answer to a ballot, the line-up, the examples, the help, the Home tab.

use std::{collections::HashSet, sync::Arc};

use slack_morphism::blocks::{SlackBlock, SlackHomeView, SlackView};

use super::{
    blocks::{Body, actions, bold, code, context, fill, italic, paragraph, quote, rich, section, text},
    buttons::{button, form_button, in_thread, question_button},
    escape::{bare, between, icon, lines, mrkdwn, short_name, spans},
};
use crate::{
    button::{Button, example_key},
    guide::{self, Example},
    model::ModelCard,
    platform::handlers::BallotReply,
    race::{Entrant, PastRace},
    view::{
        limits::{
            MAX_ABOUT_MODEL, MAX_EXAMPLE_PROMPT, MAX_EXAMPLE_TITLE, MAX_NOTICE, MAX_PROVIDER, MAX_SIZE,
        },
        text::plain,
        words,
    },
};

/// Characters of a sentence in the fallback text.
const MAX_SPOKEN: usize = 300;
/// Characters of an example's lesson.
const MAX_LESSON: usize = 120;
/// Characters of a section of the help.
const MAX_HELP: usize = 1_000;
/// Bytes for the note that something is left out, and for the last races on the Home tab.
const RESERVE: usize = 200;
const HOME_RESERVE: usize = 2_000;
/// The uses of the app, on the Home tab.
const USES: &str = "Ask here, with /arena in any channel, or by mentioning me in a thread: a question goes to all models at \
                    once, and one message shows how they answer.";

/// A sentence for one user, such as a refusal. Its code spans are code, and a user's words in it are text.
pub(crate) fn notice(sentence: &str) -> Body {
    // backticks and blanks alone would make an empty message
    let is_blank = plain(sentence).chars().all(|c| c == '`' || c.is_whitespace());
    let sentence = if is_blank { "…" } else { sentence };
    let spans = spans(sentence, MAX_NOTICE).into_iter().enumerate();
    let texts = spans.map(|(i, part)| if i % 2 == 1 { code(&part) } else { text(&part) });
    Body { text: mrkdwn(sentence, MAX_SPOKEN), blocks: vec![paragraph(texts)] }
}

/// The answer to a ballot, with the buttons that name the second best answer.
pub(crate) fn ballot(ballot: &BallotReply) -> Body {
    let mut body = notice(&ballot.text);
    let buttons = ballot.buttons.iter().map(|(choice, label)| {
        let spoken = match choice {
            Button::Second(_, _, Some(second)) => format!("Vote: answer {second} is second best"),
            _ => "Vote: no answer is second best".to_owned(),
        };
        button(*choice, "", label, &spoken)
    });
    body.blocks.extend(actions(buttons));
    body
}

/// A sentence about a line that may be a question, with a button that races it, in `thread` if it is shown in one.
pub(crate) fn suggestion(sentence: &str, question: &str, thread: Option<&str>) -> Body {
    let mut body = notice(sentence);
    body.blocks.extend(actions(question_button(question, thread)));
    body
}

/// The answer to a command whose race has to wait before it can be posted.
pub(crate) fn on_it(models: usize) -> Body {
    notice(&format!("On it: asking {}.", words::models(models)))
}

/// The line-up with the availability of its models.
pub(crate) fn models(entrants: &[Entrant]) -> Body {
    let parts = entrants.iter().map(|entrant| [about(entrant)]);
    card("⚔️", "The line-up", parts, "The line-up is empty: the configuration names no model.")
}

/// A model: its purpose, its availability, its provider and its last speed.
fn about(entrant: &Entrant) -> SlackBlock {
    let card = &entrant.card;
    let (reachable, words) = guide::availability(entrant);
    let known = [bare(&card.provider, MAX_PROVIDER), bare(&words, MAX_ABOUT_MODEL)];
    let known = words::joined(known.into_iter().chain(guide::measured_speed(entrant)));
    let size = between(" · ", &card.size, MAX_SIZE, "");
    let simulated = if card.simulated { " · simulated" } else { "" };
    let purpose = between("Best for ", &card.best_for, MAX_ABOUT_MODEL, ".\n");
    let mark = if reachable { "🟢" } else { "🔴" };
    let rest = format!("{size}{simulated}\n{purpose}{mark} {known}");
    paragraph([text(&icon(card)), bold(&short_name(card)), text(&rest)])
}

/// The example prompts, each with buttons that start a race with it, in `thread` if they are shown in one.
pub(crate) fn examples(examples: &[Example], thread: Option<&str>) -> Body {
    let mut seen = HashSet::new();
    let unique = examples.iter().filter(|example| seen.insert(example_key(example)));
    let parts = unique.map(|one| example(one, thread));
    card("⚔️", "Try these", parts, "The configuration names no examples.")
}

fn example(example: &Example, thread: Option<&str>) -> Vec<SlackBlock> {
    let title = bare(&example.title, MAX_EXAMPLE_TITLE);
    let prompt = bare(&example.prompt, MAX_EXAMPLE_PROMPT);
    let lesson = bare(&example.lesson, MAX_LESSON);
    let parts = [
        (!title.is_empty()).then(|| section([bold(&title)])),
        Some(quote(if prompt.is_empty() { "…" } else { &prompt })),
        (!lesson.is_empty()).then(|| section([italic(&lesson)])),
    ];
    let (key, named) = (example_key(example), if title.is_empty() { prompt } else { title });
    let race = button(Button::Try(key), "🏁", "Race", &format!("Race: {named}"));
    let blind = button(Button::TryBlind(key), "🙈", "Race blind", &format!("Race blind: {named}"));
    let buttons = [race, blind].map(|button| in_thread(button, thread));
    [rich(parts.into_iter().flatten().collect())].into_iter().chain(actions(buttons)).collect()
}

/// The commands, the definitions of the numbers, and where prompts go.
pub(crate) fn help(cards: &[Arc<ModelCard>]) -> Body {
    let commands = guide::commands().flat_map(|usage| {
        let line = format!("/arena {}", usage.typed.unwrap_or(usage.word));
        [code(&line), text(&format!(" {}\n", usage.description))]
    });
    let more = "/arena alone opens a form, and /arena with any question races it. In a thread, mention me; in a direct \
                message, just write.";
    let commands = [bold("Commands"), text("\n")].into_iter().chain(commands).chain([text(more)]);
    let sections = guide::sections(cards).into_iter().map(|part| {
        let words = format!("\n{}", lines(&part.text, MAX_HELP));
        [paragraph([bold(part.title), text(&words)])]
    });
    let parts = [[paragraph(commands)]].into_iter().chain(sections);
    card("⚔️", "How it works", parts, "")
}

/// A title and as many of `parts` as a message holds, the rest counted; `nothing` if there are none.
pub(super) fn card<P: IntoIterator<Item = SlackBlock>>(
    mark: &str,
    title: &str,
    parts: impl IntoIterator<Item = P>,
    nothing: &str,
) -> Body {
    let mut blocks = vec![heading(mark, &format!("Arena · {title}"))];
    let last = match fill(&mut blocks, parts, RESERVE) {
        0 if blocks.len() == 1 => nothing.to_owned(),
        0 => String::new(),
        left_out => format!("… and {left_out} more"),
    };
    if !last.is_empty() {
        blocks.push(paragraph([text(&last)]));
    }
    Body { text: format!("{mark} Arena: {title}"), blocks }
}

/// A bold line after a mark.
pub(super) fn heading(mark: &str, words: &str) -> SlackBlock {
    paragraph([text(&format!("{mark} ")), bold(words)])
}

/// The Home tab for one user, whose races are posted in `channel`: the way into a race, the line-up, the user's last races
/// (<https://docs.slack.dev/surfaces/app-home>).
pub(crate) fn home(entrants: &[Entrant], races: &[PastRace], channel: &str) -> SlackView {
    let mut blocks = vec![heading("⚔️", "LLM Arena"), paragraph([text(USES)])];
    blocks.extend(actions([form_button(channel)]));
    blocks.push(heading("🏁", "The line-up"));
    let left_out = fill(&mut blocks, entrants.iter().map(|entrant| [about(entrant)]), HOME_RESERVE);
    blocks.extend((left_out > 0).then(|| context(&format!("… and {left_out} more: /arena models"))));
    blocks.push(heading("🕘", "Your last races"));
    if races.is_empty() {
        blocks.push(context("None yet, or none that is still kept."));
    }
    let _left_out = fill(&mut blocks, races.iter().map(|race| [asked(race)]), 0);
    SlackView::Home(SlackHomeView::new(blocks))
}

/// A race: its day and its prompt.
fn asked(race: &PastRace) -> SlackBlock {
    let day = race.started_at.strftime("%-d %b %Y, %H:%M UTC").to_string();
    let prompt = bare(&race.prompt, MAX_EXAMPLE_PROMPT);
    rich(vec![section([text(&day)]), quote(if prompt.is_empty() { "…" } else { &prompt })])
}
