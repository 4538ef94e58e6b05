// Requests to the service, and its stream of messages.

/** A refusal with a sentence for the user. */
export class Refused extends Error {
  /**
   * `question` is the line if it may be a question rather than a command; `retryAfter` the seconds after which the request
   * may succeed; `unreachable` is true where the service did not answer.
   */
  constructor(say, { question, retryAfter, unreachable } = {}) {
    super(say);
    this.question = question;
    this.why = { retryAfter, unreachable };
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
    throw new Refused("Can't reach the service. Check that it is running, then try again.", {
      unreachable: true,
    });
  }
  const json = response.status === 204 ? {} : await response.json().catch(() => ({}));
  if (!response.ok)
    throw new Refused(json.say ?? `The service failed (HTTP ${response.status}). Try again.`, {
      question: json.question,
      retryAfter: json.retry_after,
    });
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
 * Follows the channel for as long as the page is open; calls `snapshot(page)`, `message(message)`, `removed(ids)`,
 * `disconnected(reason)` and `connected()`. A tab that is hidden for a minute disconnects, since a browser allows all tabs
 * of one service six connections; but not while `busy()`.
 */
export function follow({ snapshot, message, removed, disconnected, connected, busy }) {
  let source;
  let retry;
  let disconnect;
  let delay = MIN_RETRY_DELAY_MS;
  let position = "";
  const receive = (handle) => (event) => {
    position = event.lastEventId;
    handle(JSON.parse(event.data));
  };
  const open = () => {
    clearTimeout(retry);
    source?.close();
    const opened = new EventSource(position ? `/api/channel?after=${position}` : "/api/channel");
    source = opened;
    opened.addEventListener("open", () => {
      delay = MIN_RETRY_DELAY_MS;
      connected();
    });
    opened.addEventListener("snapshot", receive(snapshot));
    opened.addEventListener("message", receive(message));
    opened.addEventListener("removed", receive(removed));
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
  const disconnectLater = () => {
    disconnect = setTimeout(() => (busy() ? disconnectLater() : source.close()), HIDDEN_TIMEOUT_MS);
  };
  document.addEventListener("visibilitychange", () => {
    clearTimeout(disconnect);
    if (document.hidden) disconnectLater();
    else if (source.readyState === EventSource.CLOSED) open();
  });
  open();
}
