//! Messages to read: a sentence, the line-up, the examples, the help.

use std::{collections::HashSet, sync::Arc};

use slack_morphism::blocks::{SlackActionBlockElement, SlackBlock};

use super::{
    blocks::{
        Body, actions, bold, button, code, fill, in_thread, italic, paragraph, question_button, quote, rich,
        section, text,
    },
    escape::{bare, between, icon, lines, mrkdwn, short_name, spans},
};
use crate::{
    button::{Button, example_key},
    guide::{self, Example},
    model::ModelCard,
    platform::handlers::BallotReply,
    race::Entrant,
    view::{text::plain, words},
};

/// Characters of a sentence in the fallback text.
const MAX_SPOKEN: usize = 300;
/// Characters of a sentence of ours.
const MAX_SENTENCE: usize = 2_000;
/// Characters of an example's prompt.
const MAX_PROMPT: usize = 160;
/// Characters of an example's lesson.
const MAX_LESSON: usize = 120;
/// Characters of a title.
const MAX_TITLE: usize = 80;
/// Bytes for the note that something is left out.
const RESERVE: usize = 200;

/// A sentence for one user, such as a refusal. Its code spans are code, and a user's words in it are text.
pub(crate) fn notice(sentence: &str) -> Body {
    // backticks and blanks alone would make an empty message
    let is_blank = plain(sentence).chars().all(|c| c == '`' || c.is_whitespace());
    let sentence = if is_blank { "…" } else { sentence };
    let spans = spans(sentence, MAX_SENTENCE).into_iter().enumerate();
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
    let buttons: Vec<_> = buttons.map(SlackActionBlockElement::from).collect();
    body.blocks.extend((!buttons.is_empty()).then(|| actions(buttons)));
    body
}

/// A sentence about a line that may be a question, with a button that races it, in `thread` if it is shown in one.
pub(crate) fn suggestion(sentence: &str, question: &str, thread: Option<&str>) -> Body {
    let mut body = notice(sentence);
    body.blocks.extend(question_button(question, thread).map(|button| actions(vec![button])));
    body
}

/// The answer to a command whose race has to wait before it can be posted.
pub(crate) fn on_it(models: usize) -> Body {
    notice(&format!("On it: asking {}.", words::models(models)))
}

/// The line-up with the availability of its models.
pub(crate) fn models(entrants: &[Entrant]) -> Body {
    let parts = entrants.iter().map(|entrant| vec![about(entrant)]).collect();
    card("⚔️", "The line-up", parts, "The line-up is empty: the configuration names no model.")
}

/// A model: its purpose, its availability, its provider and its last speed.
pub(super) fn about(entrant: &Entrant) -> SlackBlock {
    let card = &entrant.card;
    let (reachable, words) = guide::availability(entrant);
    let known = [bare(&card.provider, 40), bare(&words, 120)];
    let known = words::joined(known.into_iter().chain(guide::measured_speed(entrant)));
    let size = between(" · ", &card.size, 24, "");
    let simulated = if card.simulated { " · simulated" } else { "" };
    let purpose = between("Best for ", &card.best_for, 120, ".\n");
    let mark = if reachable { "🟢" } else { "🔴" };
    let rest = format!("{size}{simulated}\n{purpose}{mark} {known}");
    paragraph([text(&icon(card)), bold(&short_name(card)), text(&rest)])
}

/// The example prompts, each with buttons that start a race with it, in `thread` if they are shown in one.
pub(crate) fn examples(examples: &[Example], thread: Option<&str>) -> Body {
    let mut seen = HashSet::new();
    let unique = examples.iter().filter(|example| seen.insert(example_key(example)));
    let parts = unique.map(|one| example(one, thread)).collect();
    card("⚔️", "Try these", parts, "The configuration names no examples.")
}

fn example(example: &Example, thread: Option<&str>) -> Vec<SlackBlock> {
    let title = bare(&example.title, MAX_TITLE);
    let prompt = bare(&example.prompt, MAX_PROMPT);
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
    vec![rich(parts.into_iter().flatten().collect()), actions(buttons.to_vec())]
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
        let words = format!("\n{}", lines(&part.text, 1_000));
        vec![paragraph([bold(part.title), text(&words)])]
    });
    let parts = [vec![paragraph(commands)]].into_iter().chain(sections).collect();
    card("⚔️", "How it works", parts, "")
}

/// A title and as many of `parts` as a message holds, the rest counted; `nothing` if there are none.
pub(super) fn card(mark: &str, title: &str, parts: Vec<Vec<SlackBlock>>, nothing: &str) -> Body {
    let mut blocks = vec![heading(mark, &format!("Arena · {title}"))];
    let last = match parts.len() {
        0 => nothing.to_owned(),
        _ => match fill(&mut blocks, parts, RESERVE) {
            0 => String::new(),
            left_out => format!("… and {left_out} more"),
        },
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
