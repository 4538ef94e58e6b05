// Talks to the service: commands, buttons, the stream of messages.

/** What the service would not do, in a person's words. */
export class Refused extends Error {}

/** Asks the service; `body` makes it a POST. Gives what the answer holds. Throws `Refused`. */
export async function ask(path, body) {
  const post = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, body === undefined ? {} : post);
  } catch {
    throw new Refused("The service cannot be reached. Is it still running?");
  }
  const said = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refused(said.say ?? `The service had trouble (HTTP ${response.status}). Try again.`);
  return said;
}

const RETRY_MS = 2000;
const HIDDEN_MS = 60_000;

/**
 * Follows the channel for as long as the page lives: `snapshot(messages)`, `message(message)`, `lost()`, `back()`.
 * A tab that is hidden for a minute lets go, since a browser gives all tabs of one service six connections.
 */
export function follow({ snapshot, message, lost, back }) {
  let source;
  let retry;
  let leave;
  const open = () => {
    clearTimeout(retry);
    source?.close();
    source = new EventSource("/api/channel");
    source.addEventListener("open", back);
    source.addEventListener("snapshot", (event) => snapshot(JSON.parse(event.data)));
    source.addEventListener("message", (event) => message(JSON.parse(event.data)));
    source.addEventListener("error", () => {
      lost();
      // The browser comes back by itself after a cut, but gives up after an HTTP error.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(open, RETRY_MS);
    });
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(leave);
    if (document.hidden) leave = setTimeout(() => source.close(), HIDDEN_MS);
    else if (source.readyState === EventSource.CLOSED) open();
  });
  open();
}
