// Plays a race that is over again, in the rows of its own standings.

import { prefersReducedMotion } from "./dom.js";
import { scale } from "./timeline.js";

/** A longer race is played faster, so that it ends within this time. */
const MAX_PLAY_MS = 12_000;

/** The tokens that had arrived by `ms`. */
function tokensAt(points, ms) {
  let tokens = 0;
  for (const [at, count] of points) {
    if (at > ms) break;
    tokens = count;
  }
  return tokens;
}

/** The decode speed up to `ms`, once there is enough to tell it. */
function speedAt(points, ms) {
  const [at, first] = points[0];
  const [tokens, seconds] = [tokensAt(points, ms) - first, (ms - at) / 1000];
  return tokens >= 5 && seconds >= 0.25 ? `${Math.round(tokens / seconds)} tok/s` : null;
}

/** A lane as it was `ms` after its request was sent; `most` are the tokens of a full bar. */
function laneAt(lane, points, ms, most) {
  const end = points.at(-1)?.[0] ?? 0;
  if (ms >= end) return { ...lane, bar: tokensAt(points, end) / most };
  const { first_token, first_answer } = lane.timeline;
  const reached = (seconds) => (seconds !== null && seconds * 1000 <= ms ? seconds : null);
  const timeline = { first_token: reached(first_token), first_answer: reached(first_answer), end: ms / 1000 };
  const phase = timeline.first_token === null ? "waiting" : timeline.first_answer === null ? "thinking" : "writing";
  const tokens = tokensAt(points, ms);
  return {
    ...lane,
    state: phase === "thinking" ? "reasoning" : phase,
    bar: tokens / most,
    speed: speedAt(points, ms),
    status: `${phase} ${(ms / 1000).toFixed(1)} s${tokens > 0 ? ` · ${tokens} tokens` : ""}`,
    numbers: null,
    note: null,
    timeline,
  };
}

/**
 * Plays `race` from the `points` of its lanes, `[ms, tokens]` each. Calls `show(moment)` for every picture, and `show()` for
 * the end, until it returns false. For users who want little motion the end is all there is.
 */
export async function play(race, points, show) {
  const end = Math.max(...points.map((lane) => lane.at(-1)?.[0] ?? 0));
  if (prefersReducedMotion()) return show();
  const most = Math.max(1, ...points.map((lane) => lane.at(-1)?.[1] ?? 0));
  const factor = Math.max(1, Math.ceil(end / MAX_PLAY_MS));
  const axis = scale(race.lanes);
  const begun = performance.now();
  for (;;) {
    const now = await new Promise(requestAnimationFrame);
    const ms = Math.max(0, now - begun) * factor;
    if (ms >= end) return show();
    const lanes = race.lanes.map((lane, index) => laneAt(lane, points[index] ?? [], ms, most));
    if (!show({ ...race, lanes, axis })) return undefined;
  }
}
