// The answers of a race, one panel a model. A live one shows its newest end, a finished one its beginning.

import { el, setText, show } from "./dom.js";
import { render } from "./markdown.js";

const WORDS = {
  waiting: "waiting",
  reasoning: "reasoning",
  writing: "writing",
  finished: "done",
  truncated: "cut off",
  failed: "failed",
  stopped: "stopped",
};

class Panel {
  constructor(lane) {
    this.state = el("span", { class: "panel-state" });
    this.text = el("div", { class: "markdown" });
    this.silence = el("p", { class: "silence" });
    this.window = el("div", { class: "window" }, this.text, this.silence);
    this.more = el("button", {
      type: "button",
      class: "more",
      "aria-expanded": "false",
      hidden: true,
      onclick: () => this.toggle(),
    });
    const title = el("h4", {}, el("bdi", {}, lane.model.name), this.state);
    this.node = el(
      "section",
      { class: "panel", "data-model": lane.model.id, "aria-label": `Answer of ${lane.model.name}` },
      title,
      this.window,
      this.more,
    );
    this.node.style.setProperty("--model", lane.model.color);
    this.open = false;
  }

  update(lane, live) {
    const running = ["waiting", "reasoning", "writing"].includes(lane.state);
    this.node.dataset.state = lane.state;
    setText(this.state, WORDS[lane.state]);
    if (this.shown !== lane.answer) {
      this.shown = lane.answer;
      render(this.text, lane.answer);
    }
    setText(this.silence, lane.answer === "" ? silence(lane) : "");
    show(this.silence, lane.answer === "");
    this.node.classList.toggle("running", running);
    this.clipped = lane.clipped && !running;
    if (running) this.roll();
    else if (this.wasRunning) this.rewind();
    this.wasRunning = running;
    if (!live && !running) this.measure();
  }

  /** Shows the newest end. */
  roll() {
    this.window.scrollTop = this.window.scrollHeight;
    this.node.classList.toggle("rolled", this.window.scrollTop > 0);
  }

  /** Shows the beginning. */
  rewind() {
    this.window.scrollTop = 0;
    this.node.classList.remove("rolled");
  }

  /** Offers the rest of an answer that does not fit. */
  measure() {
    if (this.open) return;
    requestAnimationFrame(() => {
      const hidden = this.window.scrollHeight > this.window.clientHeight + 4;
      show(this.more, hidden);
      this.node.classList.toggle("cut", hidden);
      if (hidden) setText(this.more, "Show more");
    });
  }

  toggle() {
    this.open = !this.open;
    this.node.classList.toggle("open", this.open);
    this.node.classList.toggle("cut", !this.open);
    this.more.setAttribute("aria-expanded", String(this.open));
    setText(
      this.more,
      this.open ? (this.clipped ? "Show less (the rest is under Full answers)" : "Show less") : "Show more",
    );
  }
}

/** What stands where an answer will be, or would have been. */
function silence(lane) {
  if (lane.state === "finished") return "An empty answer.";
  return (
    { waiting: "Waiting for the first word", reasoning: "Thinking before it answers" }[lane.state] ??
    lane.status
  );
}

/** The panels of one race, in the order of the line-up, so that none moves while one reads it. */
export class Answers {
  constructor(lanes) {
    this.panels = lanes.map((lane) => new Panel(lane));
    this.node = el(
      "div",
      { class: "answers", "data-lanes": lanes.length === 1 ? "one" : "many" },
      ...this.panels.map((panel) => panel.node),
    );
  }

  /** Shows the answers of `lanes`. */
  update(lanes, live) {
    lanes.forEach((lane, index) => this.panels[index].update(lane, live));
  }
}
