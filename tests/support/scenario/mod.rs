//! Scenarios: the built binary between a fake platform and a scripted provider.

pub mod discord;
pub mod slack;

use std::fmt::Write as _;

use super::{program::Program, provider::FakeProvider};

/// The key that the provider expects.
pub const KEY: &str = "sk-story-5ecret";

/// A word in the prompts of stories that no log may contain.
pub const PROMPT: &str = "Qzprompt";

/// A word in the answers of stories that no log may contain.
pub const ANSWER: &str = "Qzanswer";

/// Returns the binary with these models of `provider` as its line-up, each with these settings of its own.
pub fn program(provider: &FakeProvider, models: &[(&str, &str)]) -> Program {
    let mut config = format!(
        "[[provider]]\nid = \"fake\"\nbase_url = \"{}\"\napi_key_env = \"FAKE_KEY\"\n",
        provider.base_url()
    );
    for (model, settings) in models {
        let name = model.to_uppercase();
        write!(
            config,
            "[[model]]\nid = \"{model}\"\nname = \"{name}\"\nprovider = \"fake\"\nmodel = \"{model}\"\n{settings}\n"
        )
        .expect("text");
    }
    Program::with(&config).env("FAKE_KEY", KEY)
}
