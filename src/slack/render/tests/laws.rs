//! For any text of models, users and the configuration, every limit holds, no one is pinged and nothing deceives.

use std::sync::Arc;

use proptest::{collection::vec, option, prelude::*};

use super::{ALL, check, form, reader, samples};
use crate::{
    button::Page,
    guide::Example,
    model::{Availability, Color, ModelCard, ModelId},
    race::{
        Circumstances, Entrant, Quote, Record,
        metrics::TokenCount,
        vote::{Label, MAX_LABELS, RaceKind, Uncounted},
    },
    slack::render::{
        Extras, Form, answer::Answer, answers, escape, examples, explanation, help, live, models, notice,
        on_it, opening, page, suggestion,
    },
    view::{BAR_EIGHTHS, LaneState, LaneView, Milestones, Numbers, Pick, Progress, View, VoteView},
};

/// Sequences that Markdown, Slack and Unicode act on.
const MARKS: &str = "` `` ``` ```§ §```py§ ```` ~~~§ ~~~ \\ § §§§§§ >_ >>>_ >_```§ #_ #§ ##_a_*b*_`**`_c§ === §===§ \
    §---§ §--§ *** -_ -_```§ 1._#_ ____ [x](http://evil) [x](<http://evil>_\"t\") [a[b]](http://evil) \
    [x][1]§§[1]:_http://evil [x§](http://evil) ![i](http://evil) <http://evil|x> <https://a.b> <mailto:a@b|c> https://a/ \
    http:// foo://b :// <@U1> <@U1|ana> <#C1> <#C1|general> <!channel> <!here|x> <!subteam^S1> <!date^1^{date}|x> \
    &lt;!channel&gt; &amp;lt;!channel&amp;gt; &#60;!here&#62; &#x3c;@U1&#x3e; &lt; &gt; &amp; & ; <\\!channel> \\<@U1> \
    \\[x](http://evil) @channel @here @everyone @ana :smile: | |a|b|§|-|-|§|c|d|§ a|b§-|-§ |:-| ** * __ _ ~~ ~ [ ] ( ) \
    < > ! # @ <br> <!--_x_--> <script>§ 👩‍👩‍👧‍👦 日本語 e\u{301} \u{202e} \u{200b} \u{2060} \u{0} word _ a 1._ - + =";

