//! Modals: opened by a trigger, filled in by a person. Pure. <https://docs.slack.dev/surfaces/modals>

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    call::Call,
    world::{View, World},
};

impl World {
    /// <https://docs.slack.dev/reference/methods/views.open>
    pub(super) fn open_view(&mut self, call: &Call) -> Result<Value, String> {
        let trigger = call.text("trigger_id");
        let Some(action) = self.actions.iter().position(|action| action.trigger.as_deref() == Some(trigger))
        else {
            self.violation_of(call.method, "there is no such trigger_id");
            return Err("invalid_trigger_id".into());
        };
        let late = call.at.saturating_duration_since(self.actions[action].delivered);
        let code = match () {
            () if self.views.iter().any(|view| view.action == action) => "exchanged_trigger_id",
            () if late > self.trigger_life => "expired_trigger_id",
            () => "",
        };
        if !code.is_empty() {
            self.violation_of(call.method, &format!("{code} after {} ms", late.as_millis()));
            return Err(code.into());
        }
        let number = self.number();
        let (user, channel) = (self.actions[action].user, self.actions[action].channel.clone());
        let mut sent = call.fields.get("view").cloned().unwrap_or_default();
        for (n, block) in sent["blocks"].as_array_mut().into_iter().flatten().enumerate() {
            if block["block_id"].is_null() {
                block["block_id"] = format!("v{n}").into();
            }
        }
        let view = View {
            id: format!("V0{number:06}"),
            hash: format!("{number}.hash"),
            action,
            user,
            channel,
            state: initial(&sent),
            sent,
            is_open: true,
            errors: BTreeMap::new(),
        };
        let told = self.view_json(&view);
        self.views.push(view);
        Ok(json!({ "view": told }))
    }
}

impl View {
    /// Fills in these inputs. Returns an error if the client would not submit them.
    pub(super) fn fill(&mut self, values: &[(&str, &str)]) -> Result<(), String> {
        let blocks = self.sent["blocks"].as_array().cloned().unwrap_or_default();
        let inputs: Vec<_> = blocks.iter().filter(|block| block["type"] == "input").collect();
        for (name, value) in values {
            let named = |block: &&&Value| {
                let label = block["label"]["text"].as_str().unwrap_or_default();
                block["block_id"] == **name || label.contains(name)
            };
            let block = inputs.iter().find(named).ok_or(format!("there is no input {name:?}"))?;
            let (id, element) = (word(block, "block_id"), &block["element"]);
            self.state[&id][word(element, "action_id")] = filled(element, value)?;
        }
        for block in inputs.iter().filter(|block| block["optional"] != true) {
            let state = &self.state[word(block, "block_id")][word(&block["element"], "action_id")];
            if is_blank(state) {
                return Err(format!("{} is required", block["label"]["text"]));
            }
        }
        self.errors.clear();
        Ok(())
    }
}

fn word(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

fn is_blank(state: &Value) -> bool {
    let keys = ["value", "selected_option", "selected_options"];
    keys.iter().all(|key| match &state[key] {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    })
}

/// Returns the initial values of the inputs.
fn initial(view: &Value) -> Value {
    let mut state = json!({});
    for block in view["blocks"].as_array().into_iter().flatten().filter(|block| block["type"] == "input") {
        let element = &block["element"];
        let mut value = json!({ "type": element["type"] });
        match word(element, "type").as_str() {
            "plain_text_input" => value["value"] = element["initial_value"].clone(),
            "checkboxes" | "multi_static_select" => {
                value["selected_options"] = if element["initial_options"].is_null() {
                    json!([])
                } else {
                    element["initial_options"].clone()
                };
            }
            _ => value["selected_option"] = element["initial_option"].clone(),
        }
        state[word(block, "block_id")] = json!({ word(element, "action_id"): value });
    }
    state
}

/// An input filled in: a text, or choices by their text or value, several with commas between.
fn filled(element: &Value, value: &str) -> Result<Value, String> {
    let kind = word(element, "type");
    let length = value.chars().count() as u64;
    if kind == "plain_text_input" {
        let (least, most) =
            (element["min_length"].as_u64().unwrap_or(0), element["max_length"].as_u64().unwrap_or(3000));
        return match length {
            _ if length < least => Err(format!("{length} characters are too few")),
            _ if length > most => Err(format!("{length} characters are too many")),
            _ => Ok(json!({ "type": kind, "value": value })),
        };
    }
    let options = element["options"].as_array().cloned().unwrap_or_default();
    let choice = |name: &str| {
        let named = |option: &&Value| option["value"] == name || word(&option["text"], "text").contains(name);
        options.iter().find(named).cloned().ok_or(format!("there is no choice {name:?}"))
    };
    if ["checkboxes", "multi_static_select"].contains(&kind.as_str()) {
        let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
        let chosen = names.map(choice).collect::<Result<Vec<_>, _>>()?;
        let most = element["max_selected_items"].as_u64().unwrap_or(u64::MAX);
        if chosen.len() as u64 > most {
            return Err(format!("only {most} can be chosen"));
        }
        return Ok(json!({ "type": kind, "selected_options": chosen }));
    }
    Ok(json!({ "type": kind, "selected_option": choice(value)? }))
}
