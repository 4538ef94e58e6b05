// The vote of a blind race: its state above the answers, a ballot under each of them, and the result.

import { el, setText, show } from "./dom.js";
import { modelName } from "./standings.js";
import { ballotOf } from "./visitor.js";

/** Describes what the parts of a message depend on: an open vote shows other answers than the race behind it. */
export const shapeOf = ({ vote, lanes }) => `${vote?.state ?? "open race"} ${lanes.length}`;

const button = (action, label, attributes = {}) =>
  el("button", { type: "button", class: `action action-${action}`, "data-action": action, ...attributes }, label);

/** The time until `at` as "9:05". */
function remaining(at) {
  const seconds = Math.max(0, Math.ceil((new Date(at) - Date.now()) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The state of the vote; `press(action, id, button, ballot)` handles its buttons. */
export class Vote {
  constructor(race, press) {
    this.press = press;
    this.id = race.id;
    this.text = el("p", { class: "vote-text" });
    this.own = el("p", { class: "vote-own", role: "status" });
    this.progress = el("progress", { class: "vote-progress", "aria-label": "Answers that are ready" });
    this.time = el("p", { class: "vote-time", role: "timer" });
    this.none = button("none", "None is good", { onclick: (event) => this.cast({ best: null }, event) });
    this.noSecond = button("no-second", "No second", {
      onclick: (event) => this.cast({ best: this.ballot.best, second: "none" }, event),
    });
    this.choices = el("div", { class: "vote-choices" }, this.none, this.noSecond);
    this.result = el("table", { class: "votes" });
    this.node = el(
      "div",
      { class: "vote", role: "group", "aria-label": "Blind vote" },
      el("div", { class: "vote-head" }, this.text, this.time),
      this.progress,
      this.own,
      this.choices,
      this.result,
    );
    this.ticking = null;
  }

  cast(ballot, event) {
    this.press("ballot", this.id, event.currentTarget, ballot);
  }

  update(race) {
    const { vote } = race;
    this.vote = vote;
    show(this.node, vote !== null);
    if (vote === null) return this.tick(false);
    this.node.dataset.state = vote.state;
    setText(this.text, vote.text);
    show(this.text, vote.state !== "closed");
    show(this.progress, vote.state === "writing");
    if (vote.state === "writing") [this.progress.max, this.progress.value] = [vote.of, vote.ready];
    this.tick(vote.state === "open");
    this.mark();
    show(this.result, vote.state === "closed");
    if (vote.state === "closed") this.result.replaceChildren(...result(race, this.ballot));
  }

  /** Shows the visitor's own ballot, which only this browser knows. */
  mark() {
    this.ballot = ballotOf(this.id);
    const isOpen = this.vote?.state === "open";
    const asksSecond = isOpen && this.ballot?.best && !this.ballot.whole;
    setText(this.own, this.vote && this.ballot ? ownWords(this.ballot, isOpen) : "");
    show(this.own, this.own.textContent !== "");
    show(this.choices, isOpen);
    show(this.noSecond, Boolean(asksSecond));
    this.none.setAttribute("aria-pressed", String(this.ballot?.best === null));
  }

  /** Counts down to the end of the vote. */
  tick(isOpen) {
    show(this.time, isOpen);
    clearInterval(this.ticking);
    if (!isOpen) return;
    const draw = () => setText(this.time, `Closes in ${remaining(this.vote.closes_at)}`);
    draw();
    this.ticking = setInterval(() => (this.node.isConnected ? draw() : clearInterval(this.ticking)), 1000);
  }
}

function ownWords({ best, second, whole }, isOpen) {
  const choice = best === null ? "none is good" : `${best} is best${second ? `, then ${second}` : ""}`;
  if (!isOpen) return `Your ballot: ${choice}.`;
  if (!whole) return `Your ballot: ${choice}. It's saved. Which one is second best?`;
  return `Your ballot is saved: ${choice}. You can change it until the vote closes.`;
}

/** The votes of each answer, with the names behind the letters. */
function result({ vote, lanes }, ballot) {
  const most = Math.max(1, ...vote.picks.map(({ best }) => best));
  const row = ({ label, lane, best, second }) => {
    const { model } = lanes[lane];
    const fill = el("span", { class: "fill" });
    fill.style.setProperty("width", `${(100 * best) / most}%`);
    const track = el("span", { class: "track", "aria-hidden": "true" }, fill);
    track.style.setProperty("--model", model.color);
    return el(
      "tr",
      { "data-label": label },
      el("th", { scope: "row" }, el("span", { class: "letter" }, label), modelName(model), yours(label, ballot)),
      el("td", { class: "vote-bar" }, track),
      el("td", { class: "vote-count" }, String(best)),
      el("td", { class: "vote-count" }, String(second)),
    );
  };
  const head = ["Answer", "", "best", "second"].map((title) => el("th", { scope: "col" }, title));
  const ballots = `${vote.voters} ${vote.voters === 1 ? "ballot" : "ballots"}`;
  const none = vote.none_good > 0 ? `, ${vote.none_good} of them: none is good` : "";
  return [
    el("caption", {}, `Votes: ${ballots}${none}.${vote.note ? ` ${vote.note}` : ""}`),
    el("thead", {}, el("tr", {}, ...head)),
    el("tbody", {}, ...vote.picks.map(row)),
  ];
}

function yours(label, ballot) {
  const mine = { [ballot?.best]: "your best", [ballot?.second]: "your second" }[label];
  return mine ? el("span", { class: "badge" }, mine) : null;
}

/** The ballot under the answer of one letter. */
export class Ballot {
  constructor(race, label, press) {
    this.id = race.id;
    this.label = label;
    const cast = (ballot) => (event) => press("ballot", race.id, event.currentTarget, ballot());
    this.best = button("best", "Best", { onclick: cast(() => ({ best: label })) });
    this.second = button("second", "Second best", {
      onclick: cast(() => ({ best: ballotOf(race.id).best, second: label })),
    });
    this.node = el("div", { class: "ballot", role: "group", "aria-label": `Vote for answer ${label}` }, this.best, this.second);
    this.mark();
  }

  /** Shows the visitor's own ballot. */
  mark() {
    const ballot = ballotOf(this.id);
    const [isBest, isSecond] = [ballot?.best === this.label, ballot?.second === this.label];
    setText(this.best, isBest ? "✓ Best" : "Best");
    setText(this.second, isSecond ? "✓ Second best" : "Second best");
    this.best.setAttribute("aria-pressed", String(isBest));
    this.second.setAttribute("aria-pressed", String(isSecond));
    this.best.setAttribute("aria-label", `Answer ${this.label} is best`);
    this.second.setAttribute("aria-label", `Answer ${this.label} is second best`);
    show(this.second, Boolean(ballot?.best) && !isBest);
  }
}
