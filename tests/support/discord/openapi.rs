//! Bodies held against Discord's published API description, where `ARENA_DISCORD_OPENAPI` names the file.
//! <https://github.com/discord/discord-api-spec>

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    route::{OPERATIONS, Operation},
};

/// The description that the variable names, read once.
static PUBLISHED: LazyLock<Option<Result<Published, String>>> = LazyLock::new(|| {
    let path = named()?;
    Some(Published::read(&path).map_err(|error| format!("{}: {error}", path.display())))
});

fn published() -> Option<&'static Published> {
    let read = PUBLISHED.as_ref()?;
    Some(read.as_ref().unwrap_or_else(|error| panic!("{error}")))
}

#[expect(clippy::disallowed_methods, reason = "a test's own switches are no configuration")]
fn named() -> Option<PathBuf> {
    std::env::var_os("ARENA_DISCORD_OPENAPI").filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// A published description with one validator per operation, built when first needed.
pub struct Published {
    document: Value,
    validators: Mutex<HashMap<Operation, Arc<Validator>>>,
}

/// What the description says against the body of a call; nothing where there is no description.
pub fn errors(call: &Call) -> Vec<String> {
    published().map_or(vec![], |published| published.errors(call))
}

/// Reads the description and builds its validators, once, before a clock runs. True when there is one.
///
/// # Panics
/// When the variable names a file that cannot be used.
pub fn is_there() -> bool {
    published().inspect(|published| OPERATIONS.iter().for_each(|one| drop(published.ready(*one)))).is_some()
}

impl Published {
    /// Reads the file; the error says why it cannot be used.
    pub fn read(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
        let document: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if !document["components"]["schemas"].is_object() {
            return Err("no description of an API".into());
        }
        Ok(Self { document, validators: Mutex::default() })
    }

    fn errors(&self, call: &Call) -> Vec<String> {
        let Some(operation) = call.route.operation(&call.ids) else { return vec![] };
        let validator = self.ready(operation);
        let error = |error: jsonschema::ValidationError| {
            let text: String = error.to_string().chars().take(300).collect();
            format!("the published API at {:?}: {text}", error.instance_path().to_string())
        };
        validator.iter_errors(&call.body).map(error).collect()
    }

    /// The validator of an operation; the first who wants it builds it.
    fn ready(&self, operation: Operation) -> Arc<Validator> {
        let mut validators = self.validators.lock().expect("validators");
        Arc::clone(validators.entry(operation).or_insert_with(|| Arc::new(self.validator(operation))))
    }

    /// The schema of the operation's JSON, with what it refers to and no more.
    fn validator(&self, (path, method): Operation) -> Validator {
        let schema =
            &self.document["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "the published API has no schema for {method} {path}");
        let mut schemas = Map::new();
        let mut root = relaxed(schema);
        self.collect(&root, &mut schemas);
        root["components"] = json!({ "schemas": schemas });
        jsonschema::draft202012::new(&root).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    fn collect(&self, schema: &Value, found: &mut Map<String, Value>) {
        match schema {
            Value::Object(object) => {
                let name = object.get("$ref").and_then(Value::as_str);
                if let Some(name) = name.and_then(|name| name.strip_prefix("#/components/schemas/"))
                    && !found.contains_key(name)
                {
                    let target = self.relaxed_schema(name);
                    found.insert(name.to_owned(), target.clone());
                    self.collect(&target, found);
                }
                object.values().for_each(|value| self.collect(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| self.collect(value, found)),
            _ => {}
        }
    }

    fn relaxed_schema(&self, name: &str) -> Value {
        if name == "SnowflakeType" {
            return json!({ "type": ["string", "integer"] });
        }
        relaxed(&self.document["components"]["schemas"][name])
    }
}

/// Unions by any of their members, and permissions also as text: Discord takes both.
fn relaxed(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => object
            .iter()
            .map(|(key, value)| match key.as_str() {
                "oneOf" => ("anyOf".to_owned(), relaxed(value)),
                "default_member_permissions" => {
                    (key.clone(), json!({ "type": ["integer", "string", "null"] }))
                }
                _ => (key.clone(), relaxed(value)),
            })
            .collect(),
        Value::Array(items) => items.iter().map(relaxed).collect(),
        other => other.clone(),
    }
}
