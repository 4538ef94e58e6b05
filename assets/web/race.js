// The message of a race: headline, prompt, standings, lesson, answers, buttons.

import { actions, actionsKey, permalink } from "./actions.js";
import { Answers } from "./answers.js";
import { badge, byId, el, icon, prefersReducedMotion, setText, show } from "./dom.js";
import { play } from "./replay.js";
import { Standings } from "./standings.js";
import { shapeOf, Vote } from "./vote.js";

/** The length from which a prompt is folded. */
const LONG_PROMPT = 400;

/** The time of day of an RFC 3339 timestamp. */
export function clock(at) {
  const time = new Date(at);
  const shown = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return el("time", { datetime: at, title: time.toLocaleString() }, shown);
}

/** The names of the attached files; null if there are none. */
function attached(files) {
  return files.length === 0 ? null : el("p", { class: "files" }, `📎 ${files.join(", ")}`);
}

/** The notes of a race that continues none; null if there is nothing to say. */
function noted(notes) {
  return notes.length === 0 ? null : el("p", { class: "prompt-notes" }, notes.join(" · "));
}

/** Moves to the message of a race where it is on this page; otherwise the link opens the race's own page. */
function goTo(id, event) {
  const message = byId(`race-${id}`)?.closest(".message");
  if (!message || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  message.scrollIntoView({ block: "start", behavior: prefersReducedMotion() ? "auto" : "smooth" });
  message.querySelector(".permalink").focus({ preventScroll: true });
}

/** The line that names the race before this one, as far as it still exists. */
function parentLine({ parent: { id, prompt }, notes }) {
  const link = { href: permalink(id), onclick: (event) => goTo(id, event) };
  const race = prompt === null ? "a race that was deleted" : el("a", link, el("bdi", {}, prompt));
  const facts = notes.map((note) => el("span", { class: "prompt-notes" }, ` · ${note}`));
  return [icon("continue"), el("span", {}, "continues: "), race, ...facts];
}

/** The message of one race; `press(action, id, button, detail)` handles its buttons. */
export class RaceMessage {
  constructor(race, press) {
    this.id = race.id;
    this.press = press;
    this.shape = shapeOf(race);
    this.vote = new Vote(race, press);
    this.standings = new Standings(race.lanes);
    this.parent = el("p", { class: "parent", hidden: true });
    this.satOut = el("p", { class: "sat-out", hidden: true });
    this.lesson = el("p", { class: "lesson" });
    this.cost = el("p", { class: "cost", hidden: true });
    this.answers = new Answers(race, press);
    this.mark = el("span", { "aria-hidden": "true" });
    this.headline = el("span");
    this.notice = el("p", { class: "notice", hidden: true });
    this.state = el("span", { class: "state-tag" });
    this.actions = el("div", { class: "actions" });
    this.node = el(
      "li",
      { class: "message race", "data-race": race.id },
      this.article(race),
    );
    this.update(race);
  }

  article(race) {
    const title = el(
      "h3",
      { id: `race-${race.id}` },
      this.mark,
      this.headline,
    );
    const head = el(
      "header",
      { class: "message-head" },
      title,
      el("bdi", { class: "asker" }, race.asker),
      race.simulated ? badge() : null,
      race.persona ? el("span", { class: "badge" }, `persona: ${race.persona}`) : null,
      this.state,
      el("a", { class: "permalink", href: permalink(race.id), title: "Link to this race" }, clock(race.at)),
    );
    return el(
      "article",
      { class: "message-body", "aria-labelledby": `race-${race.id}` },
      this.parent,
      head,
      prompt(race.prompt),
      attached(race.files),
      race.parent ? null : noted(race.notes),
      this.satOut,
      this.vote.node,
      this.standings.node,
      this.lesson,
      this.notice,
      this.answers.node,
      this.cost,
      this.actions,
    );
  }

  /** Shows the state of `race`. */
  update(race) {
    const live = race.progress === "live";
    this.race = race;
    this.live = live;
    this.node.dataset.progress = race.progress;
    const refocused = this.reshape(race);
    setText(
      this.state,
      { live: "live", voting: "vote open", done: "", stopped: "stopped", interrupted: "interrupted" }[race.progress],
    );
    const parent = race.parent && `${race.parent.id} ${race.parent.prompt}`;
    if (parent && this.parent.dataset.key !== parent) {
      this.parent.dataset.key = parent;
      this.parent.replaceChildren(...parentLine(race));
      show(this.parent, true);
    }
    const { icon: mark, text } = race.headline ?? startLine(race);
    setText(this.mark, `${mark} `);
    // A figure stays with its unit.
    setText(this.headline, text.replace(" tok/s", "\u00a0tok/s"));
    setText(this.satOut, race.sat_out ?? "");
    show(this.satOut, race.sat_out !== null);
    this.vote.update(race);
    // The rows of a blind race would be its names and speeds.
    const isBlind = race.lanes.length === 0 || race.progress === "voting";
    show(this.standings.node, !isBlind);
    if (!isBlind) this.standings.update(race);
    show(this.answers.node, race.lanes.length > 0);
    // Its room is kept while the race runs, so that the answers below stay where they are when it ends.
    setText(this.lesson, race.lesson ?? "The lesson of this race follows when it is over.");
    this.lesson.classList.toggle("pending", race.lesson === null);
    show(this.lesson, race.lesson !== null || (live && race.lanes.length > 1));
    setText(this.cost, race.cost === null ? "" : `Cost: ${race.cost}`);
    show(this.cost, race.cost !== null);
    setText(this.notice, race.notice ?? "");
    show(this.notice, race.notice !== null);
    this.answers.update(race);
    this.buttons();
    if (refocused) this.focus();
  }

  /** Replaces the rows and cards where a vote opens or closes. Returns true if one of them had the focus. */
  reshape(race) {
    const shape = shapeOf(race);
    if (shape === this.shape) return false;
    this.shape = shape;
    const replaced = [this.standings.node, this.answers.node];
    const focused = [...replaced, this.vote.node].some((node) => node.contains(document.activeElement));
    this.standings = new Standings(race.lanes);
    this.answers = new Answers(race, this.press);
    // Rows that are not on the page yet take their places without moving there.
    if (race.lanes.length > 0 && race.progress !== "voting") this.standings.update(race);
    replaced[0].replaceWith(this.standings.node);
    replaced[1].replaceWith(this.answers.node);
    return focused;
  }

  /** Shows the visitor's own ballot. */
  markBallot() {
    this.vote.mark();
    this.answers.mark();
  }

  /** Plays the race again; `points` are those of its lanes. */
  async replay(points) {
    this.node.dataset.replay = "playing";
    await play(this.race, points, (moment) => {
      this.standings.update(moment ?? this.race);
      return this.node.isConnected;
    });
    this.node.dataset.replay = "played";
  }

  /** Moves the focus to the first button. */
  focus() {
    this.actions.querySelector("button")?.focus({ preventScroll: true });
  }

  /** Shows the buttons that work now. Stop is in the dock. */
  buttons() {
    const key = actionsKey(this.race);
    if (this.actions.dataset.key === key) return;
    const focused = this.actions.contains(document.activeElement)
      ? (document.activeElement.dataset.action ?? "")
      : null;
    const open = this.actions.querySelector("details[open] > summary")?.dataset.action;
    this.actions.dataset.key = key;
    this.actions.replaceChildren(...actions(this.race, this.press));
    const list = open && this.actions.querySelector(`summary[data-action="${open}"]`);
    if (list) list.parentElement.open = true;
    show(this.actions, this.actions.childElementCount > 0);
    if (focused === null) return;
    const next =
      this.actions.querySelector(`[data-action="${focused}"]`) ??
      this.actions.querySelector("button") ??
      this.node.closest(".log");
    next?.focus({ preventScroll: true });
  }
}

/** The headline of a running race. */
function startLine({ lanes, vote }) {
  if (vote) return { icon: "🙈", text: `${vote.of} models are answering, unseen` };
  const text = lanes.length === 1 ? `${lanes[0].model.name} is answering` : `${lanes.length} models are racing`;
  return { icon: "⚔️", text };
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
  if (race.vote) return `${race.asker} asks for a blind vote: ${race.prompt.slice(0, 200)}`;
  const verb = race.parent ? "continues with" : "asks";
  return `${race.asker} ${verb} ${names.length === 1 ? names[0] : `${names.length} models`}: ${race.prompt.slice(0, 200)}`;
}

/** The announcement to screen readers when a race is over. */
export function endAnnouncement(race) {
  if (race.progress === "voting") return "The answers are ready. Which one is best?";
  if (race.vote) return `The vote is closed. ${race.headline.text}.`;
  const best = race.lanes[race.standings[0]];
  const winner = best?.speed ? ` ${best.model.name}: ${best.speed}.` : "";
  const how = {
    done: "The race is over.",
    stopped: "The race was stopped.",
    interrupted: "The race was interrupted by a restart.",
  }[race.progress];
  return `${how}${winner} ${race.lesson ?? ""}`;
}
