//! Questions about the world: some are known by heart, for the rest the answer says how it would be laid out.

use super::{Content, Known};
use crate::provider::simulated::subject::Reading;

/// What there is to say to a question.
pub(super) fn content(reading: &Reading) -> Content {
    Known::find(KNOWN, reading).or_else(|| capital(reading)).unwrap_or_else(|| general(reading))
}

fn capital(reading: &Reading) -> Option<Content> {
    let asked = |(country, _): &&(&str, &str)| reading.words.iter().any(|word| word == country);
    let (country, city) = CAPITALS.iter().find(asked).filter(|_| reading.has_any("capital"))?;
    let country = format!("{}{}", country[..1].to_uppercase(), &country[1..]);
    Some(Content {
        lead: format!("{city} is the capital of {country}."),
        points: vec![
            (
                "Role".into(),
                format!("{city} is the seat of government, where parliament and ministries work."),
            ),
            (
                "Common slip".into(),
                "The largest city and the capital are not the same everywhere, so it pays to look twice."
                    .into(),
            ),
        ],
        block: None,
        close: "Capitals can move: Brazil built a new one, Brasília, and moved there in 1960.".into(),
    })
}

fn general(reading: &Reading) -> Content {
    let subject = reading.subject();
    let points = [
        ("Start", format!("A good answer names the one cause or figure that matters most for {subject}.")),
        (
            "Reasons",
            "Then come the reasons in order of weight, each with something that can be checked.".into(),
        ),
        ("Example", "One everyday example helps more than a second definition.".into()),
        (
            "Limits",
            "Where experts disagree or figures are old, it says so instead of sounding certain.".into(),
        ),
    ];
    Content {
        lead: format!("You asked about {subject}; a real model would answer here from what it has learnt."),
        points: points.map(|(label, text)| (label.to_owned(), text)).into(),
        block: None,
        close: format!("With a provider key set, the same race puts {subject} to the real models."),
    }
}

const CAPITALS: &[(&str, &str)] = &[
    ("austria", "Vienna"),
    ("canada", "Ottawa"),
    ("egypt", "Cairo"),
    ("finland", "Helsinki"),
    ("france", "Paris"),
    ("germany", "Berlin"),
    ("greece", "Athens"),
    ("ireland", "Dublin"),
    ("italy", "Rome"),
    ("japan", "Tokyo"),
    ("norway", "Oslo"),
    ("poland", "Warsaw"),
    ("portugal", "Lisbon"),
    ("spain", "Madrid"),
    ("sweden", "Stockholm"),
];

