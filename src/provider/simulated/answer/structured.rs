//! Data in JSON, with the keys that the prompt names, in their order.

use serde_json::{Value, json};

use super::Content;
use crate::provider::simulated::subject::{Reading, is_among};

/// The most rows, and the most keys of a row.
const ROWS: usize = 8;
const KEYS: usize = 8;
/// What the key "note" says where nothing but JSON may be said.
const NOTE: &str = "Simulated answer: no language model is running.";

/// Keys and values in their order.
type Row = Vec<(String, Value)>;

/// What there is to say: a block of JSON and its explanation.
pub(super) fn content(reading: &Reading) -> Content {
    let rows = rows(reading);
    let keys: Vec<&str> = rows.iter().take(1).flatten().map(|(key, _)| key.as_str()).collect();
    let points = [
        ("Keys", format!("Every object has the same keys: {}.", keys.join(", "))),
        ("Types", "Numbers are numbers and not text, so that a program can calculate with them.".into()),
        ("Validity", "There are no comments and no trailing commas; any parser takes it.".into()),
    ];
    let code = if wants_list(reading) { list(&rows) } else { rows.first().map_or_else(String::new, object) };
    Content {
        lead: format!("Here is valid JSON for {}.", reading.subject()),
        points: points.map(|(label, text)| (label.to_owned(), text)).into(),
        block: None,
        close: "Where a value is unknown, null is better than an invented one.".into(),
    }
    .with_block("json", code)
}

/// True when the prompt wants JSON and nothing beside it.
pub(super) fn is_bare(reading: &Reading) -> bool {
    let reading = reading.edges();
    reading.has_any("only solely nothing") || reading.has_all("no prose")
}

/// The JSON alone; that it is simulated stands in a key of its own.
pub(super) fn bare(reading: &Reading) -> String {
    let mut rows = rows(reading);
    if wants_list(reading) {
        return format!("{{\n\"items\": {},\n\"note\": {}\n}}", list(&rows), json!(NOTE));
    }
    let mut row = if rows.is_empty() { Row::new() } else { rows.swap_remove(0) };
    row.push(("note".into(), NOTE.into()));
    object(&row)
}

/// An object with one key a line.
fn object(row: &Row) -> String {
    format!("{{\n  {}\n}}", pairs(row).join(",\n  "))
}

/// An array with one object a line.
fn list(rows: &[Row]) -> String {
    let objects: Vec<String> = rows.iter().map(|row| format!("  {{ {} }}", pairs(row).join(", "))).collect();
    format!("[\n{}\n]", objects.join(",\n"))
}

fn pairs(row: &Row) -> Vec<String> {
    row.iter().map(|(key, value)| format!("{}: {value}", json!(key))).collect()
}

fn wants_list(reading: &Reading) -> bool {
    let is_one = reading.has_any("object record") && !reading.has_any("array objects");
    !is_one && (count(reading) > 1 || reading.has_any("array list all each several"))
}

/// The number of rows that the prompt names, else one.
fn count(reading: &Reading) -> usize {
    let number = |word: &String| {
        let named = NUMBERS.split(' ').position(|number| number == word).map(|at| at + 2);
        named.or_else(|| word.parse().ok()).filter(|n| (2..=ROWS).contains(n))
    };
    reading.edges().words.iter().find_map(number).unwrap_or(1)
}

fn rows(reading: &Reading) -> Vec<Row> {
    if reading.has_all(BOOKING) {
        return vec![booking()];
    }
    let wanted = if wants_list(reading) { count(reading).max(2) } else { 1 };
    let is_planets = reading.has_any("planet planets");
    let keys = keys(
        reading,
        if is_planets { &["name", "diameter_km", "moons"] } else { &["name", "category", "count"] },
    );
    let value = |key: &String, row| {
        planet(key, row).filter(|_| is_planets).unwrap_or_else(|| believable(key, row, reading))
    };
    (0..wanted).map(|row| keys.iter().map(|key| (key.clone(), value(key, row))).collect()).collect()
}

