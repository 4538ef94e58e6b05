//! A message with all its revisions, and what one sees of it. Plain data.

use serde_json::{Value, json};
use tokio::time::Instant;

/// Names a message: here unique over all channels.
pub type Ts = String;

/// One message.
#[derive(Clone, Debug)]
pub struct Message {
    pub ts: Ts,
    pub channel: String,
    /// The root of its thread.
    pub thread: Option<Ts>,
    /// The author; the bot's user id for its own.
    pub user: String,
    /// Only this user sees it.
    pub only_for: Option<String>,
    pub deleted: bool,
    pub files: Vec<File>,
    /// The action that led to it, as far as can be known.
    pub action: Option<usize>,
    /// The looks from the first to the newest; at least one.
    pub revisions: Vec<Revision>,
}

/// A look and the time from which it was shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    /// The time from which it was shown.
    pub at: Instant,
    pub look: Look,
}

/// The visible parts of a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The fallback text; it is shown only where there are no blocks.
    pub fallback: String,
    pub blocks: Vec<Value>,
}

/// A shared file.
#[derive(Clone, PartialEq)]
pub struct File {
    pub id: String,
    pub name: String,
    pub title: String,
    /// The alt text.
    pub alt: Option<String>,
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({} bytes, {:?})", self.name, self.bytes.len(), self.alt)
    }
}

/// A button as one sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Button {
    pub label: String,
    pub block_id: String,
    pub action_id: String,
    pub value: String,
}

impl Message {
    /// Returns the current look.
    pub fn look(&self) -> &Look {
        &self.revisions.last().expect("a message has a revision").look
    }

    /// Returns the root of its thread: itself outside a thread.
    pub fn root(&self) -> &Ts {
        self.thread.as_ref().unwrap_or(&self.ts)
    }

    /// All that one reads, with its files as `(name: alt text)`.
    pub fn text(&self) -> String {
        let files =
            self.files.iter().map(|file| format!("({}: {})", file.name, file.alt.as_deref().unwrap_or("")));
        [self.look().text()]
            .into_iter()
            .chain(files)
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The message object. <https://docs.slack.dev/reference/events/message>
    pub fn json(&self, app: &str, bot: (&str, &str), team: &str) -> Value {
        let look = self.look();
        let mut told = json!({
            "type": "message", "user": self.user, "ts": self.ts, "text": look.fallback, "team": team, "blocks": look.blocks,
        });
        if self.user == bot.0 {
            told["bot_id"] = bot.1.into();
            told["app_id"] = app.into();
        }
        if let Some(thread) = &self.thread {
            told["thread_ts"] = thread.as_str().into();
        }
        if self.revisions.len() > 1 {
            told["edited"] = json!({ "user": bot.1, "ts": format!("{}0.000000", &self.ts[..9]) });
        }
        told
    }
}

impl Look {
    /// Returns the look of a body; blocks without an id get one, as Slack does.
    pub fn of(fields: &serde_json::Map<String, Value>) -> Self {
        let mut blocks = fields.get("blocks").and_then(Value::as_array).cloned().unwrap_or_default();
        for (n, block) in blocks.iter_mut().enumerate() {
            if block.is_object() && block["block_id"].is_null() {
                block["block_id"] = format!("b{n}").into();
            }
        }
        Self { fallback: fields.get("text").and_then(Value::as_str).unwrap_or_default().to_owned(), blocks }
    }

    /// Returns the look of blocks alone, such as those of a Home tab.
    pub fn of_blocks(blocks: &Value) -> Self {
        Self { fallback: String::new(), blocks: list(blocks).to_vec() }
    }

    /// The buttons in their order.
    pub fn buttons(&self) -> Vec<Button> {
        let of = |block: &Value| {
            let elements = block["elements"].as_array().cloned().unwrap_or_default();
            let all = elements.into_iter().chain([block["accessory"].clone()]);
            let id = word(block, "block_id");
            let button = |element: Value| Button {
                label: word(&element["text"], "text"),
                block_id: id.clone(),
                action_id: word(&element, "action_id"),
                value: word(&element, "value"),
            };
            all.filter(|element| element["type"] == "button").map(button).collect::<Vec<_>>()
        };
        self.blocks.iter().flat_map(of).collect()
    }

    /// There are buttons, and none is Stop or closes a vote: a race that is over.
    pub fn is_over(&self) -> bool {
        let is_pending = |button: &Button| ["stop", "close"].contains(&button.action_id.as_str());
        let buttons = self.buttons();
        !buttons.is_empty() && !buttons.iter().any(is_pending)
    }

