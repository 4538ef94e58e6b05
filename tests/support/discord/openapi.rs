//! Checks request bodies against Discord's published API description, a part of which is in `tests/fixtures/discord`.

use std::{collections::HashMap, sync::LazyLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    route::{OPERATIONS, Operation},
};

/// A validator for each operation that carries JSON.
static VALIDATORS: LazyLock<HashMap<Operation, Validator>> = LazyLock::new(|| {
    let text = include_str!("../../fixtures/discord/openapi.json");
    let description: Value = serde_json::from_str(text).expect("JSON");
    OPERATIONS.map(|operation| (operation, validator(&description, operation))).into()
});

/// Builds the validators. This takes a while, so it happens before a test depends on time.
pub fn prepare() {
    LazyLock::force(&VALIDATORS);
}

/// Returns the ways in which the body of a call differs from the description.
pub fn errors(call: &Call) -> Vec<String> {
    let Some(operation) = call.route.operation(&call.ids) else { return vec![] };
    let error = |error: jsonschema::ValidationError| {
        let text: String = error.to_string().chars().take(300).collect();
        format!("the published API at {:?}: {text}", error.instance_path().to_string())
    };
    VALIDATORS[&operation].iter_errors(&call.body).map(error).collect()
}

/// Returns the validator of an operation's request body. Its schema includes the schemas that it refers to.
fn validator(description: &Value, (path, method): Operation) -> Validator {
    let schema = &description["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "the published API has no schema for {method} {path}");
    let mut schemas = Map::new();
    let mut root = relaxed(schema);
    collect(&description["components"]["schemas"], &root, &mut schemas);
    root["components"] = json!({ "schemas": schemas });
    jsonschema::draft202012::new(&root).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

fn collect(all: &Value, schema: &Value, found: &mut Map<String, Value>) {
    match schema {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(Value::as_str);
            if let Some(name) = name.and_then(|name| name.strip_prefix("#/components/schemas/"))
                && !found.contains_key(name)
            {
                let target = relaxed_schema(all, name);
                found.insert(name.to_owned(), target.clone());
                collect(all, &target, found);
            }
            object.values().for_each(|value| collect(all, value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(all, value, found)),
        _ => {}
    }
}

/// Returns a schema of the description. Discord also accepts snowflakes as numbers.
fn relaxed_schema(all: &Value, name: &str) -> Value {
    if name == "SnowflakeType" {
        return json!({ "type": ["string", "integer"] });
    }
    assert!(all[name].is_object(), "the fixture has no schema {name}");
    relaxed(&all[name])
}

/// Returns the schema with unions that any of their members satisfies, and with permissions also as text: Discord
/// accepts both.
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
