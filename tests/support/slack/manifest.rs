//! The scopes and events in `config/slack-manifest.yaml`, read line by line.

use std::{fs, path::Path};

/// The bot's scopes, event subscriptions and slash commands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    pub scopes: Vec<String>,
    pub events: Vec<String>,
    pub commands: Vec<String>,
    /// The Home tab is switched on.
    pub has_home: bool,
    /// The pane of the app, with suggested prompts, is switched on.
    pub has_agent_view: bool,
    /// The names and callback ids of the shortcuts in the menu of messages.
    pub message_shortcuts: Vec<(String, String)>,
    /// The prompts that Slack suggests in the agent's view.
    pub prompts: Vec<String>,
}

impl Manifest {
    /// The one of this tree.
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/slack-manifest.yaml");
        Self::parse(&fs::read_to_string(path).expect("the manifest"))
    }

    /// Parses lists that have one item a line below their key.
    pub fn parse(text: &str) -> Self {
        let (mut found, mut key, mut shortcut) = (Self::default(), "", String::new());
        for line in text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim()) {
            found.has_home = found.has_home || line == "home_tab_enabled: true";
            found.has_agent_view = found.has_agent_view || line == "agent_view:";
            if let Some(message) = line.strip_prefix("message: ") {
                found.prompts.push(serde_json::from_str(message).expect("a quoted text"));
            }
            if let Some(callback) = line.strip_prefix("callback_id: ") {
                found.message_shortcuts.push((shortcut.clone(), callback.to_owned()));
            }
            if let Some(name) = line.strip_suffix(':') {
                key = name;
            } else if let Some(item) = line.strip_prefix("- ") {
                match key {
                    "bot" => found.scopes.push(item.to_owned()),
                    "bot_events" => found.events.push(item.to_owned()),
                    "shortcuts" => item.trim_start_matches("name: ").clone_into(&mut shortcut),
                    "slash_commands" => found.commands.push(item.trim_start_matches("command: ").to_owned()),
                    _ => {}
                }
            }
        }
        found
    }

    pub fn has(&self, scope: &str) -> bool {
        self.scopes.iter().any(|known| known == scope)
    }
}
