// Entry point of the page: wires its parts together.

import { themeButton } from "./appearance.js";
import { card, welcome } from "./cards.js";
import { Composer } from "./composer.js";
import * as dialog from "./dialog.js";
import { byId, el, setText, show } from "./dom.js";
import { drawer, showLineup } from "./lineup.js";
import { Log } from "./log.js";
import { follow, Refused, request } from "./server.js";
import { visitor } from "./visitor.js";

const note = byId("note");

/** Shows a note above the message box, in this tab only. */
function say(text, ...more) {
  note.replaceChildren(el("span", {}, text), ...more);
  show(note, text !== "");
}

/** Runs `work` and shows why it was refused. Returns true if it succeeded. */
async function attempt(work) {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message, ...raceItInstead(error.question));
    return false;
  }
}

/** A button that races a line which was taken for a misspelled command. */
function raceItInstead(question) {
  if (!question) return [];
  const race = async () => {
    if (await compare(question)) composer.clear();
  };
  return [" ", el("button", { type: "button", class: "link", onclick: race }, "Race it as a question")];
}

const compare = (prompt) => command(`/arena compare ${prompt}`);

/** Sends a command. */
function command(text) {
  say("");
  return attempt(async () => {
    const waiting = /^\/?(arena\s+)?models\s*$/i.test(text)
      ? log.addEphemeral(el("p", { class: "muted" }, "Checking the providers …"), "Line-up")
      : null;
    try {
      const reply = await request("/api/command", { text, from: visitor() });
      if (reply.card) showCard(reply.card);
      else log.toLatest(false);
    } finally {
      waiting?.remove();
    }
  });
}

function showCard(content) {
  const { label, node } = card(content, compare);
  log.addEphemeral(node, label);
  setText(byId("announcer"), label);
}

/** Handles a button under a race. */
async function press(action, id, button) {
  // `disabled` would move the focus away.
  if (button.ariaBusy === "true") return;
  button.ariaBusy = "true";
  say("");
  const path = `/api/races/${id}/${action}`;
  await attempt(async () => {
    switch (action) {
      case "answers":
        return dialog.answers(await request(path));
      case "explain":
        return dialog.explanation(await request(path));
      case "again":
        await request(path, { from: visitor() });
        return log.toLatest(true);
      default:
        return request(path, { from: visitor() });
    }
  });
  button.ariaBusy = "false";
}

function nameButton() {
  const button = byId("who");
  const draw = () => {
    button.replaceChildren(el("span", { class: "who-label" }, "you are "), el("bdi", {}, visitor().name));
    button.setAttribute("aria-label", `You are ${visitor().name}. Change your name`);
  };
  button.addEventListener("click", () => dialog.name(draw));
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
    snapshot: (page) => log.snapshot(page),
    message: (race) => log.upsert(race),
    disconnected: (reason) => banner(reason || "Connection lost. Reconnecting …"),
    connected: () => banner(""),
  });
  const loaded = await attempt(async () => {
    const lineup = await request("/api/lineup");
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
const earlier = (id) => attempt(async () => log.prepend(await request(`/api/messages?before=${id}`)));
const log = new Log({ press, earlier, welcome: greeting });
const composer = new Composer(command);
composer.onchange = () => say("");
start();
