// The message of a race: prompt, standings or results, answers, buttons.

import { actions, actionsKey, permalink } from "./actions.js";
import { Answers } from "./answers.js";
import { badge, el, setText, show } from "./dom.js";
import { Results } from "./results.js";
import { Standings } from "./standings.js";

/** The length from which a prompt is folded. */
const LONG_PROMPT = 400;

/** The time of day of an RFC 3339 timestamp. */
export function clock(at) {
  const time = new Date(at);
  const shown = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return el("time", { datetime: at, title: time.toLocaleString() }, shown);
}

/** The message of one race; `press(action, id, button)` handles its buttons. */
export class RaceMessage {
  constructor(race, press) {
    this.id = race.id;
    this.standings = new Standings(race.lanes);
    this.results = new Results();
    this.answers = new Answers(race.lanes);
    this.notice = el("p", { class: "notice", hidden: true });
    this.state = el("span", { class: "state-tag" });
    this.actions = el("div", { class: "actions" });
    this.press = press;
    this.node = el(
      "li",
      { class: "message race", "data-race": race.id },
      el("div", { class: "avatar", "aria-hidden": "true" }, "⚔️"),
      this.article(race),
    );
    this.update(race);
  }

  article(race) {
    const title = el(
      "h3",
      { id: `race-${race.id}` },
      el("span", { "aria-hidden": "true" }, "⚔️ "),
      "Arena · ",
      el("bdi", { class: "asker" }, race.asker),
      " asks",
    );
    const head = el(
      "header",
      { class: "message-head" },
      title,
      race.simulated ? badge() : null,
      this.state,
      el("a", { class: "permalink", href: permalink(race.id), title: "Link to this race" }, clock(race.at)),
    );
    return el(
      "article",
      { class: "message-body", "aria-labelledby": `race-${race.id}` },
      head,
      prompt(race.prompt),
      this.standings.node,
      this.results.node,
      this.notice,
      this.answers.node,
      this.actions,
    );
  }

  /** Shows the state of `race`. */
  update(race) {
    const live = race.progress === "live";
    this.race = race;
    this.live = live;
    this.node.dataset.progress = race.progress;
    setText(
      this.state,
      { live: "live", done: "", stopped: "stopped", interrupted: "interrupted" }[race.progress],
    );
    show(this.standings.node, live);
    show(this.results.node, !live);
    if (live) this.standings.update(race.lanes, race.standings);
    else this.results.update(race);
    setText(this.notice, race.notice ?? "");
    show(this.notice, race.notice !== null);
    this.answers.update(race.lanes, live);
    this.buttons();
  }

  /** Shows the buttons that work now. */
  buttons() {
    const key = actionsKey(this.race);
    if (this.actions.dataset.key === key) return;
    const focused = this.actions.contains(document.activeElement)
      ? (document.activeElement.dataset.action ?? "")
      : null;
    this.actions.dataset.key = key;
    this.actions.replaceChildren(...actions(this.race, this.press));
    if (focused === null) return;
    const next =
      this.actions.querySelector(`[data-action="${focused}"]`) ??
      this.actions.querySelector("button") ??
      this.node.closest(".log");
    next?.focus({ preventScroll: true });
  }
}

/** The quoted prompt, folded where it is long. */
function prompt(text) {
  const quote = el("blockquote", { class: "prompt", dir: "auto" }, text);
  if (text.length < LONG_PROMPT && text.split("\n").length < 6) return quote;
  quote.classList.add("folded");
  const more = el(
    "button",
    {
      type: "button",
      class: "more",
      "aria-expanded": "false",
      onclick: () => {
        const folded = quote.classList.toggle("folded");
        more.setAttribute("aria-expanded", String(!folded));
        setText(more, folded ? "Show full prompt" : "Show less");
      },
    },
    "Show full prompt",
  );
  return el("div", {}, quote, more);
}

/** The announcement to screen readers when a race starts. */
export function startAnnouncement(race) {
  const names = race.lanes.map((lane) => lane.model.name);
  return `${race.asker} asks ${names.length === 1 ? names[0] : `${names.length} models`}: ${race.prompt.slice(0, 200)}`;
}

/** The announcement to screen readers when a race is over. */
export function endAnnouncement(race) {
  const best = race.lanes[race.standings[0]];
  const winner = best?.speed ? ` ${best.model.name}: ${best.speed}.` : "";
  const how = {
    done: "The race is over.",
    stopped: "The race was stopped.",
    interrupted: "The race was interrupted by a restart.",
  }[race.progress];
  return `${how}${winner} ${race.lesson ?? ""}`;
}
