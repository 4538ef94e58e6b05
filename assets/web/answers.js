// The answers of a race, one panel per model. A live panel shows the end of its answer, a finished one the beginning.

import { el, setText, show } from "./dom.js";
import { render } from "./markdown.js";

const STATE_LABELS = {
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
    this.placeholder = el("p", { class: "placeholder" });
    this.window = el("div", { class: "window" }, this.text, this.placeholder);
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
      { class: "panel", "data-model": lane.model.id, "aria-label": `Answer by ${lane.model.name}` },
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
    setText(this.state, STATE_LABELS[lane.state]);
    if (this.shown !== lane.answer) {
      this.shown = lane.answer;
      render(this.text, lane.answer);
    }
    setText(this.placeholder, lane.answer === "" ? placeholder(lane) : "");
    show(this.placeholder, lane.answer === "");
    this.node.classList.toggle("running", running);
    this.clipped = lane.clipped && !running;
    if (running) this.scrollToEnd();
    else if (this.wasRunning) this.scrollToStart();
    this.wasRunning = running;
    if (!live && !running) this.measure();
  }

  scrollToEnd() {
    this.window.scrollTop = this.window.scrollHeight;
    this.node.classList.toggle("scrolled", this.window.scrollTop > 0);
  }

  scrollToStart() {
    this.window.scrollTop = 0;
    this.node.classList.remove("scrolled");
  }

  /** Offers to show the rest of an answer that does not fit. */
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
      this.open ? (this.clipped ? "Show less (the rest is in Full answers)" : "Show less") : "Show more",
    );
  }
}

/** The text in place of an answer that is empty so far. */
function placeholder(lane) {
  if (lane.state === "finished") return "The answer is empty.";
  return (
    { waiting: "Waiting for the first token", reasoning: "Reasoning before the answer" }[lane.state] ??
    lane.status
  );
}

/** The panels of one race, in the order of the line-up: none moves while it is being read. */
export class Answers {
  constructor(lanes) {
    this.panels = lanes.map((lane) => new Panel(lane));
    this.node = el(
      "div",
      { class: "answers", "data-lanes": lanes.length === 1 ? "one" : "many" },
      ...this.panels.map((panel) => panel.node),
    );
  }

  update(lanes, live) {
    lanes.forEach((lane, index) => this.panels[index].update(lane, live));
  }
}
