//! Data in JSON, with the keys that the prompt names.

use serde_json::{Map, Value, json};

use super::Content;
use crate::provider::simulated::subject::Reading;

/// Most rows, and most keys of a row.
const ROWS: usize = 8;
const KEYS: usize = 8;

/// What there is to say: a block of JSON and its explanation.
pub(super) fn content(reading: &Reading) -> Content {
    let rows = rows(reading);
    let keys = rows.first().map(|row| row.keys().cloned().collect::<Vec<_>>().join(", ")).unwrap_or_default();
    let subject = reading.subject();
    let points = [
        ("Keys", format!("Every object has the same keys ({keys}), in lower case.")),
        ("Types", "Numbers are numbers and not text, so that a program can calculate with them.".into()),
        ("Validity", "There are no comments and no trailing commas; any parser takes it.".into()),
    ];
    Content {
        lead: format!("Here is {subject} as valid JSON."),
        points: points.map(|(label, text)| (label.to_owned(), text)).into(),
        block: None,
        close: "Where a value is unknown, null is better than an invented one.".into(),
    }
    .with_block("json", pretty(&data(reading, rows)))
}

/// True when the prompt wants JSON and nothing beside it.
pub(super) fn is_bare(reading: &Reading) -> bool {
    reading.has_any(&["only", "solely", "nothing"]) || reading.has_all(&["no", "prose"])
}

/// The JSON alone; that it is simulated stands in a key of its own.
pub(super) fn bare(reading: &Reading) -> String {
    let note = "Simulated answer: no language model is running.";
    pretty(&match data(reading, rows(reading)) {
        Value::Object(mut object) => {
            object.insert("note".into(), note.into());
            Value::Object(object)
        }
        list => json!({ "items": list, "note": note }),
    })
}

fn data(reading: &Reading, mut rows: Vec<Map<String, Value>>) -> Value {
    if wants_list(reading) || rows.is_empty() {
        Value::Array(rows.into_iter().map(Value::Object).collect())
    } else {
        Value::Object(rows.swap_remove(0))
    }
}

fn wants_list(reading: &Reading) -> bool {
    count(reading).is_some()
        || reading.has_any(&["array", "list", "all", "each", "planets", "rows", "several"])
}

/// The number of rows that the prompt names.
fn count(reading: &Reading) -> Option<usize> {
    let named = reading.words.iter().find_map(|word| {
        let word_at = NUMBERS.iter().position(|number| number == word).map(|at| at + 1);
        word_at.or_else(|| word.parse().ok().filter(|n| (1..=ROWS).contains(n)))
    });
    named.filter(|n| *n > 1)
}

fn rows(reading: &Reading) -> Vec<Map<String, Value>> {
    let wanted = if wants_list(reading) { count(reading).unwrap_or(3) } else { 1 };
    let keys = keys(reading);
    let is_planets = reading.has_any(&["planet", "planets"]);
    (0..wanted)
        .map(|row| {
            let known = if is_planets { planet(row) } else { Map::new() };
            if keys.is_empty() && is_planets {
                return known;
            }
            let default = ["name", "category", "count"].map(str::to_owned);
            let keys: &[String] = if keys.is_empty() { &default } else { &keys };
            keys.iter().map(|key| (key.clone(), value(key, row, &known, reading))).collect()
        })
        .collect()
}

/// The keys that follow "keys", "fields" or the like, up to a word that begins something else.
fn keys(reading: &Reading) -> Vec<String> {
    const MARKERS: &[&str] = &["keys", "key", "fields", "properties", "attributes", "columns"];
    let after = reading.position(MARKERS).map_or(&[][..], |at| &reading.words[at + 1..]);
    let glue = ["and", "the", "a", "an", "called", "named", "are", "is", "or", "with", "of"];
    let list = after.iter().take_while(|word| !ENDS.contains(&word.as_str()));
    let named = list.filter(|word| !glue.contains(&word.as_str())).filter(|word| is_key(word));
    let mut keys: Vec<String> = Vec::new();
    for key in named.take(KEYS) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys
}

fn is_key(word: &str) -> bool {
    word.len() <= 24 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A believable value: the planet's own where the key fits, else one of the type that the key suggests.
fn value(key: &str, row: usize, planet: &Map<String, Value>, reading: &Reading) -> Value {
    let number = row + 1;
    let hints = |cues: &[&str]| cues.iter().any(|cue| key.contains(cue));
    if let Some((_, value)) = planet.iter().find(|(own, _)| key.starts_with(first_part(own))) {
        return value.clone();
    }
    match key {
        _ if key.starts_with("is_") || key.starts_with("has_") || hints(&["active", "valid"]) => {
            json!(row == 0)
        }
        _ if hints(&["date", "_at", "birthday"]) => json!(format!("2026-01-{number:02}")),
        _ if hints(&["email"]) => json!(format!("person{number}@example.org")),
        _ if hints(&["price", "cost", "amount", "rating", "score"]) => {
            json!(9.5 + f64::from(u8::try_from(row).unwrap_or(0)))
        }
        _ if hints(&["year"]) => json!(2020 + row),
        _ if hints(&["age"]) && key.len() <= 5 => json!(30 + row),
        _ if key == "id" || hints(&["count", "number", "quantity", "population", "moons", "km", "total"]) => {
            json!(number)
        }
        _ if hints(&["tags", "items", "list", "steps", "ingredients"]) => json!(reading.subject_words()),
        _ if hints(&["name", "title"]) => json!(format!("Example {number}")),
        _ => json!(format!("{key} {number}")),
    }
}

fn first_part(key: &str) -> &str {
    key.split('_').next().unwrap_or(key)
}

/// The planets from the sun outwards.
fn planet(row: usize) -> Map<String, Value> {
    let (name, diameter_km, moons) = PLANETS[row % PLANETS.len()];
    let pairs = [("name", json!(name)), ("diameter_km", json!(diameter_km)), ("moons", json!(moons))];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

const NUMBERS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven", "eight"];
const ENDS: &[&str] = &[
    "about", "as", "do", "for", "from", "in", "json", "no", "only", "output", "please", "reply", "return",
    "so", "such", "that", "use", "where", "which", "without",
];
const PLANETS: [(&str, u32, u32); 8] = [
    ("Mercury", 4_879, 0),
    ("Venus", 12_104, 0),
    ("Earth", 12_756, 1),
    ("Mars", 6_792, 2),
    ("Jupiter", 142_984, 95),
    ("Saturn", 120_536, 274),
    ("Uranus", 51_118, 28),
    ("Neptune", 49_528, 16),
];
