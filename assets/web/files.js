// The files of the next race: picked, dropped or pasted, and shown as chips above the message box.

import { byId, el, icon, show } from "./dom.js";

const MAX_FILES = 4;
const MAX_BYTES = 5 * 1024 * 1024;

/** The bytes of a file in Base64. */
function encoded(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(file);
  });
}

/** The files beside the message box. `say(text)` shows why a file is not attached. */
export class Files {
  constructor(say) {
    this.say = say;
    this.files = [];
    this.chips = byId("files");
    this.picker = byId("file");
    const attach = byId("attach");
    attach.append(icon("attach"));
    attach.addEventListener("click", () => this.picker.click());
    this.picker.addEventListener("change", () => {
      this.add(this.picker.files);
      this.picker.value = "";
    });
    byId("say").addEventListener("paste", (event) => {
      const pasted = event.clipboardData.files;
      if (pasted.length === 0) return;
      event.preventDefault();
      this.add(pasted);
    });
    const room = document.querySelector(".room");
    const drag = (event, over) => {
      if (!event.dataTransfer?.types.includes("Files")) return false;
      event.preventDefault();
      room.classList.toggle("dropping", over);
      return true;
    };
    room.addEventListener("dragover", (event) => drag(event, true));
    room.addEventListener("dragleave", (event) => drag(event, false));
    room.addEventListener("drop", (event) => {
      if (drag(event, false)) this.add(event.dataTransfer.files);
    });
  }

  add(added) {
    const files = [...this.files, ...added];
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    if (files.length > MAX_FILES) this.say(`At most ${MAX_FILES} files can be attached.`);
    else if (bytes > MAX_BYTES) this.say("The files have more than 5 MB together. Attach smaller ones.");
    else {
      this.say("");
      this.files = files;
    }
    this.draw();
  }

  remove(file) {
    this.files = this.files.filter((other) => other !== file);
    this.draw();
    byId("say").focus();
  }

  clear() {
    this.files = [];
    this.draw();
  }

  draw() {
    this.chips.replaceChildren(...this.files.map((file) => this.chip(file)));
    show(this.chips, this.files.length > 0);
  }

  chip(file) {
    const remove = { type: "button", class: "chip-remove", "aria-label": `Remove ${file.name}` };
    return el(
      "li",
      { class: "chip" },
      el("span", { "aria-hidden": "true" }, "📎 "),
      el("bdi", {}, file.name),
      el("button", { ...remove, onclick: () => this.remove(file) }, icon("close")),
    );
  }

  /** The files as the service takes them. */
  async encoded() {
    const json = async (file) => ({ name: file.name, type: file.type, data: await encoded(file) });
    return Promise.all(this.files.map(json));
  }
}
