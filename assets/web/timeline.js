// The time of each lane on one axis: waiting, thinking, writing.

import { el, setText, show } from "./dom.js";

const PHASES = ["waiting", "thinking", "writing"];
const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
/** The most parts of the axis. */
const MAX_PARTS = 5;
/** The shortest axis in seconds: a race that has just begun would otherwise rescale with every frame. */
const MIN_AXIS = 2;

/** Returns the end of the axis and the distance of its marks, in seconds. A race over keeps the axis of its last frame. */
export function scale(lanes) {
  const longest = Math.max(MIN_AXIS, ...lanes.map(({ timeline }) => timeline.end ?? timeline.first_token ?? 0));
  const step = STEPS.find((step) => longest / step <= MAX_PARTS) ?? longest;
  return { end: Math.ceil(longest / step) * step, step };
}

/** Returns the parts of a lane's time as `[phase, from, to]` in seconds. */
function parts({ first_token, first_answer, end }) {
  const last = end ?? first_answer ?? first_token;
  if (last === null) return [];
  const spoke = first_token ?? last;
  const wrote = first_answer ?? last;
  return [
    ["waiting", 0, spoke],
    ["thinking", spoke, wrote],
    ["writing", wrote, last],
  ].filter(([, from, to]) => to > from);
}

/** The time of one lane. Its words are read in place of the picture. */
export class Timeline {
  constructor(color) {
    this.segments = Object.fromEntries(PHASES.map((phase) => [phase, el("span", { class: `segment ${phase}` })]));
    this.node = el("span", { class: "timeline", role: "img" }, ...Object.values(this.segments));
    this.node.style.setProperty("--model", color);
  }

  update(timeline, axis) {
    const shown = parts(timeline);
    for (const phase of PHASES) {
      const part = shown.find(([name]) => name === phase);
      show(this.segments[phase], part !== undefined);
      if (!part) continue;
      const [, from, to] = part;
      this.segments[phase].style.setProperty("left", percent(from, axis));
      this.segments[phase].style.setProperty("width", percent(to - from, axis));
    }
    const words = shown.map(([phase, from, to]) => `${phase} ${(to - from).toFixed(2)} s`).join(", ");
    this.node.setAttribute("aria-label", words || "not started");
    this.node.title = words;
  }
}

const percent = (seconds, axis) => `${((100 * seconds) / axis.end).toFixed(2)}%`;

/** The marks of the axis. */
export class Axis {
  constructor() {
    this.node = el("div", { class: "axis", "aria-hidden": "true" });
    this.legend = el(
      "div",
      { class: "legend", "aria-hidden": "true" },
      ...PHASES.map((phase) => el("span", {}, el("span", { class: `sample ${phase}` }), phase)),
    );
  }

  update({ end, step }) {
    if (this.end === end) return;
    this.end = end;
    const marks = [];
    for (let index = 0; index * step <= end + step / 2; index += 1) {
      const mark = el("span", { class: "mark" });
      setText(mark, `${Number((index * step).toFixed(1))} s`);
      mark.style.setProperty("left", percent(index * step, { end }));
      marks.push(mark);
    }
    this.node.replaceChildren(...marks);
  }
}
