//! Puzzles: the classics are known with their way of solution, for the rest the answer shows the method.

use super::{Content, Known};
use crate::provider::simulated::subject::Reading;

/// What there is to say to a puzzle.
pub(super) fn content(reading: &Reading) -> Content {
    Known::find(KNOWN, reading).unwrap_or_else(|| general(reading))
}

/// True for a puzzle that is known, in whatever words it is put.
pub(super) fn knows(reading: &Reading) -> bool {
    KNOWN.iter().any(|known| reading.has_all(known.cues))
}

fn general(reading: &Reading) -> Content {
    let subject = reading.subject();
    let points = [
        (
            "Givens",
            format!(
                "Write down what is said about {subject}, one fact a line, and nothing that is only assumed."
            ),
        ),
        ("Unknown", "Name what is asked and list the values it could have.".into()),
        (
            "Eliminate",
            "Take the strictest fact first and strike out what it forbids; repeat with the next.".into(),
        ),
        (
            "Conclude",
            "When one possibility is left, it is the answer; when several are, a fact was overlooked.".into(),
        ),
    ];
    Content {
        lead: format!(
            "This puzzle about {subject} yields to elimination; a real model would carry it through to the result."
        ),
        points: points.map(|(label, text)| (label.to_owned(), text)).into(),
        block: None,
        close: "Put the result back into every statement; all of them have to hold.".into(),
    }
}

const KNOWN: &[Known] = &[
    Known {
        cues: "bat ball 10",
        lead: "The ball costs 5 cents, not 10.",
        points: &[
            ("Equation", "Let the ball cost x. The bat costs x + 1.00, so x + (x + 1.00) = 1.10."),
            ("Solve", "That gives 2x = 0.10 and x = 0.05."),
            ("The trap", "Ten cents feels right, but then the bat would cost 1.10 and both together 1.20."),
        ],
        close: "0.05 + 1.05 = 1.10, and 1.05 is exactly 1.00 more than 0.05.",
    },
    Known {
        cues: "sheep nine",
        lead: "Nine sheep are left.",
        points: &[
            ("Read closely", "“All but nine” means every sheep except nine."),
            ("So", "Those nine stay alive; no subtraction is needed."),
            ("The trap", "Numbers tempt one to calculate before the sentence has been read."),
        ],
        close: "The size of the herd does not matter at all.",
    },
    Known {
        cues: "machines widgets",
        lead: "It takes 5 minutes.",
        points: &[
            (
                "One machine",
                "Five machines make five widgets in five minutes, so one machine makes one widget in five minutes.",
            ),
            (
                "A hundred machines",
                "A hundred machines work side by side and make a hundred widgets in the same five minutes.",
            ),
            (
                "The trap",
                "The pattern 5, 5, 5 suggests 100, 100, 100, but machines and widgets grow together.",
            ),
        ],
        close: "100 machines times 1 widget each per 5 minutes is 100 widgets.",
    },
    Known {
        cues: "goat cabbage",
        lead: "The farmer takes the goat first and brings it back once: seven crossings in all.",
        points: &[
            ("Goat over", "Take the goat across and return alone; wolf and cabbage do not harm each other."),
            ("Wolf over, goat back", "Take the wolf across and bring the goat back."),
            ("Cabbage over", "Take the cabbage across and return alone."),
            ("Goat over", "Fetch the goat."),
        ],
        close: "At no moment are wolf and goat, or goat and cabbage, alone on a bank.",
    },
    Known {
        cues: "switches bulb",
        lead: "Use the bulb's warmth as a second signal: one visit is enough.",
        points: &[
            ("First switch", "Turn the first switch on, wait ten minutes, and turn it off."),
            ("Second switch", "Turn the second switch on and go to the room at once."),
            (
                "Look and touch",
                "If the bulb is lit, it hangs on the second switch; if it is dark and warm, on the first; if it is dark and cold, on the third.",
            ),
        ],
        close: "Three switches need three distinguishable states, and light plus heat gives them.",
    },
    Known {
        cues: "doors lies",
        lead: "Ask either guard which door the other one would call safe, and take the opposite door.",
        points: &[
            (
                "The truth-teller",
                "The truth-teller reports the liar's false answer faithfully, so he names the wrong door.",
            ),
            ("The liar", "The liar twists the truth-teller's right answer, so he names the wrong door too."),
            ("Conclude", "Both name the wrong door; the other one is safe."),
        ],
        close: "The question passes through exactly one lie whoever is asked.",
    },
    Known {
        cues: "boxes apples oranges",
        lead: "Take one fruit from the box labelled “mixed”: that settles all three.",
        points: &[
            (
                "The draw",
                "Every label is wrong, so the box labelled “mixed” holds one kind only: the kind you drew.",
            ),
            (
                "An apple",
                "If it is an apple, that box holds the apples. The box labelled “oranges” cannot hold oranges, and the apples are taken, so it is the mixed one.",
            ),
            ("The rest", "The box labelled “apples” is the one that is left; it holds the oranges."),
        ],
        close: "If it is an orange, the same argument runs with the names exchanged.",
    },
    Known {
        cues: "snail well",
        lead: "Count up to the last climb: on the final day the snail is out before it can slide back.",
        points: &[
            ("Net gain", "Each full day and night brings the climb less the slide."),
            (
                "Last day",
                "Subtract one climb from the depth and divide the rest by the net gain, rounded up.",
            ),
            (
                "Add one",
                "Those are the nights; the day after is the day it gets out. For 10 metres, 3 up and 2 down: 7 nights, day 8.",
            ),
        ],
        close: "The quick answer, depth divided by net gain, counts slides that no longer happen.",
    },
    Known {
        cues: "lily doubles",
        lead: "The lake was half covered one day before it was full: on day 47 of 48 in the classic version.",
        points: &[
            ("Backwards", "What doubles every day was half as much the day before."),
            ("So", "Half the lake is one doubling away from the whole lake."),
            (
                "The trap",
                "Half of 48 is 24, but growth here is not even: on day 24 hardly a speck was covered.",
            ),
        ],
        close: "From half on day 47, one doubling gives the whole on day 48.",
    },
    Known {
        cues: "strawberry",
        lead: "The word “strawberry” has three letters r.",
        points: &[
            ("Spell it", "s, t, r, a, w, b, e, r, r, y."),
            ("Count", "r stands at places 3, 8 and 9."),
            ("The trap", "Models read tokens, not letters, which is why they stumble here."),
        ],
        close: "Ten letters, three of them r.",
    },
];
