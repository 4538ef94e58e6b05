// The buttons under a race: only those that work for this visitor.

import { el, icon } from "./dom.js";
import { owns } from "./visitor.js";

/** The address of a race's own page. */
export const permalink = (id) => `/race/${id}`;

/** Returns true if several models wrote something: then there is a race to see. */
const canReplay = ({ lanes }) => lanes.filter(({ timeline }) => timeline.first_token !== null).length > 1;

function exportMenu(race) {
  const path = `/api/races/${race.id}`;
  const file = (href, label) => el("a", { href, download: true }, label);
  const menu = el(
    "details",
    {
      class: "exports",
      onkeydown: (event) => {
        if (event.key !== "Escape" || !menu.open) return;
        menu.open = false;
        summary.focus();
      },
      onfocusout: (event) => {
        if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false;
      },
    },
  );
  const summary = el("summary", { class: "action", "data-action": "export" }, icon("export"), "Export");
  menu.append(
    summary,
    el(
      "div",
      { class: "export-list" },
      file(`${path}/export.md`, "Markdown"),
      file(`${path}/export.json`, "JSON"),
      canReplay(race) ? file(`${path}/replay.gif`, "Replay (GIF)") : null,
      canReplay(race) && owns(race) ? file(`${path}/share.png`, "Share card (PNG)") : null,
      race.chart
        ? el(
            "a",
            {
              class: "action-chart",
              href: race.chart.url,
              download: `arena-${race.id.slice(0, 8)}.png`,
              title: race.chart.alt,
            },
            "Chart (PNG)",
          )
        : null,
      el("a", { href: permalink(race.id) }, "Link to this race"),
    ),
  );
  return menu;
}

/** Returns the buttons under a race that is over; `press(action, id, button)` handles them. */
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
    button("answers", "Full answers"),
    button("explain", "Explain"),
    ...(canReplay(race) ? [button("replay", "Replay")] : []),
    exportMenu(race),
    ...(owns(race) ? [button("delete", "Delete")] : []),
  ];
}

/** Describes what the buttons depend on. */
export const actionsKey = (race) => `${race.progress} ${race.chart !== null} ${owns(race)}`;
