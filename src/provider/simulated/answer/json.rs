//! JSON answers with the keys that the prompt names, in their order.

use serde_json::{Value, json};

use crate::provider::simulated::{
    assets::{Content, JSON, WORDS},
    subject::{Reading, is_among},
};

const MAX_ROWS: usize = 8;
const MAX_KEYS: usize = 8;
const MAX_KEY_BYTES: usize = 20;
/// The value of the key "note" where the answer may be nothing but JSON.
const NOTE: &str = "Simulated answer: no language model is running.";

/// Keys and values in their order.
type Row = Vec<(String, Value)>;

/// Returns a block of JSON and its explanation.
pub(super) fn content(reading: &Reading) -> Content {
    let rows = rows(reading);
    let keys: Vec<&str> = rows.iter().take(1).flatten().map(|(key, _)| key.as_str()).collect();
    let code = if wants_list(reading) { list(&rows) } else { rows.first().map_or_else(String::new, object) };
    let values = [("subject", reading.subject()), ("keys", keys.join(", "))];
    JSON.general
        .fill(&values.each_ref().map(|(name, value)| (*name, value.as_str())))
        .with_block("json", code)
}

/// Returns true if the prompt asks for JSON and nothing else.
pub(super) fn is_bare(reading: &Reading) -> bool {
    let reading = reading.edges();
    reading.has_any("only solely nothing") || reading.has_all("no prose")
}

/// Returns JSON alone, with a key that says that it is simulated.
pub(super) fn bare(reading: &Reading) -> String {
    let mut rows = rows(reading);
    if wants_list(reading) {
        return format!("{{\n\"items\": {},\n\"note\": {}\n}}", list(&rows), json!(NOTE));
    }
    let mut row = if rows.is_empty() { Row::new() } else { rows.swap_remove(0) };
    row.push(("note".into(), NOTE.into()));
    object(&row)
}

/// Returns an object with one key per line.
fn object(row: &Row) -> String {
    format!("{{\n  {}\n}}", pairs(row).join(",\n  "))
}

/// Returns an array with one object per line.
fn list(rows: &[Row]) -> String {
    let objects: Vec<String> = rows.iter().map(|row| format!("  {{ {} }}", pairs(row).join(", "))).collect();
    format!("[\n{}\n]", objects.join(",\n"))
}

fn pairs(row: &Row) -> Vec<String> {
    row.iter().map(|(key, value)| format!("{}: {value}", json!(key))).collect()
}

fn wants_list(reading: &Reading) -> bool {
    let is_one = reading.has_any("object record") && !reading.has_any("array objects");
    !is_one && (row_count(reading) > 1 || reading.has_any("array list all each several"))
}

/// Returns the number of rows that the prompt names, else one.
fn row_count(reading: &Reading) -> usize {
    let number = |word: &String| {
        let named = WORDS.row_counts.split_whitespace().position(|number| number == word).map(|at| at + 2);
        named.or_else(|| word.parse().ok()).filter(|n| (2..=MAX_ROWS).contains(n))
    };
    reading.edges().words.iter().find_map(number).unwrap_or(1)
}

fn rows(reading: &Reading) -> Vec<Row> {
    if reading.has_all(&JSON.booking.cues) {
        return vec![JSON.booking.row.clone()];
    }
    let count = if wants_list(reading) { row_count(reading).max(2) } else { 1 };
    let is_planets = reading.has_any("planet planets");
    let defaults = if is_planets { ["name", "diameter_km", "moons"] } else { ["name", "category", "count"] };
    let keys = keys(reading, &defaults);
    let value = |key: &String, row| {
        let planet = if is_planets { planet(key, row) } else { None };
        planet.unwrap_or_else(|| example(key, row, reading))
    };
    (0..count).map(|row| keys.iter().map(|key| (key.clone(), value(key, row))).collect()).collect()
}

/// Returns the keys that are quoted or follow "keys", "fields" or the like, else `defaults`.
fn keys(reading: &Reading, defaults: &[&str]) -> Vec<String> {
    let quoted = reading.quoted.iter().filter(|word| is_key(word));
    let after = reading.position(&WORDS.key_markers).map_or(&[][..], |at| &reading.words[at + 1..]);
    let listed = after.iter().take_while(|word| !is_among(word, &WORDS.key_ends));
    let listed = listed.filter(|word| !is_among(word, &WORDS.key_fillers) && is_key(word));
    let named: Vec<&String> = if reading.quoted.is_empty() { listed.collect() } else { quoted.collect() };
    let mut keys: Vec<String> = Vec::new();
    for key in named {
        if !keys.contains(key) && keys.len() < MAX_KEYS {
            keys.push(key.clone());
        }
    }
    if keys.is_empty() { defaults.iter().map(|key| (*key).to_owned()).collect() } else { keys }
}

fn is_key(word: &str) -> bool {
    word.len() <= MAX_KEY_BYTES && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Returns a value of the type that the key suggests.
fn example(key: &str, row: usize, reading: &Reading) -> Value {
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

/// Returns a planet's value under any key that begins like one of ours.
fn planet(key: &str, row: usize) -> Option<Value> {
    let planet = &JSON.planets[row % JSON.planets.len()];
    match key.split('_').next()? {
        "name" | "planet" => Some(json!(planet.name)),
        "diameter" => Some(json!(planet.diameter_km)),
        "radius" => Some(json!(f64::from(planet.diameter_km) / 2.0)),
        "moons" => Some(json!(planet.moons)),
        "position" | "order" => Some(json!(row + 1)),
        _ => None,
    }
}
