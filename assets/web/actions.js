// The buttons under a race: only those that work for this visitor.

import { el, icon } from "./dom.js";
import { owns } from "./visitor.js";

/** The address of a race's own page. */
export const permalink = (id) => `/race/${id}`;

/** Returns true if several models wrote something: then there is a race to see. */
const canReplay = ({ lanes }) => lanes.filter(({ timeline }) => timeline.first_token !== null).length > 1;

/** A button that opens a list above itself. Escape and leaving it close the list. */
function dropdown(action, label, title, ...items) {
  const list = el("div", { class: "dropdown-list", role: "group", "aria-label": title }, ...items);
  const summary = el("summary", { class: "action", "data-action": action }, icon(action), label);
  const node = el(
    "details",
    {
      class: "dropdown",
      onkeydown: (event) => {
        if (event.key !== "Escape" || !node.open) return;
        node.open = false;
        summary.focus();
      },
      onfocusout: (event) => {
        if (event.relatedTarget && !node.contains(event.relatedTarget)) node.open = false;
      },
    },
    summary,
    list,
  );
  return node;
}

function exportMenu(race) {
  const path = `/api/races/${race.id}`;
  const file = (href, label) => el("a", { href, download: true }, label);
  const chart = { class: "action-chart", download: `arena-${race.id.slice(0, 8)}.png` };
  return dropdown(
    "export",
    "Export",
    "Export",
    file(`${path}/export.md`, "Markdown"),
    file(`${path}/export.json`, "JSON"),
    canReplay(race) ? file(`${path}/replay.gif`, "Replay (GIF)") : null,
    canReplay(race) && owns(race) ? file(`${path}/share.png`, "Share card (PNG)") : null,
    race.chart ? el("a", { ...chart, href: race.chart.url, title: race.chart.alt }, "Chart (PNG)") : null,
    el("a", { href: permalink(race.id) }, "Link to this race"),
  );
}

/** The ways to continue a race; a single one needs no list. */
function continueMenu(race, press) {
  const choose = (way) => (event) => {
    const menu = event.currentTarget.closest("details");
    if (menu) menu.open = false;
    press("continue", race.id, event.currentTarget, way);
  };
  const [first, ...others] = race.follow_ups;
  if (!first) return [];
  if (others.length === 0) {
    const attributes = { type: "button", class: "action action-continue", "data-action": "continue" };
    return [
      el(
        "button",
        { ...attributes, title: `Continue with ${first.label}`, onclick: choose(first.with) },
        icon("continue"),
        "Continue",
      ),
    ];
  }
  const item = ({ with: way, label }) =>
    el("button", { type: "button", "data-with": way, onclick: choose(way) }, label);
  const title = el("p", { class: "dropdown-title", "aria-hidden": "true" }, "Continue with");
  return [dropdown("continue", "Continue", "Continue with", title, ...race.follow_ups.map(item))];
}

/** Returns the buttons under a race that is over; `press(action, id, button, detail)` handles them. */
export function actions(race, press) {
  const button = (action, label) =>
    el(
      "button",
      {
        type: "button",
        class: `action action-${action}`,
        "data-action": action,
        onclick: (event) => press(action, race.id, event.currentTarget),
      },
      icon(action),
      label,
    );
  if (race.progress === "live") return [];
  if (race.progress === "voting")
    return [
      ...(owns(race) ? [button("close", "Close vote")] : []),
      button("answers", "Full answers"),
      exportMenu(race),
    ];
  return [
    button("again", "Race again"),
    ...continueMenu(race, press),
    button("answers", "Full answers"),
    button("explain", "Explain"),
    ...(canReplay(race) ? [button("replay", "Replay")] : []),
    exportMenu(race),
    ...(owns(race) ? [button("delete", "Delete")] : []),
  ];
}

/** Describes what the buttons depend on. */
export const actionsKey = (race) => `${race.progress} ${race.chart !== null} ${owns(race)} ${race.follow_ups.length}`;
