// The title of the tab: it reports the end of a race while the tab is hidden.

let usual = document.title;

/** Changes the usual title. */
export function setTitle(title) {
  usual = title;
  document.title = title;
}

/** Reports that a race is over, if the tab is hidden. */
export function raceEnded(race) {
  if (!document.hidden) return;
  if (race.vote) {
    document.title = `${race.progress === "voting" ? "🗳️ Vote now" : `✓ ${race.headline.text}`} · ${usual}`;
    return;
  }
  const best = race.lanes[race.standings[0]];
  const result = best?.speed ? `${best.model.name}: ${best.speed}` : "The race is over";
  const how = { stopped: "■ Stopped", interrupted: "■ Interrupted" }[race.progress] ?? `✓ ${result}`;
  document.title = `${how} · ${usual}`;
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.title = usual;
});
