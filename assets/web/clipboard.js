// Buttons that copy text, or put it into the message box.

import { byId, el, icon, setText } from "./dom.js";

/** The time for which a button says what it did. */
const CONFIRMATION_MS = 2000;

/** Returns a button that copies what `text()` returns or resolves to; null where the browser has no clipboard. */
export function copyButton(text, what = "") {
  if (!navigator.clipboard) return null;
  const label = el("span", {}, "Copy");
  let reset;
  const copy = async () => {
    const said = await write(text).then(
      () => "Copied",
      () => "Copy failed",
    );
    setText(label, said);
    setText(byId("announcer"), said);
    clearTimeout(reset);
    reset = setTimeout(() => setText(label, "Copy"), CONFIRMATION_MS);
  };
  const target = what ? el("span", { class: "unseen" }, ` ${what}`) : null;
  return el("button", { type: "button", class: "copy", title: "Copy", onclick: copy }, icon("copy"), label, target);
}

/** Returns a button that offers what `text()` returns or resolves to as the next prompt. */
export function raceThis(text, what) {
  const offer = async () => dispatchEvent(new CustomEvent("race-this", { detail: await text() }));
  const words = [el("span", {}, "Race this"), el("span", { class: "unseen" }, ` ${what}`)];
  const attributes = { type: "button", class: "copy", title: "Put this into the message box", onclick: offer };
  return el("button", attributes, icon("again"), ...words);
}

const write = async (text) => navigator.clipboard.writeText(await text());
