// What only this tab sees: the welcome, the line-up today, the examples, the help.

import { dot, el } from "./dom.js";
import { named } from "./board.js";

/** The commands as a list of terms. */
function commandList(commands) {
  const terms = commands.flatMap(({ word, what }) => [
    el("dt", {}, el("code", {}, `/arena ${word}`)),
    el("dd", {}, what),
  ]);
  return el("dl", { class: "commands" }, ...terms);
}

/** Prompts to try, each one tap away from a race; `run(prompt)` starts it. */
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
    );
  return el("ul", { class: "examples" }, ...examples.map(item));
}

/** What an empty channel shows. */
export function welcome({ examples, models }, run) {
  const many = models.length === 1 ? "One model answers" : `${models.length} models answer`;
  const intro = `${many} at once, in one message that everybody here watches fill up. At the end a chart shows who wrote how fast.`;
  return [
    el("p", { class: "welcome-mark", "aria-hidden": "true" }, "⚔️"),
    el("h2", {}, "Welcome to # arena"),
    el("p", {}, intro),
    el(
      "p",
      {},
      "Type ",
      el("code", {}, "/arena compare"),
      " and a question",
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
        named(model),
        el("span", { class: "last" }, last_speed ?? "not raced yet"),
      ),
      facts ? el("p", {}, facts) : null,
      el("p", { class: "muted" }, `${model.provider}: ${availability}`),
    ),
  );
}

function content(card, run) {
  switch (card.kind) {
    case "notice":
      return ["For you alone", el("p", {}, card.text)];
    case "models":
      return ["Line-up today", el("ul", { class: "entrants" }, ...card.models.map(modelItem))];
    case "examples":
      return [
        "Try these",
        card.examples.length > 0
          ? exampleList(card.examples, run)
          : el("p", {}, "No examples are configured."),
      ];
    default:
      return [
        "How this works",
        el(
          "div",
          {},
          commandList(card.commands),
          ...card.sections.flatMap(({ title, text }) => [el("h4", {}, title), el("p", {}, text)]),
        ),
      ];
  }
}

/** A card of the service: its label and its content. */
export function card(card, run) {
  const [label, body] = content(card, run);
  return { label, node: el("div", { class: "card" }, el("h3", {}, label), body) };
}
