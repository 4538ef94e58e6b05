//! The Home tab of the app: the line-up with its speeds, the way into a race, and the user's last races.
//!
//! <https://docs.slack.dev/surfaces/app-home>

use slack_morphism::blocks::{SlackBlock, SlackHomeView, SlackView};

use super::{
    blocks::{actions, context, fill, form_button, paragraph, quote, rich, section, text},
    cards::{about, heading},
    escape::bare,
};
use crate::race::{Entrant, PastRace};

/// Characters of a race's prompt.
const MAX_PROMPT: usize = 160;
/// Bytes that the rest of the tab needs.
const RESERVE: usize = 2_000;
const USES: &str = "Ask here, with /arena in any channel, or by mentioning me in a thread: a question goes to all models at \
                    once, and one message shows how they answer.";

/// The Home tab for one user, whose races are posted in `channel`.
pub(crate) fn home(entrants: &[Entrant], races: &[PastRace], channel: &str) -> SlackView {
    let mut blocks: Vec<SlackBlock> = vec![
        heading("⚔️", "LLM Arena"),
        paragraph([text(USES)]),
        actions(vec![form_button(channel)]),
        heading("🏁", "The line-up"),
    ];
    let left_out = fill(&mut blocks, entrants.iter().map(|entrant| vec![about(entrant)]).collect(), RESERVE);
    blocks.extend((left_out > 0).then(|| context(&format!("… and {left_out} more: /arena models"))));
    blocks.push(heading("🕘", "Your last races"));
    if races.is_empty() {
        blocks.push(context("None yet, or none that is still kept."));
    }
    let races = races.iter().map(|race| vec![asked(race)]).collect();
    let _left_out = fill(&mut blocks, races, 0);
    SlackView::Home(SlackHomeView::new(blocks))
}

/// A race: its day and its prompt.
fn asked(race: &PastRace) -> SlackBlock {
    let day = race.started_at.strftime("%-d %b %Y, %H:%M UTC").to_string();
    let prompt = bare(&race.prompt, MAX_PROMPT);
    rich(vec![section([text(&day)]), quote(if prompt.is_empty() { "…" } else { &prompt })])
}
