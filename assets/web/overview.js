// The frame of the pages beside the channel: the period, loading, and what went wrong.

import { themeButton } from "./appearance.js";
import { byId, dot, el, setText, show } from "./dom.js";
import { Refused, request } from "./server.js";
import { modelName } from "./standings.js";

/** The value of a parameter of the page's address; null without it. */
export const parameter = (name) => new URLSearchParams(location.search).get(name);

/** The page's own address with other parameters; those that are null are left out. */
export function address(changes) {
  const parameters = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) parameters.delete(name);
    else parameters.set(name, value);
  }
  const query = parameters.toString();
  return query ? `${location.pathname}?${query}` : location.pathname;
}

/** A link to this page with other parameters, which are loaded in place. */
function choice(label, changes, isCurrent, go) {
  const follow = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(address(changes));
  };
  return el("a", { href: address(changes), "aria-current": isCurrent ? "true" : null, onclick: follow }, label);
}

/**
 * Runs a page whose data are at `path`: `draw(data)` shows them. `periods` are the choices of days as `[label, days]`, of
 * which `usual` is in effect where the address names none. Returns `load`, which loads the data again, and `go`, which
 * loads those of another address.
 */
export function page({ path, periods, usual, draw }) {
  let newest = 0;
  const load = async () => {
    newest += 1;
    const mine = newest;
    const days = parameter("days") ?? usual;
    const links = periods.map(([label, value]) => choice(label, { days: value }, days === value, go));
    keepFocus(byId("periods"), () => byId("periods").replaceChildren(...links));
    try {
      const data = await request(path + location.search);
      if (mine !== newest) return;
      show(byId("trouble"), false);
      draw(data);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (mine !== newest) return;
      setText(byId("trouble"), error.message);
      show(byId("trouble"), true);
    }
  };
  const go = (to) => {
    history.pushState(null, "", to);
    return load();
  };
  addEventListener("popstate", load);
  themeButton();
  load();
  return { load, go, choice: (label, changes, isCurrent) => choice(label, changes, isCurrent, go) };
}

/** Replaces the links in `node` and keeps the focus on the one with the same address. */
export function keepFocus(node, replace) {
  const focused = node.contains(document.activeElement) ? document.activeElement.pathname : null;
  const query = focused === null ? null : document.activeElement.search;
  replace();
  if (focused === null) return;
  [...node.querySelectorAll("a")].find((link) => link.search === query)?.focus();
}

/** A link that saves a file. */
export const download = (url, name, label) => el("a", { class: "download", href: url, download: name }, label);

/** A model's dot, icon and name. */
export const named = (model) => [model.icon ? dot(model.color) : null, modelName(model)].filter((node) => node !== null);
