// The races that are running, each with its Stop, above the message box: always in reach, and in front of nothing.

import { byId, el, icon, show } from "./dom.js";
import { owns } from "./visitor.js";

/** The longest part of a prompt in a row; the style clips it to the width. */
const MAX_EXCERPT = 200;

/** The rows; `press(action, id, button)` handles their buttons. */
export class Running {
  constructor(press) {
    this.press = press;
    this.list = byId("running");
    this.rows = new Map();
  }

  /** Shows or removes the row of `race`. Returns true if its button had the focus and is gone. */
  update(race) {
    if (race.progress !== "live") return this.remove(race.id);
    if (this.rows.has(race.id)) return false;
    const row = this.row(race);
    this.rows.set(race.id, row);
    this.list.append(row);
    show(this.list, true);
    return false;
  }

  remove(id) {
    const row = this.rows.get(id);
    if (!row) return false;
    const focused = row.contains(document.activeElement);
    row.remove();
    this.rows.delete(id);
    show(this.list, this.rows.size > 0);
    return focused;
  }

  row(race) {
    const excerpt = race.prompt.slice(0, MAX_EXCERPT);
    const stop = el(
      "button",
      {
        type: "button",
        class: "action action-stop",
        "data-action": "stop",
        onclick: (event) => this.press("stop", race.id, event.currentTarget),
      },
      icon("stop"),
      "Stop",
      el("span", { class: "unseen" }, ` the race: ${excerpt}`),
    );
    const pulse = el("span", { class: "pulse", "aria-hidden": "true" });
    return el("li", {}, pulse, el("bdi", {}, excerpt), owns(race) ? stop : null);
  }
}
