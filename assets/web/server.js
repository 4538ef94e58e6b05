// Requests to the service, and its stream of messages.

/** A refusal with a sentence for the user. */
export class Refused extends Error {
  /** `question` is the line if it may be a question rather than a command. */
  constructor(say, question) {
    super(say);
    this.question = question;
  }
}

/** Sends a request, a POST if there is a `body`. Returns the JSON of the response or throws `Refused`. */
export async function request(path, body) {
  const post = {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
  let response;
  try {
    response = await fetch(path, body === undefined ? {} : post);
  } catch {
    throw new Refused("Can't reach the service. Check that it is running, then try again.");
  }
  const json = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refused(json.say ?? `The service failed (HTTP ${response.status}). Try again.`, json.question);
  return json;
}

const MIN_RETRY_DELAY_MS = 2000;
const MAX_RETRY_DELAY_MS = 60_000;
const HIDDEN_TIMEOUT_MS = 60_000;

/** Returns the sentence with which the service refuses the stream, or "" if it does not. */
async function refusal() {
  const probe = new AbortController();
  try {
    const response = await fetch("/api/channel", { signal: probe.signal });
    return response.ok ? "" : ((await response.json()).say ?? "");
  } catch {
    return "";
  } finally {
    probe.abort();
  }
}

/**
 * Follows the channel for as long as the page is open; calls `snapshot(page)`, `message(message)`,
 * `disconnected(reason)` and `connected()`. A tab that is hidden for a minute disconnects, since a browser allows all tabs
 * of one service six connections.
 */
export function follow({ snapshot, message, disconnected, connected }) {
  let source;
  let retry;
  let disconnect;
  let delay = MIN_RETRY_DELAY_MS;
  const open = () => {
    clearTimeout(retry);
    source?.close();
    const opened = new EventSource("/api/channel");
    source = opened;
    opened.addEventListener("open", () => {
      delay = MIN_RETRY_DELAY_MS;
      connected();
    });
    opened.addEventListener("snapshot", (event) => snapshot(JSON.parse(event.data)));
    opened.addEventListener("message", (event) => message(JSON.parse(event.data)));
    opened.addEventListener("error", async () => {
      disconnected("");
      // The browser reconnects by itself after a network error, but gives up after an HTTP error, and hides its text.
      if (opened.readyState !== EventSource.CLOSED) return;
      retry = setTimeout(open, delay);
      delay = Math.min(2 * delay, MAX_RETRY_DELAY_MS);
      const reason = await refusal();
      if (reason && source === opened) disconnected(reason);
    });
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(disconnect);
    if (document.hidden) disconnect = setTimeout(() => source.close(), HIDDEN_TIMEOUT_MS);
    else if (source.readyState === EventSource.CLOSED) open();
  });
  open();
}
