//! The rules of the game: what a request must be. Pure.

use std::net::SocketAddr;

use serde_json::Value;

use super::wire::Request;

/// The rules of a provider and its behaviour apart from its answers.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The key that every request must carry; `None`: none may.
    pub key: Option<String>,
    /// The names that it lists; `None`: it has no list and answers 404.
    pub listed: Option<Vec<String>>,
    /// The status line of a request for the list without the key; a success holds the list.
    pub keyless_listing: &'static str,
    /// A status line that refuses every request for the list.
    pub refuses_listing: Option<&'static str>,
    /// Fields of the body that are known beside the usual ones.
    pub extra: Vec<&'static str>,
    /// `stream_options` is not known here.
    pub no_stream_options: bool,
    /// Closes each connection after it answered for the list.
    pub hangs_up_after_listing: bool,
    /// Allows completions on new connections.
    pub cold: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            key: None,
            listed: Some(vec![]),
            keyless_listing: "401 Unauthorized",
            refuses_listing: None,
            extra: vec![],
            no_stream_options: false,
            hangs_up_after_listing: false,
            cold: false,
        }
    }
}

/// The purpose of a request.
pub enum Requested {
    /// The list; `true`: only its head.
    List(bool),
    /// The list, without the key.
    ListWithoutKey,
    /// A completion.
    Completion { model: String, body: Value },
}

const USUAL: [&str; 7] =
    ["model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "temperature"];

impl Rules {
    /// Returns the purpose of a request, or the way in which it breaks the rules.
    pub fn check(&self, request: &Request, address: SocketAddr) -> Result<Requested, String> {
        let is_list = (request.method.as_str(), request.path.as_str()) == ("GET", "/v1/models");
        if is_list && self.key.is_some() && request.header("authorization")?.is_none() {
            return Ok(Requested::ListWithoutKey);
        }
        self.check_headers(request, address)?;
        match (request.method.as_str(), request.path.as_str()) {
            (method @ ("GET" | "HEAD"), "/v1/models") if request.body.is_empty() => {
                Ok(Requested::List(method == "HEAD"))
            }
            ("POST", "/v1/chat/completions") => self.check_completion(request),
            (method, path) => Err(format!("nobody asks {method} {path}")),
        }
    }

    fn check_headers(&self, request: &Request, address: SocketAddr) -> Result<(), String> {
        let key = self.key.as_ref().map(|key| format!("Bearer {key}"));
        let host = Some(address.to_string());
        let plain = Some("identity".to_owned());
        for (name, want) in [("host", &host), ("authorization", &key), ("accept-encoding", &plain)] {
            if request.header(name)? != want.as_deref() {
                return Err(format!("the header {name} is not {}", want.as_deref().unwrap_or("absent")));
            }
        }
        match request.header("user-agent")? {
            Some(agent) if agent.starts_with("llm-arena/") => Ok(()),
            other => Err(format!("the client calls itself {other:?}")),
        }
    }

    fn check_completion(&self, request: &Request) -> Result<Requested, String> {
        for (name, want) in [("content-type", "application/json"), ("accept", "text/event-stream")] {
            if request.header(name)? != Some(want) {
                return Err(format!("the header {name} is not {want}"));
            }
        }
        let body: Value = serde_json::from_slice(&request.body).map_err(|error| format!("body: {error}"))?;
        let fields = body.as_object().ok_or("the body is no object")?;
        let known = |field: &&String| USUAL.contains(&field.as_str()) || self.extra.contains(&field.as_str());
        if let Some(unknown) = fields.keys().find(|field| !known(field)) {
            return Err(format!("the unknown field {unknown}"));
        }
        self.check_fields(&body)?;
        let model = body["model"].as_str().ok_or("no model is named")?.to_owned();
        Ok(Requested::Completion { model, body })
    }

    fn check_fields(&self, body: &Value) -> Result<(), String> {
        if body["stream"] != true {
            return Err("no stream is asked for".into());
        }
        let options = body.get("stream_options");
        if options.is_some_and(|options| *options != serde_json::json!({ "include_usage": true }))
            || (options.is_none() && !self.no_stream_options)
        {
            return Err(format!("stream_options are {}", options.unwrap_or(&Value::Null)));
        }
        if !["max_tokens", "max_completion_tokens"].iter().any(|field| body[field].as_u64() > Some(0)) {
            return Err("no cap on the tokens".into());
        }
        let messages = body["messages"].as_array().filter(|all| !all.is_empty()).ok_or("no messages")?;
        messages.iter().try_for_each(check_message)?;
        check_order(messages)
    }
}

/// After the system's texts, the user and the model speak in turns, and the user speaks last: chat templates of several
/// models reject everything else.
fn check_order(messages: &[Value]) -> Result<(), String> {
    let roles: Vec<_> = messages.iter().map(|message| message["role"].as_str().unwrap_or_default()).collect();
    let turns = &roles[roles.iter().take_while(|role| **role == "system").count()..];
    let expected = ["user", "assistant"].into_iter().cycle();
    if turns.len() % 2 == 1 && turns.iter().zip(expected).all(|(role, expected)| *role == expected) {
        Ok(())
    } else {
        Err(format!("the roles of the messages are {roles:?}"))
    }
}

fn check_message(message: &Value) -> Result<(), String> {
    let fields = message.as_object().ok_or("a message is no object")?;
    let known = matches!(message["role"].as_str(), Some("system" | "user" | "assistant"));
    let content = message["content"].as_str().is_some_and(|text| !text.is_empty());
    if known && content && fields.len() == 2 {
        Ok(())
    } else {
        Err("a message has not just a role and a text".into())
    }
}
