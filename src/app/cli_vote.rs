//! The vote of `compare --blind`: the answers without names, and one ballot on the terminal.

use tokio::sync::oneshot;

use super::output;
use crate::{
    arena::Arena,
    race::{
        RaceId,
        vote::{Choice, Label},
    },
    surface::{Chart, Learned, Pace, Surface, SurfaceError},
    terminal::render::{self, Screen},
    view::{Progress, View},
};

/// The voter, who is also the asker.
pub(super) const VOTER: &str = "terminal";

/// A surface that reports when its vote opens.
pub(super) struct Announcing<S> {
    inner: S,
    opened: Option<oneshot::Sender<View>>,
}

impl<S> Announcing<S> {
    pub(super) fn new(inner: S, opened: oneshot::Sender<View>) -> Self {
        Self { inner, opened: Some(opened) }
    }
}

impl<S: Surface> Surface for Announcing<S> {
    fn pace(&self) -> Pace {
        self.inner.pace()
    }

    async fn show(&mut self, view: &View) -> Result<Learned, SurfaceError> {
        let learned = self.inner.show(view).await?;
        if view.progress == Progress::Voting
            && let Some(opened) = self.opened.take()
        {
            let _ = opened.send(view.clone());
        }
        Ok(learned)
    }

    fn wants_chart(&self) -> bool {
        self.inner.wants_chart()
    }

    async fn attach(&mut self, chart: Chart) -> Result<(), SurfaceError> {
        self.inner.attach(chart).await
    }
}

/// Shows the answers of an open vote, asks for the ballot, casts it and closes the vote. Answers go to stdout where
/// `on_stdout` is its screen, else to stderr. If this is dropped half way, there is no ballot.
pub(super) async fn vote(arena: &Arena, id: RaceId, view: &View, on_stdout: Option<Screen>) {
    // the view holds only a part of a very long answer
    let record = arena.lookup(id).await.ok();
    let lanes = record.iter().flat_map(|record| &record.report.lanes);
    let answers: Vec<&str> = lanes.map(|lane| lane.answer.as_str()).collect();
    match on_stdout {
        Some(screen) => {
            let _ = output::print_exact(render::answers(view, &answers, screen).join("\n"));
        }
        None => output::note(render::answers(view, &answers, render::PIPE).join("\n")),
    }
    let labels: Vec<Label> = (0..view.lanes.len()).filter_map(Label::at).collect();
    let choice = ask(&labels, async |question| {
        output::question(question);
        tokio::task::spawn_blocking(read_line).await.ok().flatten()
    });
    if let Some(choice) = choice.await
        && let Err(error) = arena.cast(id, VOTER, choice).await
    {
        output::note(format_args!("llm-arena: {error}"));
    }
    // a vote that is closed already has no need to be
    let _ = arena.close_vote_for(id, VOTER, false, "").await;
}

/// Reads a line from standard input; `None` at its end.
fn read_line() -> Option<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).ok().filter(|bytes| *bytes > 0).map(|_| line)
}

/// Asks until the ballot is clear; `reply` shows a question and returns the line that follows, or `None` at the end of the
/// input. Returns `None` without a ballot.
async fn ask(labels: &[Label], mut reply: impl AsyncFnMut(&str) -> Option<String>) -> Option<Choice> {
    let last = labels.last()?;
    let mut question = format!("Best answer [A-{last}, or n for none]? ");
    let best = loop {
        match parse(&reply(&question).await?, labels, &["n", "none"]) {
            Ok(Some(best)) => break best,
            Ok(None) => return Some(Choice::NoneGood),
            Err(Unclear) => question = format!("Type one letter from A to {last}, or n if none is good: "),
        }
    };
    let others: Vec<Label> = labels.iter().copied().filter(|label| *label != best).collect();
    let letters = others.iter().map(Label::to_string).collect::<Vec<_>>().join(", ");
    let mut question = format!("Second best [{letters}; Enter for none]? ");
    loop {
        let Some(line) = reply(&question).await else { return Some(Choice::Best(best, None)) };
        match parse(&line, &others, &["", "n", "none"]) {
            Ok(second) => return Some(Choice::Best(best, second)),
            Err(Unclear) => question = format!("Type one letter of {letters}, or just Enter: "),
        }
    }
}

/// A line that is no answer to the question.
struct Unclear;

/// The answer that a line names; `None` for one of the words for `none`.
fn parse(line: &str, labels: &[Label], none: &[&str]) -> Result<Option<Label>, Unclear> {
    let word = line.trim();
    if none.contains(&word.to_lowercase().as_str()) {
        return Ok(None);
    }
    let label = Label::parse(&word.to_uppercase()).filter(|label| labels.contains(label));
    label.map(Some).ok_or(Unclear)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(letter: &str) -> Label {
        Label::parse(letter).expect("a letter")
    }

    /// Asks for a ballot on five answers; returns it with the questions.
    async fn asked(lines: &[&str]) -> (Option<Choice>, Vec<String>) {
        let labels: Vec<Label> = (0..5).filter_map(Label::at).collect();
        let (mut lines, mut questions) = (lines.iter(), vec![]);
        let choice = ask(&labels, async |question| {
            questions.push(question.to_owned());
            lines.next().map(|line| format!("{line}\n"))
        });
        (choice.await, questions)
    }

    #[tokio::test]
    async fn a_ballot_is_a_letter_and_perhaps_another() {
        for (lines, choice) in [
            (&["b", "D"] as &[&str], Choice::Best(label("B"), Some(label("D")))),
            (&[" A ", ""], Choice::Best(label("A"), None)),
            (&["e", "none"], Choice::Best(label("E"), None)),
            (&["c"], Choice::Best(label("C"), None)),
            (&["n"], Choice::NoneGood),
            (&["None"], Choice::NoneGood),
        ] {
            assert_eq!(asked(lines).await.0, Some(choice), "{lines:?}");
        }
    }

    #[tokio::test]
    async fn an_unclear_line_is_asked_again() {
        let (choice, questions) = asked(&["", "f", "best", "b", "b", "x", "a"]).await;
        assert_eq!(choice, Some(Choice::Best(label("B"), Some(label("A")))));
        assert_eq!(questions[0], "Best answer [A-E, or n for none]? ");
        assert_eq!(questions[3], "Type one letter from A to E, or n if none is good: ");
        assert_eq!(questions[4], "Second best [A, C, D, E; Enter for none]? ");
        assert_eq!(questions[6], "Type one letter of A, C, D, E, or just Enter: ");
    }

    #[tokio::test]
    async fn the_end_of_the_input_is_no_ballot() {
        assert_eq!(asked(&[]).await.0, None);
        assert_eq!(asked(&["z"]).await.0, None);
    }
}
