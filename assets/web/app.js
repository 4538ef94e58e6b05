// Entry point of the page: wires its parts together.

import { themeButton } from "./appearance.js";
import { card, welcome } from "./cards.js";
import { Composer } from "./composer.js";
import * as conversation from "./continuing.js";
import * as dialog from "./dialog.js";
import { byId, el, setText } from "./dom.js";
import { Files } from "./files.js";
import { drawer, showLineup } from "./lineup.js";
import { Log } from "./log.js";
import { banner, raceChanged, reached, say } from "./notices.js";
import { pickedModels, redraw, setLineup, toggle } from "./selection.js";
import { follow, Refused, request } from "./server.js";
import { raceEnded, setTitle } from "./title.js";
import { identify, keepBallot, visitor } from "./visitor.js";

/** The id of the one race that this page shows, if it is the page of a race. */
const only = /^\/race\/([^/]+)\/?$/.exec(location.pathname)?.[1] ?? null;

/** Runs `work` and shows why it was refused; `race` is the one that it is about. Returns true if it succeeded. */
async function attempt(work, race, continues) {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    say(error.message, { ...error.why, race }, ...raceItInstead(error.question, continues));
    return false;
  }
}

/** A button that races a line which was taken for a misspelled command. */
function raceItInstead(question, continues) {
  if (!question) return [];
  const race = async () => {
    if (await command(`/arena compare ${question}`, continues)) composer.clear();
  };
  return [" ", el("button", { type: "button", class: "link", onclick: race }, "Race it as a question")];
}

const compare = (prompt, blind = false) => command(`/arena ${blind ? "blind" : "compare"} ${prompt}`);

/** Sends a command; `continues` is the race that it continues. */
function command(text, continues = null) {
  say("");
  const send = async () => {
    const waiting = /^\/?(arena\s+)?models\s*$/i.test(text)
      ? log.addEphemeral(el("p", { class: "muted" }, "Checking the providers …"), "Line-up")
      : null;
    try {
      // The way in which a race is continued says who answers.
      const body = { text, models: continues ? [] : pickedModels(), continues, from: visitor() };
      const reply =
        files.files.length === 0
          ? await request("/api/command", body)
          : await request("/api/command-with-files", { ...body, files: await files.encoded() });
      if (reply.message) files.clear();
      // The visitor may have chosen another race meanwhile.
      if (reply.message && continues === conversation.continuing()) conversation.leave();
      if (reply.card) showCard(reply.card);
      else log.toLatest(false);
    } finally {
      waiting?.remove();
    }
  };
  return attempt(send, continues?.race, continues);
}

function showCard(content) {
  const { label, node } = drawn(content);
  log.addEphemeral(node, label);
  setText(byId("announcer"), label);
}

/** Returns a card; a button in it that changes what it shows puts a new one in its place. */
function drawn(content) {
  const change = (path) =>
    attempt(async () => {
      say("");
      const reply = await request(path, { from: visitor() });
      const { node } = drawn(reply.card);
      const pressed = [...made.node.querySelectorAll("button")].indexOf(document.activeElement);
      made.node.replaceWith(node);
      node.querySelectorAll("button")[pressed]?.focus();
    });
  const made = card(content, compare, change);
  return made;
}

/** Handles a button under a race; `detail` is the ballot that it casts, or the way to continue. */
async function press(action, id, button, detail) {
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
      case "replay":
        return log.races.get(id).replay((await request(path)).lanes);
      case "again":
        await request(path, { from: visitor() });
        return only ? location.assign("/") : log.toLatest(true);
      case "continue":
        if (only) return location.assign(`/#continue=${id}&with=${detail}`);
        return conversation.begin(log.races.get(id).race, detail);
      case "ballot": {
        const { best, second, whole } = await request(path, { from: visitor(), ...detail });
        keepBallot(id, { best, second, whole });
        return log.races.get(id)?.markBallot();
      }
      case "delete":
        if (!(await dialog.confirmDelete(log.races.get(id).race.prompt))) return undefined;
        return request(path, { from: visitor() });
      default:
        return request(path, { from: visitor() });
    }
  }, id);
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

/** Loads what may have changed while the service was away: the line-up, and the tag of this visitor. */
async function load() {
  const { owner } = await request("/api/visitor", { from: visitor() });
  identify(owner);
  log.refresh();
  const lineup = await request("/api/lineup");
  const text = JSON.stringify(lineup);
  if (text === shownLineup) return;
  shownLineup = text;
  composer.lineup = lineup;
  showLineup(lineup.models, lineup.missing_keys, (model) => toggle(model.id));
  setLineup(lineup.models);
  greeting.replaceChildren(...welcome(lineup, compare));
}

/** Makes this the page of one race. */
async function showOnly() {
  document.body.classList.add("one-race");
  document.querySelector(".skip").href = "#log";
  byId("note").after(el("a", { class: "back", href: "/" }, "Open # arena"));
  try {
    const race = await request(`/api/races/${only}`);
    setTitle(`${race.prompt.slice(0, 60)} · LLM Arena`);
    log.put(race);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    gone(error.message);
  }
}

/** Continues the race that the page of a race named in its link to this one. */
function continueLinked() {
  const link = new URLSearchParams(location.hash.slice(1));
  const [id, way] = [link.get("continue"), link.get("with")];
  if (!id) return;
  history.replaceState(null, "", location.pathname);
  attempt(async () => {
    const race = await request(`/api/races/${encodeURIComponent(id)}`);
    if (race.follow_ups.some((other) => other.with === way)) conversation.begin(race, way);
  });
}

function gone(text) {
  byId("messages").replaceChildren(el("li", { class: "gone" }, text));
}

async function start() {
  nameButton();
  themeButton();
  drawer();
  conversation.wire(redraw);
  follow({
    snapshot: (page) => log.snapshot(page),
    message: (race) => log.upsert(race),
    removed: (ids) => {
      if (ids.includes(conversation.continuing()?.race)) conversation.leave();
      if (log.removed(ids).length > 0 && only) gone("This race was deleted.");
    },
    disconnected: (reason) => banner(reason || "Connection lost. Reconnecting …"),
    connected: () => {
      banner("");
      reached();
      if (loaded) attempt(load);
    },
    busy: () => log.isWaiting(),
  });
  if (only) showOnly();
  const isLoaded = await attempt(load);
  loaded = true;
  if (isLoaded && !only && !matchMedia("(pointer: coarse)").matches) byId("say").focus();
  if (!only) continueLinked();
}

let loaded = false;
let shownLineup = "";
const greeting = el("section", { class: "welcome", "aria-label": "Welcome", hidden: true });
byId("messages").before(greeting);
const earlier = (id) => attempt(async () => log.prepend(await request(`/api/messages?before=${id}`)));
const log = new Log({ press, earlier, welcome: greeting, ended: raceEnded, changed: raceChanged, only });
const composer = new Composer((text) => command(text, conversation.continuing()));
composer.onchange = () => say("");
const files = new Files((text) => say(text));
addEventListener("race-this", ({ detail }) => composer.fill(detail));
start();