/// Text full of such sequences; `§` becomes a line break and `_` a space.
pub(super) fn hostile() -> impl Strategy<Value = String> {
    let marks: Vec<String> = MARKS.split(' ').map(|mark| mark.replace('§', "\n").replace('_', " ")).collect();
    let marks = marks.into_iter().chain(["_", "__", "snake_case"].map(str::to_owned)).collect::<Vec<_>>();
    let piece = prop_oneof![9 => prop::sample::select(marks), 1 => "\\PC{0,8}"];
    vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

prop_compose! {
    /// No address is linked that a user wrote.
    fn circumstances()(author in option::of(hostile()), url in hostile(), persona in option::of(hostile())) -> Circumstances {
        let quote = author.map(|author| Quote { author, url: Some(format!("javascript:{url}")) });
        Circumstances { quote, persona, parent: None }
    }
}

fn hostile_card() -> impl Strategy<Value = ModelCard> {
    (hostile(), hostile(), hostile(), hostile()).prop_map(|(name, icon, size, id)| ModelCard {
        id: ModelId::new(&id),
        name: name.clone(),
        icon,
        best_for: size.clone(),
        provider: name,
        size,
        color: Color { r: 1, g: 2, b: 3 },
        simulated: false,
        vision: false,
        prices: None,
    })
}

fn states() -> impl Strategy<Value = LaneState> {
    use LaneState::{Failed, Finished, Reasoning, Stopped, Truncated, Waiting, Writing};
    prop::sample::select(vec![Waiting, Reasoning, Writing, Finished, Truncated, Failed, Stopped])
}

fn progresses() -> impl Strategy<Value = Progress> {
    prop::sample::select(vec![Progress::Live, Progress::Done, Progress::Stopped, Progress::Interrupted])
}

prop_compose! {
    fn lane()(
        card in hostile_card(), simulated in any::<bool>(), state in states(), bar in 0..=BAR_EIGHTHS,
        speed in option::of(Just("≈1,234 tok/s".to_owned())), status in hostile(), note in option::of(hostile()),
        numbers in option::of(hostile()), answer in hostile(), again in 1..6_usize, clipped in any::<bool>(),
    ) -> LaneView {
        let numbers = numbers.map(|n| Numbers {
            ttft: n.clone(), total: n.clone(), tokens: n.clone(), speed: n.clone(), columns: [n.clone(), n.clone(), n],
        });
        let (answer, brief) = (answer.repeat(again), status.clone());
        let milestones = Milestones::default();
        LaneView { card: Arc::new(card), simulated, state, bar, speed, status, brief, numbers, milestones, note, answer, clipped }
    }
}

prop_compose! {
    fn view(most: usize)(
        asker in hostile(), prompt in hostile(), notes in vec(hostile(), 0..4), circumstances in circumstances(), lanes in vec(lane(), 0..most), lesson in option::of(hostile()),
        notice in option::of(hostile()), simulated in any::<bool>(), progress in progresses(),
    ) -> View {
        let standings = (0..lanes.len()).rev().collect();
        View {
            asker, prompt, notes, circumstances, progress, lanes, standings, lesson, notice, cost: Some("≈$0.0041".into()), simulated,
            elapsed: Some("2.1 s".into()), stopped: None, vote: None, files: vec![], sat_out: None,
        }
    }
}

/// The states of a vote on so many lanes.
fn votes(lanes: usize) -> [VoteView; 3] {
    let lanes = lanes.min(MAX_LABELS);
    let label = |index| Label::at(index).expect("a label");
    let picks = (0..lanes).map(|lane| Pick { label: label(lane), lane, best: u64::MAX, second: 1 }).collect();
    [
        VoteView::Writing { ready: 1, of: lanes },
        VoteView::Open { voters: u64::MAX, closes_at: jiff::Timestamp::MAX, left_out: 1 },
        VoteView::Closed { picks, voters: 1, none_good: 1, uncounted: Some(Uncounted::Repeated) },
    ]
}

fn check(body: &crate::slack::render::Body) -> Result<(), TestCaseError> {
    check::message(body).map_err(TestCaseError::fail)
}

proptest! {
    #[test]
    fn an_answer_neither_deceives_nor_swallows_the_text_after_it(text in hostile(), writing in any::<bool>()) {
        let (shown, _) = Answer::new(&text, writing, 100, false).within(9_000);
        let shown = format!("{shown}\n\nour own words");
        prop_assert_eq!(reader::markdown(&shown), vec![], "{}", shown);
        prop_assert!(reader::seen(&shown).ends_with("our own words\n"), "{}", shown);
    }

    #[test]
    fn an_answer_fits_any_room(text in hostile(), limit in 0..400_usize, writing in any::<bool>(), lines in 1..30_usize) {
        let (kept, _) = Answer::new(&text, writing, lines, false).within(limit);
        prop_assert!(serde_json::to_string(&kept).expect("JSON").len() - 2 <= limit, "{kept}");
        prop_assert_eq!(reader::markdown(&kept), vec![], "{}", kept);
    }

    #[test]
    fn escaped_text_is_read_letter_by_letter(text in hostile()) {
        let shown = escape::markdown(&text, 10_000);
        prop_assert_eq!(reader::markdown(&format!("**x** {shown}")), vec![]);
        let line = crate::view::text::one_line(&text);
        prop_assert_eq!(reader::seen(&format!("x{shown}")), format!("x{line}\n"));
        prop_assert_eq!(escape::bare(&text, 10_000).replace('\u{2060}', ""), line);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_view_breaks_a_limit(view in view(14), chart in any::<bool>(), containers in any::<bool>()) {
        let body = live(&view, samples::race(), Extras { chart, containers, tables: false });
        check(&body)?;
        for lane in view.lanes.iter().filter(|lane| lane.answer.len() > 400) {
            prop_assert!(!body.text.contains(&lane.answer), "no whole answer in a notification");
        }
        let cards: Vec<_> = view.lanes.iter().map(|lane| Arc::clone(&lane.card)).collect();
        for kind in [RaceKind::Open, RaceKind::Blind] {
            check(&opening(kind, &view.asker, "U1", (&view.prompt, &view.circumstances), &cards))?;
        }
        for vote in votes(view.lanes.len()).into_iter().filter(|_| view.lanes.len() > 1) {
            let view = View { vote: Some(vote), ..view.clone() };
            check(&live(&view, samples::race(), Extras { chart, containers, tables: false }))?;
        }
    }

    #[test]
    fn a_crowd_breaks_no_limit(lane in lane(), n in 10..80_usize, progress in progresses()) {
        let lanes = vec![lane; n];
        let view = View {
            asker: "@".repeat(500), prompt: "*\n".repeat(500), notes: vec!["`".repeat(900); 3], circumstances: samples::crowded_circumstances(), progress, standings: (0..n).collect(), lanes,
            lesson: Some("_".repeat(900)), notice: Some("|".repeat(900)), cost: Some("at least ≈$123.45".into()), simulated: true,
            elapsed: None, stopped: None, vote: None, files: vec![], sat_out: None,
        };
        check(&live(&view, samples::race(), ALL))?;
        let few = MAX_LABELS.min(n);
        for vote in votes(n) {
            let (lanes, standings) = (view.lanes[..few].to_vec(), (0..few).collect());
            check(&live(&View { vote: Some(vote), lanes, standings, ..view.clone() }, samples::race(), ALL))?;
        }
    }

    #[test]
    fn no_card_breaks_a_limit(cards in vec(hostile_card(), 0..40), text in hostile(), again in 1..6_usize) {
        let entrant = |card: &ModelCard| Entrant {
            card: card.clone(),
            availability: Availability::Unreachable(text.clone()),
            last_speed: Some((97.0, TokenCount::Estimated)),
            weekly_median: None,
        };
        check(&models(&cards.iter().map(entrant).collect::<Vec<_>>()))?;
        let example = |card: &ModelCard| Example {
            title: card.name.clone(), prompt: card.size.repeat(again), lesson: text.clone(),
        };
        let thread = (again > 3).then_some("1764000001.000119");
        check(&examples(&cards.iter().map(example).collect::<Vec<_>>(), thread))?;
        let cards: Vec<_> = cards.into_iter().map(Arc::new).collect();
        check(&help(&cards))?;
        check(&notice(&text.repeat(again)))?;
        check(&suggestion(&text, &text.repeat(again), thread))?;
        check(&on_it(again))?;
        check::view(&form(&cards, Form::Compare, &text.repeat(100))).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn no_record_breaks_a_limit(texts in vec((hostile(), 1..60_usize), 1..9), name in hostile()) {
        let mut record: Record = samples::finished().record();
        let lane = record.report.lanes[0].clone();
        record.asker.name = name;
        record.report.lanes = texts.into_iter().map(|(text, again)| {
            let mut lane = lane.clone();
            lane.error = Some(text.clone());
            lane.answer = text.repeat(again);
            lane
        }).collect();
        let given = answers(&record);
        prop_assert!((1..=6).contains(&given.messages.len()));
        given.messages.iter().try_for_each(check)?;
        for lane in 0..record.report.lanes.len() {
            for index in 0..3 {
                check(&page(&record, Page { index, ..Page::first(record.id, lane) }))?;
            }
        }
        check(&explanation(&record))?;
    }
}