/// The keys that stand in quotation marks or follow "keys", "fields" or the like, else `otherwise`.
fn keys(reading: &Reading, otherwise: &[&str]) -> Vec<String> {
    const MARKERS: &str = "keys key fields properties attributes columns";
    let quoted = reading.quoted.iter().filter(|word| is_key(word));
    let after = reading.position(MARKERS).map_or(&[][..], |at| &reading.words[at + 1..]);
    let listed = after.iter().take_while(|word| !is_among(word, ENDS));
    let listed = listed.filter(|word| !is_among(word, GLUE) && is_key(word));
    let named: Vec<&String> = if reading.quoted.is_empty() { listed.collect() } else { quoted.collect() };
    let mut keys: Vec<String> = Vec::new();
    for key in named {
        if !keys.contains(key) && keys.len() < KEYS {
            keys.push(key.clone());
        }
    }
    if keys.is_empty() { otherwise.iter().map(|key| (*key).to_owned()).collect() } else { keys }
}

fn is_key(word: &str) -> bool {
    word.len() <= 20 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// A value of the type that the key suggests.
fn believable(key: &str, row: usize, reading: &Reading) -> Value {
    let number = row + 1;
    let key = key.to_lowercase();
    let hints = |cues: &[&str]| cues.iter().any(|cue| key.contains(cue));
    let is_whole = ["id", "n", "age"].contains(&key.as_str())
        || hints(&["count", "number", "quantity", "population", "total", "_km", "guests"]);
    match () {
        () if hints(&["is_", "has_", "active", "valid"]) => json!(row == 0),
        () if hints(&["date", "_at", "birthday"]) => json!(format!("2026-01-{number:02}")),
        () if hints(&["email"]) => json!(format!("person{number}@example.org")),
        () if hints(&["price", "cost", "amount", "rating", "score"]) => json!(9.5),
        () if hints(&["year"]) => json!(2020 + row),
        () if is_whole => json!(number),
        () if hints(&["tags", "items", "list", "steps", "ingredients", "wishes"]) => {
            json!(reading.subject_words())
        }
        () if hints(&["name", "title"]) => json!(format!("Example {number}")),
        () => json!(format!("{key} {number}")),
    }
}

/// What is known of the planets, from the sun outwards, under any key that begins like one of ours.
fn planet(key: &str, row: usize) -> Option<Value> {
    let (name, diameter_km, moons) = PLANETS[row % PLANETS.len()];
    match key.split('_').next()? {
        "name" | "planet" => Some(json!(name)),
        "diameter" => Some(json!(diameter_km)),
        "radius" => Some(json!(f64::from(diameter_km) / 2.0)),
        "moons" => Some(json!(moons)),
        "position" | "order" => Some(json!(row + 1)),
        _ => None,
    }
}

/// The words of the note that ships as an example, and what it says.
const BOOKING: &str = "priya natarajan vegetarian wishes";

fn booking() -> Row {
    let pairs = [
        ("name", json!("Priya Natarajan")),
        ("date", json!("2026-10-03")),
        ("guests", json!(11)),
        ("vegetarian", json!(4)),
        ("wishes", json!(["a quiet corner", "a chair with arms for her father"])),
    ];
    pairs.map(|(key, value)| (key.to_owned(), value)).into()
}

const NUMBERS: &str = "two three four five six seven eight";
const GLUE: &str =
    "a an and are array boolean called integer is list named number of or string strings text the with";
const ENDS: &str =
    "about as do for from in json no only output please reply return so such that use where which without";
const PLANETS: [(&str, u32, u32); 8] = [
    ("Mercury", 4_879, 0),
    ("Venus", 12_104, 0),
    ("Earth", 12_756, 1),
    ("Mars", 6_792, 2),
    ("Jupiter", 142_984, 97),
    ("Saturn", 120_536, 274),
    ("Uranus", 51_118, 29),
    ("Neptune", 49_528, 16),
];
