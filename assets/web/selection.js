// The models that the next races are limited to, picked in the line-up. They last while the page is open.

import { continuing } from "./continuing.js";
import { byId, el, setText, show } from "./dom.js";
import { modelName } from "./standings.js";

const picked = new Set();
let lineup = [];

/** The ids of the picked models, in the order of the line-up; empty where all race. */
export const pickedModels = () => lineup.filter(({ id }) => picked.has(id)).map(({ id }) => id);

/** Returns true if there is something to vote on: a blind race needs two models. */
export const canVote = () => lineup.length > 1;

/** Picks a model, or drops it where it is picked. */
export function toggle(id) {
  if (!picked.delete(id)) picked.add(id);
  draw();
}

function clear() {
  picked.clear();
  draw();
  byId("say").focus();
}

/** Takes the models of the line-up; picked ones that are gone are dropped. */
export function setLineup(models) {
  lineup = models;
  for (const id of picked) if (!models.some((model) => model.id === id)) picked.delete(id);
  show(byId("blind"), canVote());
  draw(false);
}

/** Says in the message box whom a line will ask, and how. */
export function invite() {
  const chosen = lineup.filter(({ id }) => picked.has(id));
  const target =
    chosen.length === 0 ? "all models" : chosen.length === 1 ? chosen[0].name : `${chosen.length} models`;
  const isBlind = byId("blind").ariaPressed === "true";
  if (continuing()) byId("say").placeholder = isBlind ? "Your next message, blind" : "Your next message";
  else byId("say").placeholder = isBlind ? `Ask ${target} blind, then vote` : `Ask ${target}, or type /`;
}

/** Shows the selection again, after what the next line continues has changed. */
export const redraw = () => draw(false);

/** Shows the selection in the line-up and above the message box. */
function draw(announced = true) {
  for (const button of document.querySelectorAll(".side-model"))
    button.setAttribute("aria-pressed", String(picked.has(button.dataset.model)));
  const chosen = lineup.filter(({ id }) => picked.has(id));
  const names = chosen.map(({ name }) => name).join(", ");
  const chip = (model) =>
    el(
      "button",
      {
        type: "button",
        class: "chip",
        "aria-label": `Don't race ${model.name}`,
        onclick: () => {
          toggle(model.id);
          byId("say").focus();
        },
      },
      modelName(model),
      el("span", { "aria-hidden": "true" }, "×"),
    );
  const all = el("button", { type: "button", class: "link", onclick: clear }, "Race all models");
  byId("picked").replaceChildren(el("span", { class: "muted" }, "Only"), ...chosen.map(chip), all);
  // A race that is continued says itself who answers.
  show(byId("picked"), chosen.length > 0 && !continuing());
  invite();
  if (announced) setText(byId("announcer"), `Next race: ${names || "all models"}`);
}
