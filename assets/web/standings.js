// The picture of a race: one table row per model with its time on a common axis, its speed as a bar, and its numbers. It is the
// same picture while the race runs and afterwards, so nothing jumps when it ends. Rows move as the ranking changes.

import { badge, dot, el, prefersReducedMotion, setText, show } from "./dom.js";
import { Axis, scale, Timeline } from "./timeline.js";

/** The shortest time between two changes of the order, which would otherwise be unreadable. */
const MIN_REORDER_MS = 700;
/** A status that repeats only what the numbers show. */
const PLAIN_END = /^done .* tokens?$/;
const NUMBERS = [
  ["ttft", "First token", "first"],
  ["total", "Total", "total"],
  ["tokens", "Tokens", "tokens"],
];

/** The name of a model with its icon, or with its colour where it has no icon. */
export function modelName(model) {
  const mark = el("span", { class: "model-icon", "aria-hidden": "true" }, model.icon || dot(model.color));
  return el("span", { class: "model-name" }, mark, el("bdi", {}, model.name));
}

/** A bar in the model's colour. It is decoration: the figure is next to it. */
function bar(color) {
  const fill = el("span", { class: "fill" });
  const track = el("span", { class: "track", "aria-hidden": "true" }, fill);
  track.style.setProperty("--model", color);
  track.fill = (share) => fill.style.setProperty("width", `${(share * 100).toFixed(2)}%`);
  return track;
}

/** The parts of a lane's status that the numbers do not show. */
function remark(lane) {
  const status = lane.numbers === null || PLAIN_END.test(lane.status) ? null : lane.status;
  return [status, lane.note].filter(Boolean).join(" · ");
}

class Row {
  /** A lane that races alone has nothing to be compared with, so it gets no bars. */
  constructor(lane, alone) {
    this.track = alone ? null : bar(lane.model.color);
    this.timeline = alone ? null : new Timeline(lane.model.color);
    this.speed = el("span", { class: "speed" });
    this.status = el("td", { class: "status", role: "cell", "aria-colspan": "3", colspan: "3" });
    this.remark = el("span", { class: "remark", hidden: true });
    this.badge = badge();
    this.cells = NUMBERS.map(([, , label]) => el("td", { class: "figure", role: "cell", "data-label": label }));
    this.node = el(
      "tr",
      { class: "lane", role: "row", "data-model": lane.model.id },
      el(
        "th",
        { scope: "row", role: "rowheader" },
        el("span", { class: "lane-model" }, modelName(lane.model), this.badge),
      ),
      el("td", { class: "time", role: "cell" }, this.timeline?.node, this.remark),
      el("td", { class: "figure-speed", role: "cell" }, this.track, this.speed),
      ...this.cells,
      this.status,
    );
  }

  update(lane, mixed, axis) {
    this.node.dataset.state = lane.state;
    show(this.badge, lane.simulated && mixed);
    this.track?.fill(lane.bar);
    this.timeline?.update(lane.timeline, axis);
    const words = remark(lane);
    setText(this.remark, words);
    show(this.remark, words !== "");
    setText(this.speed, lane.speed ?? (lane.numbers && lane.state !== "failed" ? "n/a" : ""));
    NUMBERS.forEach(([name], index) => setText(this.cells[index], lane.numbers?.[name] ?? ""));
    for (const cell of this.cells) show(cell, lane.numbers !== null);
    setText(this.status, lane.numbers ? "" : lane.status);
    show(this.status, lane.numbers === null);
  }
}

/** The picture of one race. */
export class Standings {
  constructor(lanes) {
    const alone = lanes.length === 1;
    this.rows = lanes.map((lane) => new Row(lane, alone));
    this.axis = alone ? null : new Axis();
    this.body = el("tbody", { role: "rowgroup" }, ...this.rows.map((row) => row.node));
    const head = ["Model", alone ? "" : "Time", "Speed", ...NUMBERS.map(([, title]) => title)];
    const table = el(
      "table",
      { class: "numbers", role: "table" },
      el("caption", { class: "unseen" }, "Standings, fastest first"),
      el(
        "thead",
        { role: "rowgroup" },
        el("tr", { role: "row" }, ...head.map((title) => el("th", { scope: "col", role: "columnheader" }, title))),
      ),
      this.body,
    );
    const foot = alone ? null : el("div", { class: "foot" }, this.axis.legend, this.axis.node);
    this.node = el("div", { class: "picture", "data-lanes": alone ? "one" : "many" }, table, foot);
    this.order = lanes.map((_, index) => index);
    this.reorderedAt = 0;
  }

  /** Shows `lanes` in the order of `standings`. */
  update({ lanes, standings, progress, axis = scale(lanes) }) {
    const live = progress === "live";
    this.node.classList.toggle("standings", live);
    this.node.classList.toggle("results", !live);
    const mixed = lanes.some((lane) => !lane.simulated);
    this.axis?.update(axis);
    this.node.style.setProperty("--part", `${(100 * axis.step) / axis.end}%`);
    lanes.forEach((lane, index) => this.rows[index].update(lane, mixed, axis));
    if (standings.every((lane, place) => lane === this.order[place])) return;
    const now = performance.now();
    if (live && now - this.reorderedAt < MIN_REORDER_MS) return;
    this.reorderedAt = now;
    this.reorder(standings);
  }

  /** Moves each row from its old place to its new one. */
  reorder(standings) {
    const before = this.rows.map((row) => row.node.offsetTop);
    this.order = [...standings];
    this.body.append(...standings.map((lane) => this.rows[lane].node));
    if (prefersReducedMotion()) return;
    this.rows.forEach((row, index) => {
      const distance = before[index] - row.node.offsetTop;
      // A row that moves up passes in front of the others.
      const layer = { zIndex: distance > 0 ? 1 : 0 };
      if (distance !== 0)
        row.node.animate(
          [
            { transform: `translateY(${distance}px)`, ...layer },
            { transform: "none", ...layer },
          ],
          { duration: 260, easing: "ease-out" },
        );
    });
  }
}
