// Syntax highlighting as nodes. The library decides what is a keyword or a string; its markup is never used.

import { el } from "./dom.js";
import hljs from "./hljs.js";

/** The longest code that is highlighted: a grammar may take quadratic time. */
const MAX_CHARS = 10_000;

/** Builds nodes from the library's events, in place of its markup. */
class NodeEmitter {
  constructor() {
    this.root = new DocumentFragment();
    this.open = [this.root];
  }

  addText(text) {
    if (text) this.open.at(-1).append(text);
  }

  startScope(scope) {
    const node = el("span", { class: `hl-${scope.split(".")[0]}` });
    this.open.at(-1).append(node);
    this.open.push(node);
  }

  endScope() {
    if (this.open.length > 1) this.open.pop();
  }

  openNode(scope) {
    this.startScope(scope);
  }

  closeNode() {
    this.endScope();
  }

  __addSublanguage(emitter) {
    this.open.at(-1).append(emitter.root);
  }

  finalize() {}

  toHTML() {
    return "";
  }
}

hljs.configure({ __emitter: NodeEmitter });
hljs.registerAliases(["c", "h"], { languageName: "cpp" });

/** Returns the nodes of `code`: plain text where its language is unknown, or where a grammar lost any of it. */
export function highlight(code, language) {
  if (!language || code.length > MAX_CHARS || !hljs.getLanguage(language)) return [code];
  const { root } = hljs.highlight(code, { language, ignoreIllegals: true })._emitter;
  return root.textContent === code ? [root] : [code];
}
