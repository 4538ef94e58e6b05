// The page of the local channel: puts its parts together.

import { card, welcome } from "./cards.js";
import { Composer } from "./composer.js";
import * as dialog from "./dialog.js";
import { byId, el, icon, setText, show } from "./dom.js";
import { drawer, showLineup } from "./lineup.js";
import { Log } from "./log.js";
import { ask, follow, Refused } from "./server.js";
import { from, keep } from "./visitor.js";

const note = byId("note");
let offered = null;

/** Says something above the message box, to this tab alone. */
function say(text, ...more) {
  note.replaceChildren(el("span", {}, text), ...more);
  show(note, text !== "");
}

/** Does something and says what was refused. Gives whether it was done. */
async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message);
    return false;
  }
}

const compare = (prompt) => command(`/arena compare ${prompt}`);

/** Sends a whole line. */
function command(text) {
  say("");
  return attempt(async () => {
    const waiting = /^\/?(arena\s+)?models\s*$/i.test(text)
      ? log.whisper(el("p", { class: "muted" }, "Asking the providers …"), "Line-up")
      : null;
    try {
      const answer = await ask("/api/command", { text, from: from() });
      if (answer.card) whisper(answer.card);
      else log.toNewest(false);
    } finally {
      waiting?.remove();
    }
  });
}

function whisper(content) {
  const { label, node } = card(content, compare);
  log.whisper(node, label);
  setText(byId("announcer"), label);
}

/** A line from the box. Plain text is no command: it is offered as a race first. */
async function send(text) {
  if (text.startsWith("/")) return command(text);
  if (offered === text) {
    offered = null;
    return compare(text);
  }
  offered = text;
  const race = el("button", { type: "button", class: "link", onclick: () => composer.submit() }, "Race it");
  say("That is no command. Press Enter again to let all models answer it. ", race);
  return false;
}

/** A button under a race. */
async function press(action, id, button) {
  // Not `disabled`, which would take the focus away.
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  say("");
  const path = `/api/races/${id}/${action}`;
  await attempt(async () => {
    switch (action) {
      case "answers":
        return dialog.answers(await ask(path));
      case "explain":
        return dialog.explanation(await ask(path));
      case "again":
        await ask(path, { from: from() });
        return log.toNewest(true);
      default:
        return ask(path, { from: from() });
    }
  });
  button.ariaBusy = "false";
}

function nameButton() {
  const button = byId("who");
  const draw = () => {
    button.replaceChildren(el("span", { class: "who-label" }, "you are "), el("bdi", {}, from().name));
    button.setAttribute("aria-label", `You are ${from().name}. Change your name`);
  };
  button.addEventListener("click", () => dialog.name(draw));
  draw();
}

function themeButton() {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const button = byId("theme");
  const draw = () => {
    button.replaceChildren(icon(dark() ? "sun" : "moon"));
    button.setAttribute("aria-label", dark() ? "Switch to light colours" : "Switch to dark colours");
  };
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    keep("arena.theme", root.dataset.theme);
    draw();
  });
  system.addEventListener("change", draw);
  draw();
}

function banner(text) {
  document.body.classList.toggle("offline", text !== "");
  setText(byId("banner"), text);
  show(byId("banner"), text !== "");
}

async function start() {
  nameButton();
  themeButton();
  const closeDrawer = drawer();
  follow({
    snapshot: (races) => log.snapshot(races),
    message: (race) => log.upsert(race),
    lost: () => banner("Connection lost. Trying again …"),
    back: () => banner(""),
  });
  const loaded = await attempt(async () => {
    const lineup = await ask("/api/lineup");
    composer.lineup = lineup;
    greeting.replaceChildren(...welcome(lineup, compare));
    showLineup(lineup.models, (model) => {
      closeDrawer();
      composer.fill(`/arena ask ${model.id} `);
    });
  });
  if (loaded && !matchMedia("(pointer: coarse)").matches) byId("say").focus();
}

const greeting = el("section", { class: "welcome", "aria-label": "Welcome", hidden: true });
byId("messages").before(greeting);
const log = new Log({ press, welcome: greeting });
const composer = new Composer(send);
composer.onchange = () => {
  if (offered !== null && byId("say").value.trim() !== offered) offered = null;
  if (offered === null) say("");
};
start();
