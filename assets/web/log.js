// The list of messages, newest last. It keeps the reader's position and announces what happens to screen readers.

import { byId, el, prefersReducedMotion, setText, show } from "./dom.js";
import { RaceMessage, endAnnouncement, startAnnouncement } from "./race.js";
import { Running } from "./running.js";
import { owns } from "./visitor.js";

/** The number of messages that the service keeps. */
const MAX_MESSAGES = 200;
/** The distance to the latest message, in pixels, within which the reader follows it. */
const FOLLOW_DISTANCE = 60;

/**
 * The log. `press` handles the buttons under messages, `earlier` loads the messages before one; `welcome` is shown while the
 * channel is empty; `ended(race)` and `changed(id)` hear of races. `only` is the id of the one race of a page of its own.
 */
export class Log {
  constructor({ press, earlier, welcome, ended, changed, only }) {
    this.press = press;
    this.scroller = byId("log");
    this.list = byId("messages");
    this.pill = byId("latest");
    this.announcer = byId("announcer");
    this.races = new Map();
    this.running = new Running(press);
    this.welcome = welcome;
    this.ended = ended;
    this.changed = changed;
    this.only = only;
    this.following = true;
    this.earlier = el("button", { type: "button", class: "earlier", hidden: true }, "Show earlier messages");
    this.earlier.addEventListener("click", () => earlier(this.oldest));
    this.note = el("p", { class: "history-note", hidden: true });
    this.list.before(this.note, this.earlier);
    this.scroller.addEventListener("scroll", () => this.scrolled());
    this.pill.addEventListener("click", () => this.toLatest(true));
    new ResizeObserver(() => this.settle()).observe(this.list);
    new ResizeObserver(() => this.settle()).observe(this.scroller);
  }

  /** Shows these races alone, the newest ones, oldest first. */
  snapshot({ messages, has_earlier, note }) {
    if (this.only) {
      for (const race of messages) this.upsert(race);
      return;
    }
    const ids = new Set(messages.map((race) => race.id));
    for (const id of [...this.races.keys()]) if (!ids.has(id)) this.remove(id);
    for (const race of messages) this.put(race);
    this.begin(messages, has_earlier, note);
    show(this.welcome, this.races.size === 0);
    this.settle();
  }

  /** Adds earlier races, and keeps the reader's position. */
  prepend({ messages, has_earlier, note }) {
    const below = this.scroller.scrollHeight - this.scroller.scrollTop;
    for (const race of messages) this.put(race);
    this.begin(messages, has_earlier, note);
    this.scroller.scrollTop = this.scroller.scrollHeight - below;
  }

  /** Records where the shown history begins. */
  begin(messages, hasEarlier, note) {
    this.oldest = messages[0]?.id ?? this.oldest;
    show(this.earlier, hasEarlier);
    setText(this.note, note ?? "");
    show(this.note, !hasEarlier && note !== null);
  }

  /** Adds or updates a race, and announces its start and end. A race before the shown history is loaded with its page. */
  upsert(race) {
    if (this.only && race.id !== this.only) return;
    const before = this.races.get(race.id);
    if (!before && !this.earlier.hidden && race.id < this.oldest) return;
    const was = before?.race.progress;
    this.put(race);
    show(this.welcome, false);
    if (!before) setText(this.announcer, startAnnouncement(race));
    else if (["live", "voting"].includes(was) && race.progress !== was) {
      setText(this.announcer, endAnnouncement(race));
      this.ended(race);
      this.changed(race.id);
    }
    if (this.races.size > MAX_MESSAGES) this.remove([...this.races.keys()].sort()[0]);
    this.settle();
  }

  put(race) {
    const known = this.races.get(race.id);
    // First the message, which grows as the dock shrinks: the other way round the position would be clamped in between.
    known?.update(race);
    const stopFocused = this.running.update(race);
    // The button that had the focus is gone: the next one of its race takes it over.
    if (stopFocused) known?.focus();
    if (known) return;
    const message = new RaceMessage(race, this.press);
    this.races.set(race.id, message);
    // Ids sort by time. Ephemeral messages stay where they were added.
    const later = [...this.list.querySelectorAll("[data-race]")].find((node) => node.dataset.race > race.id);
    this.list.insertBefore(message.node, later ?? null);
    // Panels can be measured only once they are on the page.
    message.update(race);
  }

  remove(id) {
    const node = this.races.get(id)?.node;
    if (node?.contains(document.activeElement)) this.scroller.focus({ preventScroll: true });
    node?.remove();
    this.running.remove(id);
    this.races.delete(id);
  }

  /** Removes races that were deleted. */
  removed(ids) {
    const gone = ids.filter((id) => this.races.has(id));
    for (const id of gone) {
      this.remove(id);
      this.changed(id);
    }
    if (gone.length === 1) setText(this.announcer, "A race was deleted.");
    else if (gone.length > 1) setText(this.announcer, `${gone.length} races were deleted.`);
    if (!this.only) show(this.welcome, this.races.size === 0 && this.earlier.hidden);
    this.settle();
    return gone;
  }

  /** Shows the buttons that work now, after the visitor was identified. */
  refresh() {
    for (const message of this.races.values()) {
      message.buttons();
      this.running.remove(message.race.id);
      this.running.update(message.race);
    }
  }

  /** Returns true while a race of this visitor runs, or its vote is open. */
  isWaiting() {
    return [...this.races.values()].some(({ race }) => ["live", "voting"].includes(race.progress) && owns(race));
  }

  /** Adds a message that only this tab shows, and returns its node. */
  addEphemeral(content, label) {
    const close = el("button", { type: "button", class: "dismiss", onclick: () => node.remove() }, "Dismiss");
    const foot = el("p", { class: "private" }, "Only you can see this · ", close);
    const node = el(
      "li",
      { class: "message ephemeral" },
      el("article", { class: "message-body", "aria-label": label }, content, foot),
    );
    this.list.append(node);
    this.toLatest(false);
    return node;
  }

  /** The scroll position of the latest message: its end, or its beginning where it is taller than the window. */
  target() {
    const end = this.scroller.scrollHeight - this.scroller.clientHeight;
    const last = this.list.lastElementChild;
    return last ? Math.max(0, Math.min(end, last.offsetTop - 8)) : 0;
  }

  scrolled() {
    this.following = this.scroller.scrollTop >= this.target() - FOLLOW_DISTANCE;
    show(this.pill, !this.following);
  }

  /** Keeps the latest message in view if the reader follows it, and the position otherwise. */
  settle() {
    const last = this.list.lastElementChild;
    const arrived = last !== this.latest;
    this.latest = last;
    if (!this.following) return show(this.pill, true);
    const top = this.scroller.scrollTop;
    // A reader who scrolled down inside the latest message stays there.
    if (arrived || top < this.target()) this.scroller.scrollTop = this.target();
  }

  /** Scrolls to the latest message. */
  toLatest(smoothly) {
    this.following = true;
    show(this.pill, false);
    this.scroller.scrollTo({ top: this.target(), behavior: smoothly && !prefersReducedMotion() ? "smooth" : "auto" });
  }
}
