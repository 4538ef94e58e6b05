//! Where the prompt of `compare` and `ask` comes from: the command line, or standard input to its end.

use std::io::Read as _;

use super::StartError;
use crate::cli::PromptSource;

/// The most that is read of a prompt on standard input, in MiB: beyond every limit that can be configured.
const STDIN_MIB: usize = 4;
const STDIN_BYTES: usize = STDIN_MIB << 20;

/// The prompt of `source`. Reading blocks a thread of its own, which stays behind when this future is dropped:
/// nothing ends a read of a terminal early.
pub(super) async fn read(source: PromptSource) -> Result<String, StartError> {
    let problem = match source {
        PromptSource::Text(text) => return Ok(text),
        PromptSource::Stdin => match tokio::task::spawn_blocking(stdin).await {
            Ok(Ok(text)) => return Ok(text),
            Ok(Err(problem)) => problem,
            Err(error) => format!("cannot be read: {error}"),
        },
    };
    Err(StartError::Usage(format!("the prompt on stdin {problem}")))
}

fn stdin() -> Result<String, String> {
    tracing::debug!("reading the prompt from standard input");
    let mut bytes = Vec::new();
    let most = STDIN_BYTES as u64 + 1;
    std::io::stdin()
        .lock()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() > STDIN_BYTES {
        return Err(format!("is longer than {STDIN_MIB} MiB"));
    }
    let text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text")?;
    Ok(text.trim_end().to_owned())
}
