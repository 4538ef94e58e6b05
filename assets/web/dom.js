// Helpers that build the page from nodes. Text becomes text nodes only; nothing here parses markup.

/** Creates an element with attributes (`class`, `aria-*`, ...), listeners (`onclick`, ...) and children. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Sets a node's text only where it differs, so that selections and transitions survive. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows or hides a node. */
export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

export const byId = (id) => document.getElementById(id);

/** Returns true if the user prefers less motion. */
export const prefersReducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A decorative dot in the model's colour. */
export function dot(color) {
  const node = el("span", { class: "dot", "aria-hidden": "true" });
  node.style.setProperty("--model", color);
  return node;
}

/** The label of lanes that no language model answers. */
export const badge = () =>
  el("span", { class: "badge", title: "Not a language model: the answer is simulated" }, "simulated");

const PATHS = {
  send: ["M4 12l16-8-6 16-3-7z"],
  stop: ["M7 7h10v10H7z"],
  again: ["M5 12a7 7 0 1 0 2-5", "M5 4v4h4"],
  continue: ["M6 5v6a4 4 0 0 0 4 4h8", "M14 11l4 4-4 4"],
  answers: ["M5 5h14v11H9l-4 3z", "M8 9h8", "M8 12h5"],
  explain: ["M9 17h6", "M10 20h4", "M8 13a5 5 0 1 1 8 0c-1 1-1 2-1 2H9s0-1-1-2z"],
  replay: ["M8 5l11 7-11 7z"],
  attach: ["M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 5 5l-8.5 8.5a1.7 1.7 0 0 1-2.5-2.5L15 7"],
  menu: ["M4 7h16", "M4 12h16", "M4 17h16"],
  close: ["M6 6l12 12", "M18 6L6 18"],
  export: ["M12 4v11", "M8 11l4 4 4-4", "M5 20h14"],
  delete: ["M5 7h14", "M9 7V4h6v3", "M7 7l1 13h8l1-13"],
  copy: ["M9 9h10v11H9z", "M15 9V4H5v11h4"],
  system: ["M4 5h16v11H4z", "M9 20h6", "M12 16v4"],
  sun: [
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
    "M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
  ],
  moon: ["M20 14A8 8 0 1 1 10 4a6.5 6.5 0 0 0 10 10z"],
};

/** A decorative line icon. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  svg.setAttribute("aria-hidden", "true");
  for (const d of PATHS[name]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}
