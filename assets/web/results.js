// The results of a finished race: table, lesson, chart.

import { badge, el, setText, show } from "./dom.js";
import { bar, modelName } from "./standings.js";

const COLUMNS = ["Model", "Speed", "First token", "Total", "Tokens"];
/** A status that repeats only what the table shows. */
const PLAIN_END = /^done .* tokens?$/;

/** The parts of a lane's status that the table does not show. */
function remark(lane) {
  const status = PLAIN_END.test(lane.status) ? null : lane.status;
  return [status, lane.note].filter(Boolean).join(" · ");
}

function row(lane, mixed) {
  const track = bar(lane.model.color);
  track.fill(lane.bar);
  const note = remark(lane);
  const name = el(
    "th",
    { scope: "row" },
    el("span", { class: "lane-model" }, modelName(lane.model), lane.simulated && mixed ? badge() : null),
    note ? el("span", { class: "remark" }, note) : null,
  );
  const { ttft, total, tokens, speed } = lane.numbers ?? {
    ttft: "n/a",
    total: "n/a",
    tokens: "n/a",
    speed: "n/a",
  };
  const unit = speed === "n/a" ? null : el("span", { class: "unit" }, " tok/s");
  const figures =
    lane.state === "failed"
      ? [el("td", { class: "nothing" }, "–")]
      : [el("td", { class: "figure-speed" }, el("strong", {}, speed), unit, track)];
  return el(
    "tr",
    { "data-state": lane.state, "data-model": lane.model.id },
    name,
    ...figures,
    ...[ttft, total, tokens].map((figure) => el("td", {}, figure)),
  );
}

/** The results of one race. */
export class Results {
  constructor() {
    this.rows = el("tbody");
    const head = el(
      "thead",
      {},
      el("tr", {}, ...COLUMNS.map((column) => el("th", { scope: "col" }, column))),
    );
    this.lesson = el("p", { class: "lesson", hidden: true });
    this.cost = el("p", { class: "cost", hidden: true });
    this.chart = el("figure", { class: "chart", hidden: true });
    const table = el(
      "table",
      { class: "numbers" },
      el("caption", { class: "unseen" }, "Results, fastest first"),
      head,
      this.rows,
    );
    this.node = el(
      "div",
      { class: "results", hidden: true },
      el("div", { class: "outcome" }, table, this.lesson, this.cost),
      this.chart,
    );
  }

  /** Shows the results of `race`. They change once more, when the chart arrives. */
  update(race) {
    if (this.rows.childElementCount === 0) {
      const mixed = race.lanes.some((lane) => !lane.simulated);
      this.rows.replaceChildren(...race.standings.map((lane) => row(race.lanes[lane], mixed)));
      setText(this.lesson, race.lesson ?? "");
      show(this.lesson, race.lesson !== null);
      setText(this.cost, race.cost === null ? "" : `Cost: ${race.cost}`);
      show(this.cost, race.cost !== null);
    }
    if (race.chart && this.chart.hidden) {
      const { url, alt } = race.chart;
      const picture = el("img", { src: url, alt, width: "1200", height: "675", decoding: "async" });
      this.chart.replaceChildren(
        el(
          "a",
          { href: url, target: "_blank", rel: "noopener", title: "Open the full-size chart" },
          picture,
        ),
      );
      show(this.chart, true);
      this.node.classList.add("with-chart");
    }
  }
}
