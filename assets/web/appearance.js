// The button for the colours: those of the system, light, dark.

import { byId, icon } from "./dom.js";
import { save } from "./visitor.js";

const ICONS = { system: "system", light: "sun", dark: "moon" };
const NEXT = { system: "light", light: "dark", dark: "system" };

/** Wires up the button. */
export function themeButton() {
  const root = document.documentElement;
  const button = byId("theme");
  const draw = () => {
    const theme = root.dataset.theme ?? "system";
    button.replaceChildren(icon(ICONS[theme]));
    button.title = `Colours: ${theme}`;
    button.setAttribute("aria-label", `Colours: ${theme}. Switch to ${NEXT[theme]}`);
  };
  button.addEventListener("click", () => {
    const theme = NEXT[root.dataset.theme ?? "system"];
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    save("arena.theme", theme);
    draw();
  });
  draw();
}
