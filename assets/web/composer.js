// The message box, which completes commands and models, with a history of sent lines.

import { byId, dot, el, icon, show } from "./dom.js";
import { complete } from "./completion.js";
import { invite } from "./selection.js";

const MAX_HISTORY = 50;

/** The message box. `send(text)` handles each line and resolves to true if the line was accepted. */
export class Composer {
  constructor(send) {
    this.send = send;
    this.box = byId("say");
    this.list = byId("options");
    this.lineup = { models: [], commands: [] };
    this.completions = null;
    this.active = -1;
    this.history = [];
    this.historyIndex = 0;
    byId("send").append(icon("send"));
    this.blind = byId("blind");
    this.blind.addEventListener("click", () => this.setBlind(this.blind.ariaPressed !== "true"));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.box.addEventListener("input", () => this.changed());
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("blur", () => this.close());
    this.box.addEventListener("click", () => this.suggest());
  }

  /** Replaces the text of the box and moves the caret to its end. */
  fill(text) {
    this.box.value = text;
    this.box.focus();
    this.box.setSelectionRange(text.length, text.length);
    this.changed();
  }

  /** Switches blind races on or off: plain lines then start one. */
  setBlind(on) {
    this.blind.ariaPressed = String(on);
    invite();
    this.box.focus();
  }

  /** The command behind a line: a question starts a blind race where that is switched on. */
  command(text) {
    const isCommand = text.startsWith("/") || this.lineup.commands.some(({ word }) => word === text.split(/\s/)[0].toLowerCase());
    return this.blind.ariaPressed === "true" && !isCommand ? `/arena blind ${text}` : text;
  }

  clear() {
    this.fill("");
  }

  changed() {
    this.historyIndex = 0;
    this.box.style.setProperty("height", "auto");
    this.box.style.setProperty("height", `${this.box.scrollHeight}px`);
    this.onchange?.();
    this.suggest();
  }

  suggest() {
    const isAtEnd =
      this.box.selectionStart === this.box.selectionEnd && this.box.selectionStart === this.box.value.length;
    this.completions = isAtEnd ? complete(this.box.value, this.lineup) : null;
    this.active = this.completions?.eager ? 0 : -1;
    this.draw();
  }

  close() {
    this.completions = null;
    this.draw();
  }

  draw() {
    const options = this.completions?.options ?? [];
    this.list.replaceChildren(...options.map((option, index) => this.option(option, index)));
    show(this.list, options.length > 0);
    if (options.length > 0 && this.active >= 0) {
      this.box.setAttribute("aria-activedescendant", `option-${this.active}`);
      this.list.children[this.active].scrollIntoView({ block: "nearest" });
    } else this.box.removeAttribute("aria-activedescendant");
  }

  option(option, index) {
    const mark = option.color ? dot(option.color) : null;
    const label = el(
      "span",
      { class: "option-label" },
      el("span", { class: "model-icon", "aria-hidden": "true" }, option.icon),
      " ",
      option.label,
    );
    return el(
      "li",
      {
        id: `option-${index}`,
        role: "option",
        class: "option",
        "aria-selected": String(index === this.active),
        // Keeps the focus in the box: losing it would close the list before the click arrives.
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.accept(index),
      },
      mark,
      label,
      el("span", { class: "option-hint" }, option.hint),
    );
  }

  accept(index) {
    this.fill(this.box.value.slice(0, this.completions.from) + this.completions.options[index].insert);
  }

  key(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const handled = this.completions ? this.keyInList(event) : this.keyInBox(event);
    if (handled) event.preventDefault();
  }

  keyInList({ key, shiftKey }) {
    const count = this.completions.options.length;
    switch (key) {
      case "ArrowDown":
        this.active = (this.active + 1) % count;
        break;
      case "ArrowUp":
        this.active = (Math.max(this.active, 0) + count - 1) % count;
        break;
      case "Escape":
        this.completions = null;
        break;
      case "Tab":
        if (shiftKey) return false;
        this.accept(Math.max(this.active, 0));
        return true;
      case "Enter":
        if (shiftKey) return false;
        if (this.active < 0) this.submit();
        else this.accept(this.active);
        return true;
      default:
        return false;
    }
    this.draw();
    return true;
  }

  keyInBox({ key, shiftKey }) {
    if (key === "Enter" && !shiftKey) this.submit();
    else if (key === "ArrowUp" && (this.box.value === "" || this.historyIndex > 0)) return this.showHistory(1);
    else if (key === "ArrowDown" && this.historyIndex > 0) return this.showHistory(-1);
    else return false;
    return true;
  }

  showHistory(step) {
    const index = this.historyIndex + step;
    if (index > this.history.length) return true;
    this.fill(index === 0 ? "" : this.history.at(-index));
    this.close();
    this.historyIndex = index;
    return true;
  }

  async submit() {
    const text = this.box.value.trim();
    if (text === "" || this.busy) return;
    this.busy = true;
    this.close();
    const accepted = await this.send(this.command(text));
    this.busy = false;
    // The box keeps a refused line, and text typed in the meantime.
    if (!accepted || this.box.value.trim() !== text) return;
    if (this.history.at(-1) !== text) this.history = [...this.history, text].slice(-MAX_HISTORY);
    const focused = document.activeElement === this.box;
    this.fill("");
    if (!focused && matchMedia("(pointer: coarse)").matches) this.box.blur();
  }
}
