//! JSON answers with the keys that the prompt names, in their order.

use serde_json::{Value, json};

use crate::provider::simulated::{
    assets::{Content, JSON, WORDS},
    prompt::{ParsedPrompt, is_among},
};

const MAX_ROWS: usize = 8;
const MAX_KEYS: usize = 8;
const MAX_KEY_BYTES: usize = 20;
/// The value of the key "note" where the answer may be nothing but JSON.
const NOTE: &str = "Simulated answer: no language model is running.";

/// Keys and values in their order.
type Row = Vec<(String, Value)>;

/// Returns a block of JSON and its explanation.
pub(super) fn content(prompt: &ParsedPrompt) -> Content {
    let rows = rows(prompt);
    let keys: Vec<&str> = rows.iter().take(1).flatten().map(|(key, _)| key.as_str()).collect();
    let code = if wants_list(prompt) { list(&rows) } else { rows.first().map_or_else(String::new, object) };
    let (subject, keys) = (prompt.subject(), keys.join(", "));
    JSON.general.fill(&[("subject", &subject), ("keys", &keys)]).with_block("json", code)
}

/// Returns true if the prompt asks for JSON and nothing else.
pub(super) fn is_bare(prompt: &ParsedPrompt) -> bool {
    let prompt = prompt.edges();
    prompt.has_any("only solely nothing") || prompt.has_all("no prose")
}

/// Returns JSON alone, with a key that says that it is simulated.
pub(super) fn bare(prompt: &ParsedPrompt) -> String {
    let mut rows = rows(prompt);
    if wants_list(prompt) {
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

fn wants_list(prompt: &ParsedPrompt) -> bool {
    let is_one = prompt.has_any("object record") && !prompt.has_any("array objects");
    !is_one && (row_count(prompt) > 1 || prompt.has_any("array list all each several"))
}

/// Returns the number of rows that the prompt names, else one.
fn row_count(prompt: &ParsedPrompt) -> usize {
    let number = |word: &String| {
        let named = WORDS.row_counts.split_whitespace().position(|number| number == word).map(|at| at + 2);
        named.or_else(|| word.parse().ok()).filter(|n| (2..=MAX_ROWS).contains(n))
    };
    prompt.edges().words.iter().find_map(number).unwrap_or(1)
}

fn rows(prompt: &ParsedPrompt) -> Vec<Row> {
    if prompt.has_all(&JSON.booking.cues) {
        return vec![JSON.booking.row.clone()];
    }
    let count = if wants_list(prompt) { row_count(prompt).max(2) } else { 1 };
    let is_planets = prompt.has_any("planet planets");
    let defaults = if is_planets { ["name", "diameter_km", "moons"] } else { ["name", "category", "count"] };
    let keys = keys(prompt, &defaults);
    let value = |key: &String, row| {
        let planet = if is_planets { planet(key, row) } else { None };
        planet.unwrap_or_else(|| example(key, row, prompt))
    };
    (0..count).map(|row| keys.iter().map(|key| (key.clone(), value(key, row))).collect()).collect()
}

/// Returns the keys that are quoted or follow "keys", "fields" or the like, else `defaults`.
fn keys(prompt: &ParsedPrompt, defaults: &[&str]) -> Vec<String> {
    let quoted = prompt.quoted.iter().filter(|word| is_key(word));
    let after = prompt.position(&WORDS.key_markers).map_or(&[][..], |at| &prompt.words[at + 1..]);
    let listed = after.iter().take_while(|word| !is_among(word, &WORDS.key_ends));
    let listed = listed.filter(|word| !is_among(word, &WORDS.key_fillers) && is_key(word));
    let named: Vec<&String> = if prompt.quoted.is_empty() { listed.collect() } else { quoted.collect() };
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
fn example(key: &str, row: usize, prompt: &ParsedPrompt) -> Value {
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
            json!(prompt.subject_words())
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
