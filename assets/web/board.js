// Entry point of the page of the board: the verdict, the standings, and how to read them.

import { byId, el } from "./dom.js";
import { download, named, page } from "./overview.js";

const ICONS = { leader: "👑", too_close: "⚖️", too_early: "🗳️" };
/** The steps at which the scale of pick rates may end. */
const STEP = 0.25;

const percent = (share) => `${Math.round(100 * share)} %`;

/** The distance from the left edge of a scale that ends at `end`. */
const at = (share, end) => `${((100 * share) / end).toFixed(2)}%`;

function place(node, left, right, end) {
  node.style.setProperty("left", at(left, end));
  if (right !== undefined) node.style.setProperty("width", at(right - left, end));
  return node;
}

function verdict({ verdict, lead }) {
  const [first, ...rest] = lead;
  return el(
    "section",
    { class: "verdict", "data-verdict": verdict ?? "none", "aria-label": "Verdict" },
    el("span", { class: "verdict-icon", "aria-hidden": "true" }, ICONS[verdict] ?? "🏆"),
    el("div", {}, el("p", { class: "verdict-text" }, first), ...rest.map((text) => el("p", { class: "muted" }, text))),
  );
}

/** How far the team is from a board of its own. */
function progress({ progress, notes }) {
  const goal = ({ have, need, what }) => {
    const fill = el("span", { class: "goal-fill" });
    fill.style.setProperty("width", `${Math.min(100, (100 * have) / need)}%`);
    return el(
      "li",
      { class: "goal", "data-reached": String(have >= need) },
      el("p", { class: "goal-figure" }, el("strong", {}, String(have)), ` of ${need}`),
      el("p", { class: "goal-what" }, have >= need ? `${what} ✓` : what),
      el("span", { class: "goal-track", "aria-hidden": "true" }, fill),
    );
  };
  return el(
    "section",
    { class: "early", "aria-label": "Progress" },
    el("ul", { class: "goals" }, ...progress.map(goal)),
    el(
      "div",
      { class: "early-words" },
      el("p", {}, "A few ballots say little: any order of the models would be a matter of luck. The board opens when all three are reached."),
      ...notes.map((text) => el("p", { class: "muted" }, text)),
    ),
    el("a", { class: "primary", href: "/" }, "Open # arena"),
  );
}

/** The pick rate of a model and its interval, on a scale that ends at `end`. */
function bar({ model, pick_rate: rate, pick_rate_low: low, pick_rate_high: high }, end, luck) {
  const node = el(
    "span",
    { class: "rate", "aria-hidden": "true" },
    place(el("span", { class: "luck" }), luck, undefined, end),
    place(el("span", { class: "interval" }), low, high, end),
    place(el("span", { class: "pick" }), rate, undefined, end),
  );
  if (model) node.style.setProperty("--model", model.color);
  return node;
}

function scale(end) {
  const marks = [];
  for (let share = 0; share <= end + 0.01; share += end > 0.5 ? STEP : STEP / 2.5) {
    const mark = el("span", { class: "scale-mark" }, percent(share));
    marks.push(place(mark, share, undefined, end));
  }
  return el("span", { class: "scale", "aria-hidden": "true" }, ...marks);
}

function row(standing, end, luck) {
  const { model, cells } = standing;
  const [rank, name, ...figures] = cells;
  return el(
    "tr",
    {},
    el("td", { class: "rank" }, rank),
    el(
      "th",
      { scope: "row" },
      el(
        "span",
        { class: "standing" },
        el("span", { class: "standing-name" }, ...(model ? named(model) : [name])),
        bar(standing, end, luck),
      ),
    ),
    ...figures.map((figure) => el("td", {}, figure)),
  );
}

function standings({ headings, standings }) {
  const highest = Math.max(...standings.map((standing) => standing.pick_rate_high));
  const end = Math.min(1, Math.max(STEP, Math.ceil(highest / STEP) * STEP));
  const luck = 1 / standings.length;
  const tiers = Map.groupBy(standings, (standing) => standing.tier);
  const group = ([tier, members]) => {
    const title = el("th", { scope: "rowgroup", colspan: headings.length }, `Tier ${tier}`);
    const head = tiers.size > 1 ? el("tr", { class: "tier-head" }, title) : null;
    return el("tbody", { class: "tier" }, head, ...members.map((standing) => row(standing, end, luck)));
  };
  const heading = (text, index) =>
    el("th", { scope: "col" }, index === 1 ? el("span", { class: "standing" }, el("span", { class: "standing-name" }, text), scale(end)) : text);
  const table = el(
    "table",
    { class: "standings" },
    el("caption", { class: "unseen" }, "Models by how often this team would pick them"),
    el("thead", {}, el("tr", {}, ...headings.map(heading))),
    ...[...tiers].map(group),
  );
  const legend = `dot: picked best · bar: 95 % interval · dashed line: ${percent(luck)}, if the models were equal`;
  return el(
    "section",
    { class: "panel", "aria-label": "Standings" },
    el("div", { class: "scroller", tabindex: "0", role: "group", "aria-label": "Standings, scrollable" }, table),
    el("p", { class: "legend-line" }, legend),
  );
}

function draw(board) {
  const isRated = board.standings.length > 0;
  const parts = [
    verdict(board),
    board.progress.length > 0 ? progress(board) : null,
    isRated ? standings(board) : null,
    isRated ? el("ul", { class: "notes" }, ...board.notes.map((text) => el("li", {}, text))) : null,
    board.chart
      ? el("p", { class: "downloads" }, download(board.chart.url, "board.png", "Download the picture (PNG)"))
      : null,
  ];
  byId("board").replaceChildren(...parts.filter((part) => part !== null));
  byId("announcer").textContent = board.lead[0];
}

page({
  path: "/api/board",
  periods: [["7 days", "7"], ["30 days", "30"], ["90 days", "90"], ["All", null]],
  usual: null,
  draw,
});
