// Inline Markdown: code, bold, italic, strikethrough. Links become "text (address)".

import { el } from "./dom.js";

const PUNCTUATION = /[\\`*_{}[\]()#+\-.!~>|]/;
const WORD = /[\p{L}\p{N}]/u;
const MAX_DEPTH = 6;
// A mark must be closed within this distance: without a bound a hostile text would take quadratic time.
const MAX_SPAN = 2000;

/** Returns the nodes of `text`, with its line breaks. */
export function inline(text, depth = 0) {
  const nodes = [];
  let plain = "";
  let at = 0;
  const flush = () => {
    if (plain !== "") nodes.push(document.createTextNode(plain));
    plain = "";
  };
  while (at < text.length) {
    const found = depth < MAX_DEPTH ? special(text, at, depth) : null;
    if (found) {
      flush();
      nodes.push(...found.nodes);
      at = found.end;
    } else {
      plain += text[at];
      at += 1;
    }
  }
  flush();
  return nodes;
}

function special(text, at, depth) {
  switch (text[at]) {
    case "\n":
      return { nodes: [el("br")], end: at + 1 };
    case "\\":
      return PUNCTUATION.test(text[at + 1] ?? "")
        ? { nodes: [document.createTextNode(text[at + 1])], end: at + 2 }
        : null;
    case "`":
      return code(text, at);
    case "*":
      return emphasis(text, at, "**", "strong", depth) ?? emphasis(text, at, "*", "em", depth);
    case "_":
      return emphasis(text, at, "__", "strong", depth) ?? emphasis(text, at, "_", "em", depth);
    case "~":
      return emphasis(text, at, "~~", "s", depth);
    case "[":
      return link(text, at, depth);
    default:
      return null;
  }
}

function code(text, at) {
  const mark = /^`+/.exec(text.slice(at, at + 20))[0];
  const end = text.indexOf(mark, at + mark.length);
  if (end < 0) return null;
  const inside = text.slice(at + mark.length, end);
  return { nodes: [el("code", {}, inside.trim() === "" ? inside : inside.trim())], end: end + mark.length };
}

/** Marks must touch their text, and `_` means nothing inside a word (snake_case). */
function emphasis(text, at, mark, tag, depth) {
  const start = at + mark.length;
  if (!text.startsWith(mark, at) || /\s/.test(text[start] ?? " ")) return null;
  const inWord = (place) => mark[0] === "_" && WORD.test(text[place] ?? "");
  if (inWord(at - 1)) return null;
  for (
    let end = text.indexOf(mark, start + 1);
    end > 0 && end - start < MAX_SPAN;
    end = text.indexOf(mark, end + 1)
  ) {
    if (mark.length === 2 && text[end + 2] === mark[0]) end += 1;
    const part = mark.length === 1 && (text[end + 1] === mark || text[end - 1] === mark);
    if (!part && !/\s/.test(text[end - 1]) && !inWord(end + mark.length)) {
      return { nodes: [el(tag, {}, ...inline(text.slice(start, end), depth + 1))], end: end + mark.length };
    }
  }
  return null;
}

/** An address written by a model never becomes a link: it is shown, so that users see where it leads. */
function link(text, at, depth) {
  const middle = text.indexOf("](", at);
  const end = middle < 0 ? -1 : text.indexOf(")", middle);
  if (end < 0) return null;
  const label = text.slice(at + 1, middle);
  const address = text.slice(middle + 2, end);
  if (/[[\]\n]/.test(label) || /\s/.test(address)) return null;
  return { nodes: [...inline(label, depth + 1), document.createTextNode(` (${address})`)], end: end + 1 };
}
