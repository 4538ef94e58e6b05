// The list of messages: newest last, the reader's place kept, news announced.

import { byId, calm, el, setText, show } from "./dom.js";
import { RaceMessage, beginning, ending } from "./race.js";

/** As many as the service keeps. */
const MESSAGES = 200;
/** This near to the newest message one counts as reading it. */
const NEAR = 60;

/** The log; `press` hears of the buttons under messages, `welcome` is what an empty channel shows. */
export class Log {
  constructor({ press, welcome }) {
    this.press = press;
    this.scroller = byId("log");
    this.list = byId("messages");
    this.pill = byId("newest");
    this.announcer = byId("announcer");
    this.races = new Map();
    this.welcome = welcome;
    this.following = true;
    this.scroller.addEventListener("scroll", () => this.scrolled());
    this.pill.addEventListener("click", () => this.toNewest(true));
    new ResizeObserver(() => this.settle()).observe(this.list);
    new ResizeObserver(() => this.settle()).observe(this.scroller);
  }

  /** Shows exactly these races, oldest first. */
  snapshot(races) {
    const ids = new Set(races.map((race) => race.id));
    for (const id of this.races.keys()) if (!ids.has(id)) this.forget(id);
    for (const race of races) this.put(race);
    show(this.welcome, this.races.size === 0);
    this.known = true;
    this.settle();
  }

  /** Shows a new race or changes a known one, and says aloud what matters. */
  upsert(race) {
    const before = this.races.get(race.id);
    const wasLive = before?.live ?? false;
    this.put(race);
    show(this.welcome, false);
    if (!before) setText(this.announcer, beginning(race));
    else if (wasLive && race.progress !== "live") setText(this.announcer, ending(race));
    if (this.races.size > MESSAGES) this.forget(this.races.keys().next().value);
    this.settle();
  }

  put(race) {
    const known = this.races.get(race.id);
    if (known) return known.update(race);
    const message = new RaceMessage(race, this.press);
    this.races.set(race.id, message);
    // Ids sort by time. What only this tab sees stays where it was put.
    const later = [...this.list.querySelectorAll("[data-race]")].find((node) => node.dataset.race > race.id);
    this.list.insertBefore(message.node, later ?? null);
    // Panels can be measured only now that they are on the page.
    message.update(race);
  }

  forget(id) {
    this.races.get(id)?.node.remove();
    this.races.delete(id);
  }

  /** Adds a message that only this tab sees; gives its node. */
  whisper(content, label) {
    const close = el("button", { type: "button", class: "dismiss", onclick: () => node.remove() }, "Dismiss");
    const foot = el("p", { class: "private" }, "Only you can see this · ", close);
    const node = el(
      "li",
      { class: "message whisper" },
      el("div", { class: "avatar", "aria-hidden": "true" }, "⚔️"),
      el("article", { class: "message-body", "aria-label": label }, content, foot),
    );
    this.list.append(node);
    this.toNewest(false);
    return node;
  }

  /** Where the newest message can be read: its end, or its beginning when it is taller than the window. */
  target() {
    const end = this.scroller.scrollHeight - this.scroller.clientHeight;
    const last = this.list.lastElementChild;
    return last ? Math.max(0, Math.min(end, last.offsetTop - 8)) : 0;
  }

  scrolled() {
    this.following = this.scroller.scrollTop >= this.target() - NEAR;
    show(this.pill, !this.following);
  }

  /** Keeps the newest message in view for those who follow; leaves the others where they are. */
  settle() {
    const last = this.list.lastElementChild;
    const arrived = last !== this.newest;
    this.newest = last;
    if (!this.following) return show(this.pill, true);
    const top = this.scroller.scrollTop;
    // A reader who scrolled down inside the newest message stays there.
    if (arrived || top < this.target()) this.scroller.scrollTop = this.target();
  }

  /** Goes to the newest message. */
  toNewest(smoothly) {
    this.following = true;
    show(this.pill, false);
    this.scroller.scrollTo({ top: this.target(), behavior: smoothly && !calm() ? "smooth" : "auto" });
  }
}
