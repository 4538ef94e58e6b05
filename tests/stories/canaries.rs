//! Canaries on the command line.

use super::{program, with_timeout};
use crate::stories::command_line::with_key;

/// A canary that is not due for as long as a story takes.
pub(super) const CANARY: &str =
    "[[canary]]\nid = \"vllm\"\ncron = \"0 0 1 1 *\"\nprompt = \"Count to ten.\"\n";

#[tokio::test]
async fn a_check_lists_the_canaries_with_their_next_runs() {
    let provider = with_key([]).await;
    let program = program(&provider, &[("a", ""), ("b", "")]).with_lines(&format!(
        "{CANARY}[[canary]]\nid = \"often\"\nevery = \"90m\"\nmodels = [\"b\"]\nprompt = \"Hi.\"\n"
    ));
    let outcome = with_timeout(program.run(&["check"])).await;
    let canaries: Vec<&str> = outcome.stdout.lines().filter(|line| line.starts_with("Canary ")).collect();
    assert_eq!(canaries.len(), 2, "{outcome:?}");
    assert!(canaries[0].starts_with("Canary vllm: 0 0 1 1 *, a, b; next run "), "{canaries:?}");
    assert!(canaries[1].starts_with("Canary often: every 90m, b; next run "), "{canaries:?}");
    assert!(canaries[1].ends_with(" UTC"), "{canaries:?}");
}
