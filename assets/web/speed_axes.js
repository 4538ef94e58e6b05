// The axes of a chart of speeds: round numbers from 0 up, and round times.

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TIME_STEPS = [1, 3, 6, 12, 24, 48, 168, 336, 672, 2184, 8760].map((hours) => hours * HOUR_MS);
/** The axis of speeds ends at this multiple of the upper quartile, or where most races are: faster ones are at its edge. */
const MAX_RISE = 1.6;

const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const UTC_DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", timeZone: "UTC" });

export const dateAndTime = (at) => `${DATE.format(at)}, ${TIME.format(at)}`;
export const utcDay = (at) => UTC_DAY.format(at).replace(",", "");
export const speed = (value) => (value >= 10 ? value.toFixed(0) : value.toFixed(1));

/** Returns `{ end, marks }` of an axis for `speeds` with some five marks. */
export function speedAxis(speeds) {
  const sorted = [...speeds].sort((a, b) => a - b);
  const share = (part) => sorted[Math.floor(part * (sorted.length - 1))] ?? 1;
  const limit = Math.max(MAX_RISE * share(0.75), 1.1 * share(0.95));
  const top = 1.05 * Math.min(sorted.at(-1) ?? 1, limit);
  const rough = top / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
  const marks = [];
  for (let index = 0; index * step <= top; index += 1) marks.push({ at: index * step, label: String(Number((index * step).toPrecision(6))) });
  return { end: top, marks };
}

/** Returns `{ from, to, marks }` of an axis for times between `first` and `last`, with at most `room` marks. */
export function timeAxis(first, last, room) {
  const margin = Math.max((last - first) * 0.02, HOUR_MS / 4);
  const [from, to] = [first - margin, last + margin];
  const step = TIME_STEPS.find((step) => (to - from) / step <= room) ?? TIME_STEPS.at(-1);
  const mark = new Date(from);
  mark.setHours(0, 0, 0, 0);
  // Days are not all of one length.
  const advance = (step) => (step < DAY_MS ? mark.setTime(mark.getTime() + step) : mark.setDate(mark.getDate() + step / DAY_MS));
  while (mark.getTime() < from) advance(Math.min(step, DAY_MS));
  const marks = [];
  for (; mark.getTime() <= to; advance(step)) {
    const isMidnight = mark.getHours() === 0;
    marks.push({ at: mark.getTime(), label: isMidnight ? DATE.format(mark) : TIME.format(mark) });
  }
  return { from, to, marks };
}