const KNOWN: &[Known] = &[
    Known {
        cues: "capital australia",
        lead: "The capital of Australia is Canberra.",
        points: &[
            (
                "A compromise",
                "Sydney and Melbourne were rivals and neither would yield to the other, so the constitution of 1901 asked for a new city between them.",
            ),
            (
                "The site",
                "The place was chosen in 1908, in New South Wales but at least a hundred miles from Sydney, as the constitution demands.",
            ),
            (
                "The plan",
                "Walter Burley Griffin and Marion Mahony Griffin won the competition for its design in 1912, and building began in 1913.",
            ),
            ("In the meantime", "Parliament sat in Melbourne until it moved to Canberra in 1927."),
        ],
        close: "Sydney is the largest city and the best known, which is why it is so often taken for the capital.",
    },
    Known {
        cues: "sky blue",
        lead: "The sky is blue because air scatters the short, blue waves of sunlight far more than the long, red ones.",
        points: &[
            (
                "Sunlight",
                "Sunlight looks white but is a mix of all colours, from violet at about 400 nm to red at 700 nm.",
            ),
            (
                "Scattering",
                "Air molecules are much smaller than these waves, and such small particles scatter light with the fourth power of its frequency: blue about five times as strongly as red. This is Rayleigh scattering.",
            ),
            (
                "All around",
                "So blue light reaches your eye from every direction of the sky, while the rest comes almost straight from the sun.",
            ),
            (
                "Why not violet",
                "Violet is scattered even more, but the sun sends less of it, the upper air absorbs a part, and our eyes are less sensitive to it.",
            ),
        ],
        close: "The same effect makes sunsets red: on a long way through the air most of the blue has been scattered out before the light arrives.",
    },
    Known {
        cues: "sunset red",
        lead: "Sunsets are red because the light of a low sun crosses so much air that its blue part is scattered away before it arrives.",
        points: &[
            (
                "A longer way",
                "At the horizon sunlight passes through some thirty times as much air as from overhead.",
            ),
            ("What is left", "Blue goes first, green follows; orange and red are left over."),
            (
                "Dust",
                "Fine dust and smoke deepen the colours, which is why sunsets glow after volcanic eruptions.",
            ),
        ],
        close: "It is the other half of the blue sky: what you miss at sunset is somebody else's blue noon.",
    },
    Known {
        cues: "rainbow",
        lead: "A rainbow appears when raindrops bend sunlight, mirror it once inside and bend it again, each colour by its own angle.",
        points: &[
            ("Bending", "Water slows violet light a little more than red, so a drop fans the colours out."),
            (
                "The angle",
                "Most light leaves the drops at about 42 degrees from the point opposite the sun; hence the bow.",
            ),
            (
                "A second bow",
                "Two reflections inside the drops make the fainter outer bow, with its colours reversed.",
            ),
        ],
        close: "Everybody sees a bow of their own: it is a direction, not a place.",
    },
    Known {
        cues: "seasons",
        lead: "Seasons exist because the Earth's axis is tilted by about 23.4 degrees, not because of its distance from the sun.",
        points: &[
            (
                "Steeper light",
                "In summer the sun stands higher, so the same light warms a smaller patch of ground.",
            ),
            ("Longer days", "It also shines longer each day."),
            (
                "The counter-proof",
                "The Earth is closest to the sun in early January, in the middle of the northern winter.",
            ),
        ],
        close: "North and south always have opposite seasons, which distance alone could not explain.",
    },
    Known {
        cues: "tides",
        lead: "Tides come mainly from the moon, whose gravity pulls more strongly on the near side of the Earth than on the far side.",
        points: &[
            (
                "Two bulges",
                "The difference stretches the oceans towards the moon and away from it, so most coasts have two high tides a day.",
            ),
            (
                "The sun",
                "The sun adds nearly half as much: in line with the moon it makes spring tides, at right angles neap tides.",
            ),
            (
                "The coast",
                "Bays and shelves shape the height, from a few centimetres to over fifteen metres in the Bay of Fundy.",
            ),
        ],
        close: "A full cycle takes 24 hours and 50 minutes, since the moon moves on while the Earth turns.",
    },
    Known {
        cues: "speed light",
        lead: "Light travels at exactly 299,792,458 metres per second in a vacuum.",
        points: &[
            ("Why exactly", "The figure has no error bar since 1983, because the metre is defined by it."),
            (
                "A feeling for it",
                "Light needs 1.3 seconds to the moon and 8 minutes 20 seconds from the sun.",
            ),
            ("In matter", "It is slower in water and glass, by about a quarter and a third."),
        ],
        close: "Nothing that carries information goes faster.",
    },
    Known {
        cues: "ocean salty",
        lead: "The sea is salty because rivers have carried dissolved minerals into it for billions of years while the water alone evaporates.",
        points: &[
            (
                "From the rocks",
                "Rain is slightly acidic and dissolves sodium, calcium and more from the rocks.",
            ),
            ("From below", "Hot springs on the sea floor and volcanoes add chloride."),
            (
                "A balance",
                "Salt also leaves, in sediments and spray, so salinity has stayed near 3.5 per cent for long.",
            ),
        ],
        close: "Lakes without an outflow, such as the Dead Sea, show the same process at speed.",
    },
];
