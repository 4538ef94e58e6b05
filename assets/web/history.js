// Entry point of the page of speeds: a sentence for each model, and the races of one as a chart that updates itself.

import { byId, el, setText, show } from "./dom.js";
import { download, keepFocus, named, page } from "./overview.js";
import { follow } from "./server.js";
import { speed, utcDay } from "./speed_axes.js";
import { SpeedChart } from "./speed_chart.js";

const NO_SAMPLES = "No races yet. A finished race counts from 64 output tokens on.";
const SIMULATED = "Simulated: its races don't count.";
/** A race is looked for when its end is shown, and once more when its end is certainly stored. */
const LOOK_DELAYS_MS = [300, 3000];

const chart = new SpeedChart();
const models = el("nav", { class: "models", "aria-label": "Models" });
const title = el("h2", {});
const live = el("span", { class: "live", hidden: true, title: "The chart updates itself after each race" }, "live");
const words = el("p", { class: "words" });
const canaryWords = el("p", { class: "words muted" });
const empty = el("p", { class: "empty", hidden: true });
const legend = el("p", { class: "legend-line" });
const downloads = el("p", { class: "downloads" });
const rows = el("tbody");
const table = el(
  "details",
  { class: "days" },
  el("summary", {}, "Day by day"),
  el(
    "table",
    {},
    el("caption", {}, "Days in UTC, newest first"),
    el("thead", {}, el("tr", {}, ...["day", "races", "median tok/s", "middle half of the week"].map((text) => el("th", { scope: "col" }, text)))),
    rows,
  ),
);
const panel = el("section", { class: "panel", "aria-label": "Speeds of a model" }, title, words, canaryWords, empty, chart.node, legend, downloads, table);

let shown = { model: null, races: 0 };

function modelLinks(data, choice) {
  const link = (model) => {
    const sentence = model.words ?? model.canary_words ?? (model.simulated ? SIMULATED : NO_SAMPLES);
    const label = el(
      "span",
      { class: "model" },
      el("span", { class: "model-head" }, ...named(model)),
      el("span", { class: "model-words" }, sentence),
    );
    return choice(label, { model: model.id }, model.id === data.model);
  };
  keepFocus(models, () => models.replaceChildren(...data.models.map(link)));
}

function dayRows(series) {
  const days = series.find(({ races }) => races.length > 0)?.days ?? [];
  const row = ({ at, races, median, quartiles }) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, utcDay(at)),
      el("td", {}, String(races)),
      el("td", {}, speed(median)),
      el("td", {}, quartiles ? quartiles.map(speed).join(" to ") : "–"),
    );
  rows.replaceChildren(...days.toReversed().map(row));
  show(table, days.length > 0);
}

/** Says how many races are new since the last look at the same model. */
function announce(model, count) {
  const more = shown.model === model.id ? count - shown.races : 0;
  if (more > 0) setText(byId("announcer"), `${more} new ${more === 1 ? "race" : "races"} of ${model.name}`);
  shown = { model: model.id, races: count };
}

function draw(data) {
  modelLinks(data, view.choice);
  const model = data.models.find(({ id }) => id === data.model);
  const count = data.series.reduce((sum, { races }) => sum + races.length, 0);
  if (!model) {
    byId("history").replaceChildren(models, el("p", { class: "empty" }, "No speeds yet. Race some models first, then come back."));
    return;
  }
  if (!panel.isConnected) byId("history").replaceChildren(models, panel);
  title.replaceChildren(...named(model), live);
  setText(words, model.words ?? (model.canary_words ? "" : model.simulated ? SIMULATED : NO_SAMPLES));
  setText(canaryWords, model.canary_words ? `Scheduled races: ${model.canary_words}` : "");
  for (const node of [words, canaryWords]) show(node, node.textContent !== "");
  for (const node of [chart.node, legend]) show(node, count > 0);
  setText(empty, data.series.length > 0 ? `No races in the last ${data.days === 1 ? "day" : `${data.days} days`}.` : "");
  show(empty, count === 0 && data.series.length > 0);
  if (count > 0) chart.update(model, data.series);
  const marks = ["dot: a race", "line: median of a day", "band: middle half of a week"];
  if (data.series.some(({ is_canary, races }) => is_canary && races.length > 0)) marks.push("square: a scheduled race");
  if (count > 0 && chart.hasFaster()) marks.push("triangle: a race that is faster than the axis reaches");
  setText(legend, marks.join(" · "));
  downloads.replaceChildren(
    ...(data.table ? [download(data.table, "history.csv", "Download the races (CSV)"), " "] : []),
    ...(data.picture && count > 0 ? [download(data.picture, "history.png", "Download the picture (PNG)")] : []),
  );
  dayRows(data.series);
  announce(model, count);
}

const view = page({
  path: "/api/history",
  periods: [["7 days", "7"], ["30 days", "30"], ["90 days", "90"], ["All", "3650"]],
  usual: "90",
  draw,
});

let looks = [];
/** Looks for new races. */
function look() {
  for (const timer of looks) clearTimeout(timer);
  looks = LOOK_DELAYS_MS.map((delay) => setTimeout(view.load, delay));
}
follow({
  // A race may have ended before the stream began.
  snapshot: view.load,
  message: ({ progress }) => {
    if (!["live", "voting"].includes(progress)) look();
  },
  removed: look,
  disconnected: () => show(live, false),
  connected: () => show(live, true),
  busy: () => false,
});
