//! Summaries: of a few subjects that are known by heart, of a text that came along, of anything else.

use super::{Content, Known};
use crate::provider::simulated::subject::Reading;

/// A prompt of more words than this brings its text along.
const TEXT: usize = 120;

/// What there is to say where an overview is wanted.
pub(super) fn content(reading: &Reading) -> Content {
    if reading.length > TEXT {
        return Known::find(TEXTS, reading).unwrap_or_else(|| of_text(reading));
    }
    Known::find(KNOWN, reading).unwrap_or_else(|| of_subject(reading))
}

/// Says of a text only what can be counted.
fn of_text(reading: &Reading) -> Content {
    let words = reading.subject_words();
    let [first, second] = [0, 1].map(|at| words.get(at).copied().unwrap_or("the subject"));
    let themes = if words.is_empty() { "no single theme".to_owned() } else { words.join(", ") };
    let points = [
        (
            "Scope",
            format!("The text has about {} words; its most frequent terms are {themes}.", reading.length),
        ),
        ("Centre", format!("Most of it turns on {first}, and {second} is never far from it.")),
        (
            "Course",
            "It opens with its main matter, works through it in the middle and returns to it at the end."
                .into(),
        ),
        ("Weight", format!("What is said of {first} carries the argument; the rest serves as illustration.")),
    ];
    Content {
        lead: format!("The text deals chiefly with {first} and {second}."),
        points: points.map(|(label, text)| (label.to_owned(), text)).into(),
        block: None,
        close: "These points come from counting words; a real model would weigh what the sentences say."
            .into(),
    }
}

fn of_subject(reading: &Reading) -> Content {
    let subject = reading.subject();
    let points = [
        (
            "Origins",
            format!("An overview of {subject} begins with where it came from and what was there before."),
        ),
        (
            "Growth",
            "It then follows the few people and ideas that made it spread, in the order of time.".into(),
        ),
        (
            "Turning points",
            "Two or three turns deserve a paragraph each: a discovery, a conflict, a change of rules.".into(),
        ),
        ("Today", "It ends with what is settled, what is still debated, and where to read on.".into()),
    ];
    Content {
        lead: format!("Here is the outline that a summary of {subject} would follow."),
        points: points.map(|(label, text)| (label.to_owned(), text)).into(),
        block: None,
        close: "A summary is as good as what it leaves out; dates and names belong in only where they explain something.".into(),
    }
}

/// Texts that come along.
const TEXTS: &[Known] = &[Known {
    cues: "ticket replica queue mara",
    lead: "The decision that matters most: a waiting room goes in front of the ticket shop before the autumn sale.",
    points: &[
        (
            "What happened",
            "The spring sale drew 41,000 visitors in its first hour, three times the year before, and 2,300 orders were lost when the payment page timed out.",
        ),
        (
            "Cause",
            "Every order asks the seat map twice, and the seat map shares its database with the finance reports; a weekly report added in April runs on Friday at noon, just when the sale opens.",
        ),
        (
            "Options",
            "A larger server (1,900 a month, good for about 60,000 visitors an hour), a read replica (700 a month, seats up to two seconds old) or a waiting room (three weeks of work, no added cost).",
        ),
        (
            "Agreed",
            "The waiting room is built; Lena speaks with the sponsor, who was promised no queue, by Friday; Jonas moves the weekly report to the night today; the replica is looked at again in November.",
        ),
        (
            "Open",
            "Who watches the queue on the day, and whether ticket holders with a disability may pass it; Mara asks the house about the second.",
        ),
    ],
    close: "The rest can be changed later; the waiting room decides how the autumn sale feels to everybody, and it depends on the sponsor's consent.",
}];

