// The live standings: one row per model with a bar for its speed. Rows move as the ranking changes.

import { badge, dot, el, prefersReducedMotion, setText, show } from "./dom.js";

/** The shortest time between two changes of the order, which would otherwise be unreadable. */
const MIN_REORDER_MS = 700;

/** The name of a model with its icon, or with its colour where it has no icon. */
export function modelName(model) {
  const mark = el("span", { class: "model-icon", "aria-hidden": "true" }, model.icon || dot(model.color));
  return el("span", { class: "model-name" }, mark, el("bdi", {}, model.name));
}

/** A bar in the model's colour. It is decoration: the figure is next to it. */
export function bar(color) {
  const fill = el("span", { class: "fill" });
  const track = el("span", { class: "track", "aria-hidden": "true" }, fill);
  track.style.setProperty("--model", color);
  track.fill = (share) => fill.style.setProperty("width", `${(share * 100).toFixed(2)}%`);
  return track;
}

class Row {
  constructor(lane) {
    this.track = bar(lane.model.color);
    this.speed = el("span", { class: "speed" });
    this.status = el("span", { class: "status" });
    this.badge = badge();
    this.node = el(
      "li",
      { class: "lane", "data-model": lane.model.id },
      el("span", { class: "lane-model" }, modelName(lane.model), this.badge),
      this.track,
      this.speed,
      this.status,
    );
  }

  update(lane, mixed) {
    this.node.dataset.state = lane.state;
    show(this.badge, lane.simulated && mixed);
    this.track.fill(lane.bar);
    setText(this.speed, lane.speed ?? "");
    setText(this.status, lane.note ? `${lane.status} · ${lane.note}` : lane.status);
  }
}

/** The rows of one race. */
export class Standings {
  constructor(lanes) {
    this.rows = lanes.map((lane) => new Row(lane));
    this.node = el("ol", { class: "standings", "aria-label": "Standings" }, ...this.rows.map((row) => row.node));
    this.order = lanes.map((_, index) => index);
    this.reorderedAt = 0;
  }

  /** Shows `lanes` in the order of `standings`. */
  update(lanes, standings) {
    const mixed = lanes.some((lane) => !lane.simulated);
    lanes.forEach((lane, index) => this.rows[index].update(lane, mixed));
    if (standings.every((lane, place) => lane === this.order[place])) return;
    const now = performance.now();
    if (now - this.reorderedAt < MIN_REORDER_MS) return;
    this.reorderedAt = now;
    this.reorder(standings);
  }

  /** Moves each row from its old place to its new one. */
  reorder(standings) {
    const before = this.rows.map((row) => row.node.offsetTop);
    this.order = [...standings];
    this.node.append(...standings.map((lane) => this.rows[lane].node));
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
