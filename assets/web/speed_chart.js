// The chart of a model's speeds: a dot for each race, the medians of days, the quartiles around them.

import { el } from "./dom.js";
import { dateAndTime, speed, speedAxis, timeAxis } from "./speed_axes.js";

/** A line between days this far apart is broken. */
const MAX_GAP_MS = 7 * 86_400_000;
const MARGIN = { left: 44, right: 14, top: 14, bottom: 28 };
const MARK_WIDTH = 74;
/** The races that Page up and Page down pass over. */
const PAGE = 10;

function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Returns the runs of `days` without long gaps. */
function runs(days) {
  const all = [];
  for (const day of days) {
    const run = all.at(-1);
    if (run && day.at - run.at(-1).at <= MAX_GAP_MS) run.push(day);
    else all.push([day]);
  }
  return all;
}

const line = (points) => points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join("");
/** A path of dots: lines of no length, which have round or square ends. */
const dots = (points) => points.map(([x, y]) => `M${x} ${y}h0`).join("");

/** The words about a race. */
const words = ({ at, value, isCanary }) =>
  `${dateAndTime(at)}: ${speed(value)} tok/s${isCanary ? " (scheduled race)" : ""}`;

/**
 * The chart. It is a slider over the races, so that they can be read with the arrow keys; a pointer shows the nearest
 * one.
 */
export class SpeedChart {
  constructor() {
    this.plot = svg("svg", { class: "plot", "aria-hidden": "true" });
    this.tip = el("p", { class: "tip", "aria-hidden": "true", hidden: true });
    this.slider = el("div", { class: "chart", role: "slider", tabindex: "0", "aria-valuemin": "1" }, this.plot, this.tip);
    this.node = this.slider;
    this.slider.addEventListener("pointermove", (event) => this.pointed(event));
    this.slider.addEventListener("pointerleave", () => this.hover(null));
    this.slider.addEventListener("keydown", (event) => this.pressed(event));
    this.slider.addEventListener("focus", () => this.hover(this.index));
    this.slider.addEventListener("blur", () => this.hover(null));
    this.index = null;
    new ResizeObserver(() => this.draw()).observe(this.slider);
  }

  /** Shows the `series` of a model. The race that was looked at stays the same. */
  update({ name, color }, series) {
    const looked = this.races?.[this.index]?.at;
    this.series = series;
    const races = series.flatMap(({ races, is_canary: isCanary }) => races.map(([at, value]) => ({ at, value, isCanary })));
    this.races = races.sort((a, b) => a.at - b.at);
    this.speeds = speedAxis(this.races.map(({ value }) => value));
    const found = this.races.findIndex(({ at }) => at === looked);
    this.index = found === -1 ? this.races.length - 1 : found;
    this.slider.style.setProperty("--model", color);
    this.slider.setAttribute("aria-label", `Races of ${name}, oldest to newest`);
    this.slider.setAttribute("aria-valuemax", String(this.races.length));
    this.select(this.index);
    this.draw();
  }

  /** Returns true if a race is faster than the axis reaches. */
  hasFaster() {
    return this.races.some(({ value }) => value > this.speeds.end);
  }

  select(index) {
    this.index = index;
    this.slider.setAttribute("aria-valuenow", String(index + 1));
    this.slider.setAttribute("aria-valuetext", words(this.races[index]));
  }

  draw() {
    const { width, height } = this.slider.getBoundingClientRect();
    if (!this.races?.length || width === 0) return;
    this.plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const [right, bottom] = [width - MARGIN.right, height - MARGIN.bottom];
    const { speeds } = this;
    const times = timeAxis(this.races[0].at, this.races.at(-1).at, (right - MARGIN.left) / MARK_WIDTH);
    const x = (at) => Number((MARGIN.left + ((at - times.from) / (times.to - times.from)) * (right - MARGIN.left)).toFixed(1));
    const y = (value) => Number((bottom - (Math.min(value, speeds.end) / speeds.end) * (bottom - MARGIN.top)).toFixed(1));
    for (const race of this.races) [race.x, race.y] = [x(race.at), y(race.value)];
    const grid = speeds.marks.flatMap(({ at, label }) => [
      svg("line", { class: "grid", x1: MARGIN.left, x2: right, y1: y(at), y2: y(at) }),
      svg("text", { class: "mark", x: MARGIN.left - 8, y: y(at) + 4, "text-anchor": "end" }, label),
    ]);
    const labels = times.marks
      .filter(({ at }) => x(at) > MARGIN.left && x(at) < right - 14)
      .map(({ at, label }) => svg("text", { class: "mark", x: x(at), y: height - 8, "text-anchor": "middle" }, label));
    const path = (kind, points) => svg("path", { class: kind, d: points });
    const drawn = this.series.flatMap(({ is_canary: isCanary, days }) => {
      const own = this.races.filter((race) => race.isCanary === isCanary);
      const [within, above] = [own.filter(({ value }) => value <= speeds.end), own.filter(({ value }) => value > speeds.end)];
      const of = (races) => races.map((race) => [race.x, race.y]);
      const parts = [path(isCanary ? "dots canary" : "dots", dots(of(within)))];
      parts.push(path("above", of(above).map(([px, py]) => `M${px - 5} ${py + 8}h10l-5 -8z`).join("")));
      // The lines are those of users' races, if there are any.
      if (isCanary && this.series.some((other) => !other.is_canary)) return parts;
      const bands = runs(days.filter(({ quartiles }) => quartiles)).map((run) => {
        const edge = (at) => run.map((day) => [x(day.at), y(day.quartiles[at])]);
        return `${line([...edge(1), ...edge(0).reverse()])}Z`;
      });
      const medians = days.map((day) => [x(day.at), y(day.median)]);
      parts.unshift(path("band", bands.join("")));
      parts.push(path("median", runs(days).map((run) => line(run.map((day) => [x(day.at), y(day.median)]))).join("")));
      parts.push(path("median-dots", dots(medians)));
      return parts;
    });
    this.cursor = svg("circle", { class: "cursor", r: 7, cx: -20, cy: -20 });
    this.plot.replaceChildren(...grid, ...labels, ...drawn, this.cursor);
    this.hover(this.shown ?? null);
  }

  /** Shows the words about a race beside its dot; none if `index` is null. */
  hover(index) {
    const race = index === null ? undefined : this.races?.[index];
    this.shown = race ? index : null;
    this.tip.hidden = !race;
    this.cursor?.setAttribute("cx", race ? race.x : -20);
    this.cursor?.setAttribute("cy", race ? race.y : -20);
    if (!race) return;
    this.tip.textContent = words(race);
    const [room, own] = [this.slider.clientWidth, this.tip.offsetWidth];
    this.tip.style.setProperty("left", `${Math.max(0, Math.min(race.x - own / 2, room - own))}px`);
    this.tip.style.setProperty("top", `${race.y > 56 ? race.y - 44 : race.y + 16}px`);
  }

  pointed(event) {
    const box = this.slider.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    let nearest = null;
    let least = Infinity;
    this.races?.forEach((race, index) => {
      const distance = Math.hypot(race.x - px, race.y - py);
      if (distance < least) [nearest, least] = [index, distance];
    });
    this.hover(nearest);
  }

  pressed(event) {
    const last = this.races.length - 1;
    const to = {
      ArrowLeft: this.index - 1,
      ArrowDown: this.index - 1,
      ArrowRight: this.index + 1,
      ArrowUp: this.index + 1,
      PageDown: this.index - PAGE,
      PageUp: this.index + PAGE,
      Home: 0,
      End: last,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.select(Math.max(0, Math.min(last, to)));
    this.hover(this.index);
  }
}
