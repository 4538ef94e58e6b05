// The answers of a race, one card per model. Every card scrolls, expands and can be copied at any time. A running card follows
// the end of its answer until its reader scrolls up; a finished one starts at the beginning unless it is being read.

import { copyButton, raceThis } from "./clipboard.js";
import { el, setText, show } from "./dom.js";
import { render } from "./markdown.js";
import { request } from "./server.js";
import { modelName } from "./standings.js";
import { Ballot } from "./vote.js";

const STATE_LABELS = {
  waiting: "waiting",
  reasoning: "reasoning",
  writing: "writing",
  finished: "✓ done",
  truncated: "cut off",
  failed: "failed",
  stopped: "stopped",
};
/** The distance to the end of an answer, in pixels, within which its reader follows it. */
const FOLLOW_DISTANCE = 12;

/** The height in pixels up to which a hidden edge is only padding. */
const MIN_HIDDEN = 4;

const lines = (n) => `${n} more ${n === 1 ? "line" : "lines"}`;

class Panel {
  constructor(race, index, press) {
    const { model } = race.lanes[index];
    const title = `race-${race.id}-${index}`;
    this.race = race.id;
    this.index = index;
    this.state = el("span", { class: "panel-state" });
    this.facts = el("p", { class: "panel-facts" });
    this.text = el("div", { class: "markdown" });
    this.placeholder = el("p", { class: "placeholder" });
    this.window = el(
      "div",
      { class: "window", tabindex: "0", role: "group", "aria-label": `Text by ${model.name}` },
      this.text,
      this.placeholder,
    );
    this.more = el("button", { type: "button", class: "more", "aria-expanded": "false", hidden: true });
    const what = `the answer by ${model.name}`;
    this.buttons = [copyButton(() => this.whole(), what), raceThis(() => this.whole(), what)].filter(Boolean);
    // The answers of an open vote have letters as their ids.
    this.ballot = race.progress === "voting" ? new Ballot(race, model.id, press) : null;
    this.node = el(
      "article",
      { class: "panel", "data-model": model.id, "aria-labelledby": title },
      el("header", {}, el("h4", { id: title }, this.ballot ? model.name : modelName(model)), this.ballot ? null : this.state),
      this.ballot ? null : this.facts,
      this.window,
      el("footer", {}, this.more, ...this.buttons),
      this.ballot?.node,
    );
    this.node.style.setProperty("--model", model.color);
    this.open = false;
    this.following = true;
    this.touched = false;
    this.more.addEventListener("click", () => this.toggle());
    this.window.addEventListener("scroll", () => this.scrolled());
    for (const event of ["wheel", "pointerdown", "keydown"])
      this.node.addEventListener(event, () => (this.touched = true), { passive: true });
  }

  update(lane) {
    const running = ["waiting", "reasoning", "writing"].includes(lane.state);
    this.lane = lane;
    this.node.dataset.state = lane.state;
    setText(this.state, STATE_LABELS[lane.state]);
    setText(this.facts, facts(lane));
    if (this.shown !== lane.answer) {
      this.shown = lane.answer;
      render(this.text, lane.answer);
    }
    setText(this.placeholder, lane.answer === "" ? placeholder(lane) : "");
    show(this.placeholder, lane.answer === "");
    for (const button of this.buttons) button.classList.toggle("absent", lane.answer === "");
    this.node.classList.toggle("running", running);
    if (running && this.following) this.window.scrollTop = this.window.scrollHeight;
    else if (!running && this.running && !this.touched) this.window.scrollTop = 0;
    this.running = running;
    this.measure();
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.window;
    this.following = scrollTop >= scrollHeight - clientHeight - FOLLOW_DISTANCE;
    this.measure();
  }

  /** Says how much of the answer is out of sight, and fades the edges behind which it is. */
  measure() {
    const { scrollTop, scrollHeight, clientHeight } = this.window;
    if (clientHeight === 0) return;
    const line = parseFloat(getComputedStyle(this.window).lineHeight);
    const below = Math.max(0, Math.ceil((scrollHeight - clientHeight - scrollTop - MIN_HIDDEN) / line));
    const above = Math.round(scrollTop / line);
    this.node.classList.toggle("cut-below", below > 0);
    this.node.classList.toggle("cut-above", above > 0);
    show(this.more, this.open || below + above > 0);
    setText(this.more, this.label(below, above));
    this.more.setAttribute("aria-expanded", String(this.open));
  }

  label(below, above) {
    if (this.open) return this.lane.clipped && !this.running ? "Show less (the rest is in Full answers)" : "Show less";
    return `Read all · ${lines(below || above)}${below ? "" : " above"}`;
  }

  toggle() {
    this.open = !this.open;
    this.node.classList.toggle("open", this.open);
    if (!this.open) this.node.scrollIntoView({ block: "nearest" });
    this.measure();
  }

  /** The whole answer: a card holds only a part of a very long one. */
  async whole() {
    if (!this.lane.clipped || this.running) return this.lane.answer;
    const { answers } = await request(`/api/races/${this.race}/answers`);
    return answers.find(({ model }) => model.id === this.lane.model.id)?.answer ?? this.lane.answer;
  }
}

/** The numbers of a lane in one line. */
function facts({ speed, numbers, status }) {
  if (!numbers) return status;
  const times = numbers.ttft === "n/a" ? [] : [`first ${numbers.ttft}`, numbers.total];
  return [speed, ...times].filter(Boolean).join(" · ");
}

/** The text in place of an answer that is empty so far. */
function placeholder(lane) {
  if (lane.state === "finished") return "The answer is empty.";
  return (
    { waiting: "Waiting for the first token", reasoning: "Reasoning before the answer" }[lane.state] ??
    lane.status
  );
}

/**
 * The cards of one race. While it runs they keep the order of the line-up: none moves while it is read. Once it is over they
 * take the order of the standings, as soon as no card is being read.
 */
export class Answers {
  constructor(race, press) {
    this.panels = race.lanes.map((_, index) => new Panel(race, index, press));
    const count = race.lanes.length;
    this.node = el(
      "div",
      { class: "answers", "data-lanes": count > 5 ? "many" : String(count) },
      ...this.panels.map((panel) => panel.node),
    );
    for (const event of ["pointerleave", "focusout"]) this.node.addEventListener(event, () => this.settle());
  }

  update({ lanes, standings, progress }) {
    lanes.forEach((lane, index) => this.panels[index].update(lane));
    this.final = progress === "live" ? null : standings;
    this.settle();
  }

  /** Shows the visitor's own ballot. */
  mark() {
    for (const { ballot } of this.panels) ballot?.mark();
  }

  /** Puts the cards into their final order, unless one is being read. */
  settle() {
    // The focus is between two elements while it moves.
    requestAnimationFrame(() => {
      if (!this.final || this.node.matches(":hover, :focus-within") || this.panels.some((panel) => panel.open)) return;
      const ordered = this.final.map((lane) => this.panels[lane].node);
      if (ordered.every((node, place) => node === this.node.children[place])) return;
      const tops = this.panels.map((panel) => panel.window.scrollTop);
      this.node.append(...ordered);
      this.panels.forEach((panel, index) => (panel.window.scrollTop = tops[index]));
    });
  }
}
