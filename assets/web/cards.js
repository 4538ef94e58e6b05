// Cards that only this tab shows: welcome, board, history, canaries, line-up, examples, help.

import { dot, el } from "./dom.js";
import { canVote } from "./selection.js";
import { modelName } from "./standings.js";

/** The commands as a list of terms. */
function commandList(commands) {
  const terms = commands.flatMap(({ word, what }) => [
    el("dt", {}, el("code", {}, `/arena ${word}`)),
    el("dd", {}, what),
  ]);
  return el("dl", { class: "commands" }, ...terms);
}

/** Example prompts as buttons; `run(prompt, blind)` starts a race, or a blind one. */
export function exampleList(examples, run) {
  const item = ({ title, prompt, lesson }) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "example", onclick: () => run(prompt) },
        el("strong", {}, title),
        el("span", { class: "example-prompt" }, prompt),
        lesson ? el("span", { class: "example-lesson" }, lesson) : null,
      ),
      canVote()
        ? el(
            "button",
            { type: "button", class: "example-blind", onclick: () => run(prompt, true) },
            "Race blind",
            el("span", { class: "unseen" }, `: ${title}`),
          )
        : null,
    );
  return el("ul", { class: "examples" }, ...examples.map(item));
}

/** The content of an empty channel. */
export function welcome({ examples, models }, run) {
  const racers = models.length === 1 ? "One model answers" : `${models.length} models answer at once`;
  const intro = `${racers}, live in one message that everyone here can watch. When the race is over, a chart compares the speeds.`;
  const next = "Continue, under a finished race, asks one of its models or all of them the next question.";
  return [
    el("p", { class: "welcome-mark", "aria-hidden": "true" }, "⚔️"),
    el("h2", {}, "Welcome to # arena"),
    el("p", {}, `${intro} ${next}`),
    el(
      "p",
      {},
      "Type your question",
      examples.length > 0 ? ", or try one of these:" : ".",
    ),
    exampleList(examples, run),
  ];
}

function modelItem({ model, reachable, availability, last_speed }) {
  const facts = [model.size, model.best_for].filter(Boolean).join(" · ");
  return el(
    "li",
    { class: "entrant", "data-reachable": String(reachable) },
    model.icon ? dot(model.color) : null,
    el(
      "div",
      {},
      el(
        "p",
        { class: "entrant-name" },
        modelName(model),
        el("span", { class: "last" }, last_speed ?? "not raced yet"),
      ),
      facts ? el("p", {}, facts) : null,
      el("p", { class: "muted" }, `${model.provider}: ${availability}`),
    ),
  );
}

function overviewTable({ headings, rows }) {
  const row = ({ cells, begins_tier }) =>
    el("tr", { class: begins_tier ? "tier" : null }, ...cells.map((cell) => el("td", {}, cell)));
  const head = el("tr", {}, ...headings.map((heading) => el("th", { scope: "col" }, heading)));
  const table = el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows.map(row)));
  return el("div", { class: "overview-table", tabindex: "0", role: "group", "aria-label": "Board" }, table);
}

/** The board or the history of speeds, with a link to its page. */
function overview({ title, page, lead, models, table, notes, chart }) {
  const sentence = ({ name, words }) => el("li", {}, el("strong", {}, name), ` · ${words}`);
  return el(
    "div",
    { class: "overview" },
    ...lead.map((text, at) => el("p", {}, at === 0 ? el("strong", {}, text) : text)),
    table ? overviewTable(table) : null,
    models.length > 0 ? el("ul", {}, ...models.map(sentence)) : null,
    ...notes.map((text) => el("p", { class: "muted" }, text)),
    chart ? el("img", { src: chart.url, alt: chart.alt, width: 1200, height: 675 }) : null,
    el("p", {}, el("a", { class: "page-link", href: page }, `Open the page: ${title}`)),
  );
}

/** A canary with its buttons; `change(path)` runs, pauses or resumes it. */
function canaryItem({ key, id, state, lines, is_paused }, change) {
  const button = (action, label) =>
    el(
      "button",
      { type: "button", onclick: () => change(`/api/canaries/${key}/${action}`) },
      label,
      el("span", { class: "unseen" }, `: ${id}`),
    );
  return el(
    "li",
    {},
    el("p", {}, el("strong", {}, id), ` · ${state}`),
    ...lines.map((line) => el("p", { class: "muted" }, line)),
    el(
      "p",
      { class: "canary-buttons" },
      button("run", "Run now"),
      is_paused ? button("resume", "Resume") : button("pause", "Pause"),
    ),
  );
}

/** A sentence with its commands, which are between backticks, as code. */
const withCode = (text) => text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));

function content(card, run, change) {
  switch (card.kind) {
    case "notice":
      return ["Only for you", el("p", {}, ...withCode(card.text))];
    case "overview":
      return [card.title, overview(card)];
    case "models":
      return ["Today's line-up", el("ul", { class: "entrants" }, ...card.models.map(modelItem))];
    case "watch":
      return [
        "Canaries",
        el("ul", { class: "canaries" }, ...card.canaries.map((canary) => canaryItem(canary, change))),
      ];
    case "examples":
      return [
        "Try these",
        card.examples.length > 0
          ? exampleList(card.examples, run)
          : el("p", {}, "No examples are configured."),
      ];
    default:
      return [
        "How it works",
        el(
          "div",
          {},
          commandList(card.commands),
          ...card.sections.flatMap(({ title, text }) => [el("h4", {}, title), el("p", {}, text)]),
        ),
      ];
  }
}

/** Returns the label and the node of a card that the service sent. */
export function card(card, run, change) {
  const [label, body] = content(card, run, change);
  return { label, node: el("div", { class: "card" }, el("h3", {}, label), body) };
}