    /// The buttons whose words for a screen reader are missing.
    pub fn unspoken_buttons(&self) -> Vec<String> {
        let elements = self.blocks.iter().flat_map(|block| list(&block["elements"]));
        let unspoken = elements.filter(|one| one["type"] == "button" && one["accessibility_label"].is_null());
        unspoken.map(|button| word(&button["text"], "text")).collect()
    }

    /// The button with this label or action id; a label counts also without its icon.
    pub fn button(&self, name: &str) -> Option<Button> {
        let all = self.buttons();
        let exact = all.iter().find(|button| button.label == name || button.action_id == name).cloned();
        exact.or_else(|| all.into_iter().find(|button| button.label.contains(name)))
    }

    /// The menu that has this option: its block id, its action id, and the option's value.
    pub fn option(&self, name: &str) -> Option<(String, String, String)> {
        self.blocks.iter().find_map(|block| {
            list(&block["elements"]).iter().find_map(|element| {
                let named = |option: &&Value| word(&option["text"], "text").contains(name);
                let option = list(&element["options"]).iter().find(named)?;
                Some((word(block, "block_id"), word(element, "action_id"), word(option, "value")))
            })
        })
    }

    /// The titles of the containers.
    pub fn containers(&self) -> Vec<String> {
        let containers = self.blocks.iter().filter(|block| block["type"] == "container");
        containers.map(|block| word(&block["title"], "text")).collect()
    }

    /// The cells of the first table, row by row.
    pub fn table(&self) -> Option<Vec<Vec<String>>> {
        let is_table = |block: &&Value| block["type"] == "table" || block["type"] == "data_table";
        let table = self.blocks.iter().find(is_table)?;
        let cells = |row: &Value| list(row).iter().map(cell_text).collect();
        Some(list(&table["rows"]).iter().map(cells).collect())
    }

    /// The first native chart.
    pub fn chart(&self) -> Option<&Value> {
        self.blocks.iter().find(|block| block["type"] == "data_visualization")
    }

    /// All that one reads, top to bottom: rows of tables as `a | b`, buttons as `[label]`.
    pub fn text(&self) -> String {
        if self.blocks.is_empty() {
            return self.fallback.clone();
        }
        self.blocks.iter().map(block_text).collect::<Vec<_>>().join("\n")
    }
}

fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn block_text(block: &Value) -> String {
    let text_of = |value: &Value| value["text"].as_str().unwrap_or_default().to_owned();
    let each = |values: &Value, read: fn(&Value) -> String, between: &str| {
        list(values).iter().map(read).collect::<Vec<_>>().join(between)
    };
    match block["type"].as_str().unwrap_or_default() {
        "divider" => "---".into(),
        "markdown" => text_of(block),
        "header" => text_of(&block["text"]),
        "section" => {
            let mut lines =
                vec![text_of(&block["text"]), each(&block["fields"], |field| word(field, "text"), "\n")];
            lines.push(element_text(&block["accessory"]));
            lines.retain(|line| !line.is_empty());
            lines.join("\n")
        }
        "context" | "actions" => each(&block["elements"], element_text, " "),
        "table" | "data_table" => {
            each(&block["rows"], |row| list(row).iter().map(cell_text).collect::<Vec<_>>().join(" | "), "\n")
        }
        "data_visualization" => {
            format!("({} chart: {})", word(&block["chart"], "type"), word(block, "title"))
        }
        "image" => format!("({})", word(block, "alt_text")),
        "input" => format!("{}: {}", text_of(&block["label"]), element_text(&block["element"])),
        "rich_text" => cell_text(block),
        "container" => {
            let head = format!("▸ {} · {}", text_of(&block["title"]), text_of(&block["subtitle"]));
            format!("{head}\n{}", each(&block["child_blocks"], block_text, "\n"))
        }
        other => format!("<{other}>"),
    }
}

fn element_text(element: &Value) -> String {
    match element["type"].as_str().unwrap_or_default() {
        "" => String::new(),
        "button" => format!("[{}]", word(&element["text"], "text")),
        "image" => format!("({})", word(element, "alt_text")),
        "mrkdwn" | "plain_text" => word(element, "text"),
        other => {
            let options = list(&element["options"]).iter().map(|option| word(&option["text"], "text"));
            format!("<{other} {}>", options.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A cell of a table: plain, or all the words of its rich text, a time as its fallback.
fn cell_text(cell: &Value) -> String {
    match cell["text"].as_str().or(cell["fallback"].as_str()) {
        Some(text) => text.to_owned(),
        None => list(&cell["elements"]).iter().map(cell_text).collect(),
    }
}