const KNOWN: &[Known] = &[
    Known {
        cues: "internet",
        lead: "The Internet grew from a research network of four computers in 1969 into the common fabric of nearly all communication.",
        points: &[
            (
                "Packets, 1960s",
                "Paul Baran and Donald Davies had the idea of cutting messages into packets that find their own way; ARPANET put it to work between four sites in late 1969.",
            ),
            (
                "A common language, 1970s",
                "Networks multiplied but could not talk to one another. Vinton Cerf and Robert Kahn designed TCP/IP, which asks of a network only that it carries packets, and ARPANET switched over on 1 January 1983.",
            ),
            (
                "Names and universities, 1980s",
                "The domain name system replaced a shared list of hosts, and NSFNET joined universities at speeds that made everyday use practical.",
            ),
            (
                "The Web, 1990s",
                "Tim Berners-Lee at CERN joined addresses, a simple protocol and linked pages; with graphical browsers and the opening to commerce in the middle of the decade the public arrived.",
            ),
            (
                "Everywhere, 2000s on",
                "Broadband, mobile phones and cloud services made the network a utility; search, social media and streaming became its main uses.",
            ),
            (
                "Open questions",
                "Concentration in a few hands, privacy, security and unequal access are the debates of today.",
            ),
        ],
        close: "The design choice behind it all is the plain middle and the clever ends: new uses never needed anybody's permission.",
    },
    Known {
        cues: "industrial revolution",
        lead: "The Industrial Revolution moved work from hand and hearth to machine and factory, first in Britain from about 1760.",
        points: &[
            (
                "Why Britain",
                "Cheap coal, dear labour, wide trade and secure property made machines worth their price there first.",
            ),
            (
                "Textiles",
                "The spinning jenny, the water frame and the power loom multiplied what one worker could make.",
            ),
            (
                "Steam",
                "James Watt's separate condenser cut the fuel of the steam engine by two thirds and freed factories from rivers.",
            ),
            (
                "Iron and rails",
                "Coke-smelted iron became cheap, and from 1830 railways joined towns, markets and time itself.",
            ),
            (
                "People",
                "Cities grew faster than their sewers; hours were long and children worked, until unions and factory laws set limits.",
            ),
            (
                "Spread",
                "Belgium, Germany and the United States followed and added steel, chemistry and electricity in a second wave after 1870.",
            ),
        ],
        close: "For the first time in history income per head kept rising for generations, at a cost that was shared unevenly.",
    },
    Known {
        cues: "roman empire",
        lead: "The Roman Empire grew from a city state into the ruler of the Mediterranean, flourished for two centuries, and dissolved in the west by 476.",
        points: &[
            (
                "Republic",
                "Rome first took Italy, then Carthage and the Greek east; its institutions strained under the gains.",
            ),
            (
                "Augustus",
                "After decades of civil war Octavian ruled from 27 BC as the first emperor, behind republican forms.",
            ),
            (
                "The long peace",
                "Roads, law, coinage and citizenship tied provinces from Britain to Egypt together.",
            ),
            (
                "Crisis",
                "In the third century plague, invasions and fifty years of soldier emperors nearly broke it.",
            ),
            (
                "Two halves",
                "Diocletian divided the rule, Constantine moved the capital east and favoured Christianity.",
            ),
            (
                "End and afterlife",
                "The west fell to its own generals and neighbours in 476; the east lived on in Constantinople until 1453.",
            ),
        ],
        close: "Historians name many causes and agree on none; money, frontiers and succession are on every list.",
    },
    Known {
        cues: "romeo juliet",
        lead: "Two young people from feuding families of Verona fall in love, marry in secret and die of a message that comes too late.",
        points: &[
            (
                "The feast",
                "Romeo Montague goes masked to the Capulets' feast and meets Juliet; neither knows who the other is.",
            ),
            ("The wedding", "Friar Laurence marries them the next day and hopes to end the feud."),
            ("The duel", "Tybalt kills Mercutio, Romeo kills Tybalt and is banished."),
            (
                "The plan",
                "Juliet, pressed to marry Paris, drinks a potion that makes her seem dead; the letter that explains it never reaches Romeo.",
            ),
            (
                "The tomb",
                "Romeo poisons himself beside her; she wakes, sees him and takes his dagger. The families make peace over the bodies.",
            ),
        ],
        close: "Haste drives it all: the whole action takes about four days.",
    },
];
