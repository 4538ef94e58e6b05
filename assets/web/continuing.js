// The race that the next line continues: chosen under a finished race, and shown above the message box.

import { byId, el, icon, setText, show } from "./dom.js";

/** The longest part of a prompt that is shown; the style clips it to the width. */
const MAX_EXCERPT = 80;

let current = null;
let changed = () => {};

/** The race that the next line continues, as the service takes it: `{race, with}`; null where it starts one of its own. */
export const continuing = () => current;

/** The words for a way to continue `race`, within a sentence. */
function wordsOf(race, way) {
  const [kind, lane] = way.split(":");
  if (kind === "lane") return race.lanes[lane].model.name;
  return race.follow_ups.find((other) => other.with === way).label.replace(/^All/, "all");
}

/** Lets the next line continue `race` in this way, and moves the focus to the message box. */
export function begin(race, way) {
  const words = wordsOf(race, way);
  const prompt = race.prompt.replace(/\s+/g, " ").slice(0, MAX_EXCERPT);
  current = { race: race.id, with: way };
  byId("continuing-text").replaceChildren(
    "Continuing with ",
    el("strong", {}, el("bdi", {}, words)),
    " · ",
    el("bdi", {}, prompt),
  );
  show(byId("continuing"), true);
  setText(byId("announcer"), `Continuing with ${words}: ${prompt}`);
  changed();
  byId("say").focus();
}

/** Lets the next line start a race of its own again. */
export function leave() {
  if (!current) return;
  current = null;
  if (byId("continuing").contains(document.activeElement)) byId("say").focus();
  show(byId("continuing"), false);
  byId("continuing-text").replaceChildren();
  changed();
}

/** Wires up the ways to leave; `onchange()` hears of every change. */
export function wire(onchange) {
  changed = onchange;
  const stop = () => {
    leave();
    setText(byId("announcer"), "The next line starts a race of its own.");
  };
  byId("leave").append(icon("close"));
  byId("leave").addEventListener("click", stop);
  for (const place of [byId("composer"), byId("continuing")])
    place.addEventListener("keydown", (event) => {
      // The list of completions takes Escape first.
      if (event.key === "Escape" && current && !event.defaultPrevented) stop();
    });
}
