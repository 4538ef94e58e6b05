// The note above the message box, in this tab only. It goes away with its reason.

import { byId, el, setText, show } from "./dom.js";

const note = byId("note");
let reason = {};
let expiry;

/** Shows a note. `why` is its reason: `{race}`, `{unreachable}`, `{retryAfter}` (seconds). An empty text hides the note. */
export function say(text, why = {}, ...more) {
  clearTimeout(expiry);
  reason = why;
  note.replaceChildren(el("span", {}, text), ...more);
  show(note, text !== "");
  if (why.retryAfter) expiry = setTimeout(() => say(""), why.retryAfter * 1000);
}

/** The service is reachable again. */
export function reached() {
  if (reason.unreachable) say("");
}

/** A race changed or was removed: what was said about it may no longer be true. */
export function raceChanged(id) {
  if (reason.race === id) say("");
}

/** Shows the state of the connection; an empty text means that it is open. */
export function banner(text) {
  document.body.classList.toggle("offline", text !== "");
  setText(byId("banner"), text);
  show(byId("banner"), text !== "");
}
