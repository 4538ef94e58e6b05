// The message box: a combobox that completes commands and models, with a history.

import { byId, dot, el, icon, show } from "./dom.js";
import { complete } from "./completion.js";

const HISTORY = 50;

/** The box; `send(text)` is told of each line and gives a promise of whether it was taken. */
export class Composer {
  constructor(send) {
    this.send = send;
    this.box = byId("say");
    this.list = byId("options");
    this.lineup = { models: [], commands: [] };
    this.found = null;
    this.active = -1;
    this.history = [];
    this.back = 0;
    byId("send").append(icon("send"));
    byId("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.box.addEventListener("input", () => this.changed());
    this.box.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("blur", () => this.close());
    this.box.addEventListener("click", () => this.suggest());
  }

  /** Puts `text` into the box and the caret behind it. */
  fill(text) {
    this.box.value = text;
    this.box.focus();
    this.box.setSelectionRange(text.length, text.length);
    this.changed();
  }

  changed() {
    this.back = 0;
    this.box.style.setProperty("height", "auto");
    this.box.style.setProperty("height", `${this.box.scrollHeight}px`);
    this.onchange?.();
    this.suggest();
  }

  suggest() {
    const end =
      this.box.selectionStart === this.box.selectionEnd && this.box.selectionStart === this.box.value.length;
    this.found = end ? complete(this.box.value, this.lineup) : null;
    this.active = this.found?.eager ? 0 : -1;
    this.draw();
  }

  close() {
    this.found = null;
    this.draw();
  }

  draw() {
    const options = this.found?.options ?? [];
    this.list.replaceChildren(...options.map((option, index) => this.option(option, index)));
    show(this.list, options.length > 0);
    this.box.setAttribute("aria-expanded", String(options.length > 0));
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
        // The box keeps the focus, or a press would close the list before it is a click.
        onpointerdown: (event) => event.preventDefault(),
        onclick: () => this.take(index),
      },
      mark,
      label,
      el("span", { class: "option-hint" }, option.hint),
    );
  }

  take(index) {
    this.fill(this.box.value.slice(0, this.found.from) + this.found.options[index].insert);
  }

  key(event) {
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    const handled = this.found ? this.keyInList(event) : this.keyInBox(event);
    if (handled) event.preventDefault();
  }

  keyInList({ key, shiftKey }) {
    const count = this.found.options.length;
    switch (key) {
      case "ArrowDown":
        this.active = (this.active + 1) % count;
        break;
      case "ArrowUp":
        this.active = (Math.max(this.active, 0) + count - 1) % count;
        break;
      case "Escape":
        this.found = null;
        break;
      case "Tab":
        if (shiftKey) return false;
        this.take(Math.max(this.active, 0));
        return true;
      case "Enter":
        if (shiftKey) return false;
        if (this.active < 0) this.submit();
        else this.take(this.active);
        return true;
      default:
        return false;
    }
    this.draw();
    return true;
  }

  keyInBox({ key, shiftKey }) {
    if (key === "Enter" && !shiftKey) this.submit();
    else if (key === "ArrowUp" && (this.box.value === "" || this.back > 0)) return this.recall(1);
    else if (key === "ArrowDown" && this.back > 0) return this.recall(-1);
    else return false;
    return true;
  }

  recall(step) {
    const back = this.back + step;
    if (back > this.history.length) return true;
    this.fill(back === 0 ? "" : this.history.at(-back));
    this.close();
    this.back = back;
    return true;
  }

  async submit() {
    const text = this.box.value.trim();
    if (text === "" || this.busy) return;
    this.busy = true;
    this.close();
    const taken = await this.send(text);
    this.busy = false;
    // What was typed meanwhile, or not taken, stays in the box.
    if (!taken || this.box.value.trim() !== text) return;
    if (this.history.at(-1) !== text) this.history = [...this.history, text].slice(-HISTORY);
    const focused = document.activeElement === this.box;
    this.fill("");
    if (!focused && matchMedia("(pointer: coarse)").matches) this.box.blur();
  }
}
