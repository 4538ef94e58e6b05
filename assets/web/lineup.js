// The side bar with the models, which is a drawer on phones.

import { badge, byId, dot, el, icon, setText, show } from "./dom.js";
import { modelName } from "./standings.js";

const PHONE = matchMedia("(max-width: 860px)");

/** Fills the side bar; `pick(model)` handles a click, `missingKeys` are the variables that real models need. */
export function showLineup(models, missingKeys, pick) {
  const mixed = models.some((model) => !model.simulated);
  const item = (model) =>
    el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "side-model",
          "data-model": model.id,
          "aria-pressed": "false",
          title: `Race only ${model.name} and others that you pick`,
          onclick: () => pick(model),
        },
        model.icon ? dot(model.color) : null,
        el(
          "span",
          { class: "side-facts" },
          el(
            "span",
            { class: "side-name" },
            modelName(model),
            model.size ? el("span", { class: "size" }, model.size) : null,
            model.simulated && mixed ? badge() : null,
          ),
          model.best_for ? el("span", { class: "side-best" }, model.best_for) : null,
        ),
      ),
    );
  if (!mixed)
    setText(
      byId("side-note"),
      "These models are simulated: no language model answers, and prompts never leave this service.",
    );
  const keys = missingKeys.join(" and ");
  const which = mixed ? "Some models are simulated." : "The models are simulated.";
  setText(byId("hint"), keys ? `${which} Set ${keys} to race the real models.` : "");
  show(byId("hint"), keys !== "" && models.some((model) => model.simulated));
  byId("lineup").replaceChildren(...models.map(item));
}

/** Wires up the drawer and returns the function that closes it. */
export function drawer() {
  const [side, menu] = [byId("side"), byId("menu")];
  const set = (open) => {
    document.body.classList.toggle("side-open", open);
    menu.setAttribute("aria-expanded", String(open));
    side.inert = PHONE.matches && !open;
  };
  menu.append(icon("menu"));
  menu.addEventListener("click", () => {
    set(menu.getAttribute("aria-expanded") !== "true");
    if (!side.inert) side.querySelector("button")?.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.getAttribute("aria-expanded") === "true") {
      set(false);
      menu.focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!side.contains(event.target) && !menu.contains(event.target)) set(false);
  });
  PHONE.addEventListener("change", () => set(false));
  set(false);
  return () => set(false);
}
