// Dialogs: full answers, the explanation, the visitor's name.

import { copyButton } from "./clipboard.js";
import { badge, byId, el, icon } from "./dom.js";
import { render } from "./markdown.js";
import { modelName } from "./standings.js";
import { rename, visitor } from "./visitor.js";

/** Opens a dialog. Closing it removes it and returns the focus. */
function open(title, ...content) {
  const close = el(
    "button",
    { type: "button", class: "icon-button", "aria-label": "Close", onclick: () => node.close() },
    icon("close"),
  );
  const heading = el("h2", { id: "dialog-title", tabindex: "-1" }, title);
  const node = el(
    "dialog",
    {
      class: "dialog",
      "aria-labelledby": "dialog-title",
      onclose: () => node.remove(),
      onclick: (event) => event.target === node && node.close(),
    },
    el(
      "div",
      { class: "dialog-frame" },
      el("header", { class: "dialog-head" }, heading, close),
      el("div", { class: "dialog-body" }, ...content),
    ),
  );
  document.body.append(node);
  node.showModal();
  return node;
}

function answer({ model, simulated, status, error, answer, reasoning }) {
  const text = el("div", { class: "markdown" });
  render(text, answer, 4);
  const thoughts =
    reasoning === ""
      ? null
      : el(
          "details",
          { class: "thoughts" },
          el("summary", {}, `Reasoning of ${model.name}`),
          el("p", { dir: "auto" }, reasoning),
        );
  const section = el(
    "section",
    { class: "full", "data-status": status },
    el(
      "header",
      {},
      el("h3", {}, modelName(model)),
      simulated ? badge() : null,
      answer === "" ? null : copyButton(() => answer, `the answer by ${model.name}`),
    ),
    error ? el("p", { class: "error" }, error) : null,
    thoughts,
    answer === "" && !error ? el("p", { class: "muted" }, "The answer is empty.") : text,
  );
  section.style.setProperty("--model", model.color);
  return section;
}

/** Shows the full answers and the reasoning. */
export function answers({ prompt, answers }) {
  open("Full answers", el("blockquote", { class: "prompt", dir: "auto" }, prompt), ...answers.map(answer));
}

/** Shows the explanation of a race's result. */
export function explanation({ paragraphs }) {
  open("What this race shows", ...paragraphs.map((text) => el("p", { class: "paragraph" }, text)));
}

/** Asks before a race is deleted; resolves to true if the visitor confirms. */
export function confirmDelete(prompt) {
  return new Promise((resolve) => {
    const close = (isConfirmed) => () => {
      resolve(isConfirmed);
      node.close();
    };
    const cancel = el("button", { type: "button", class: "action", onclick: close(false) }, "Keep");
    const confirm = el(
      "button",
      { type: "button", class: "action primary", "data-confirm": "delete", onclick: close(true) },
      "Delete",
    );
    const node = open(
      "Delete this race?",
      el("blockquote", { class: "prompt", dir: "auto" }, prompt.slice(0, 300)),
      el(
        "p",
        { class: "paragraph" },
        "Its prompt and answers are deleted for everyone, with the races that repeated it. This can't be undone.",
      ),
      el("div", { class: "dialog-buttons" }, confirm, cancel),
    );
    node.addEventListener("close", () => resolve(false));
    cancel.focus();
  });
}

/** Asks for the visitor's name; calls `renamed()` when it may have changed. */
export function name(renamed) {
  const box = el("input", {
    id: "new-name",
    maxlength: "40",
    value: visitor().name,
    autocomplete: "off",
    spellcheck: "false",
  });
  const done = (event) => {
    event.preventDefault();
    rename(box.value);
    renamed();
    node.close();
  };
  const node = open(
    "Your name",
    el(
      "form",
      { class: "name-form", onsubmit: done },
      el("label", { for: "new-name" }, "Everyone in # arena sees it next to your questions."),
      box,
      el("button", { type: "submit", class: "action primary" }, "Save"),
    ),
  );
  box.select();
  byId("new-name").focus();
}
