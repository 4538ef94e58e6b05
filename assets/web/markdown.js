// A Markdown subset for answers, built from nodes. Answers are untrusted: links stay text and nothing is loaded.

import { copyButton } from "./clipboard.js";
import { el } from "./dom.js";
import { highlight } from "./highlight.js";
import { inline } from "./inline.js";

// A line may hold thousands of spaces: no pattern may match them in more than one way, or it would backtrack.
const FENCE = /^ {0,3}(`{3,}|~{3,}(?!~))([^`]*)$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/;
const RULE = /^ {0,3}([-*_])(\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}>\s?(.*)$/;
const DELIMITER = /^:?-+:?$/;

/** Splits `text` into blocks `{kind, source, ...}`. Blocks with equal sources render equally. */
export function blocks(text) {
  const lines = text.split("\n");
  const found = [];
  let at = 0;
  while (at < lines.length) {
    if (lines[at].trim() === "") {
      at += 1;
      continue;
    }
    const block =
      fence(lines, at) ??
      heading(lines, at) ??
      rule(lines, at) ??
      table(lines, at) ??
      list(lines, at) ??
      quote(lines, at) ??
      paragraph(lines, at);
    block.source = lines.slice(at, block.end).join("\n");
    found.push(block);
    at = block.end;
  }
  return found;
}

function fence(lines, at) {
  const open = FENCE.exec(lines[at]);
  if (!open) return null;
  const closes = (line) => {
    const mark = line.trim();
    return mark.length >= open[1].length && [...mark].every((c) => c === open[1][0]);
  };
  let end = at + 1;
  while (end < lines.length && !closes(lines[end])) end += 1;
  return {
    kind: "code",
    language: open[2].trim().split(/\s/)[0],
    lines: lines.slice(at + 1, end),
    end: Math.min(end + 1, lines.length),
  };
}

function heading(lines, at) {
  const match = HEADING.exec(lines[at]);
  return match && { kind: "heading", level: match[1].length, text: withoutClosingMarks(match[2]), end: at + 1 };
}

/** A heading's text without its optional closing marks. */
function withoutClosingMarks(text) {
  let end = text.trimEnd().length;
  while (text[end - 1] === "#") end -= 1;
  return text.slice(0, end).trimEnd();
}

function rule(lines, at) {
  return RULE.test(lines[at]) ? { kind: "rule", end: at + 1 } : null;
}

const cells = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split("|")
    .map((cell) => cell.trim());

/** Returns true for the line between a table's head and its rows. */
function isDelimiter(line) {
  const marks = line.includes("-") ? cells(line) : [];
  return marks.length >= 2 && marks.every((mark) => DELIMITER.test(mark));
}

function table(lines, at) {
  if (!lines[at].includes("|") || !isDelimiter(lines[at + 1] ?? "")) return null;
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) end += 1;
  return { kind: "table", head: cells(lines[at]), rows: lines.slice(at + 2, end).map(cells), end };
}

function list(lines, at) {
  if (!ITEM.test(lines[at])) return null;
  const items = [];
  let end = at;
  for (; end < lines.length; end += 1) {
    const match = ITEM.exec(lines[end]);
    if (match)
      items.push({
        indent: match[1].length,
        ordered: /\d/.test(match[2]),
        start: parseInt(match[2], 10),
        lines: [match[3]],
      });
    else if (/^\s+\S/.test(lines[end])) items.at(-1).lines.push(lines[end].trim());
    else if (lines[end].trim() !== "" || !ITEM.test(lines[end + 1] ?? "")) break;
  }
  return { kind: "list", items, end };
}

function quote(lines, at) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end += 1;
  return end === at
    ? null
    : { kind: "quote", lines: lines.slice(at, end).map((line) => QUOTE.exec(line)[1]), end };
}

function paragraph(lines, at) {
  let end = at + 1;
  const ends = (line) =>
    line.trim() === "" || FENCE.test(line) || HEADING.test(line) || ITEM.test(line) || QUOTE.test(line);
  while (end < lines.length && !ends(lines[end])) end += 1;
  return { kind: "paragraph", lines: lines.slice(at, end), end };
}

/** A code block. `fill(block)` replaces its code, so that its button and its scroll position survive a stream. */
function codeNode(first) {
  const code = el("code");
  const name = first.language || "code";
  let text = "";
  const node = el(
    "div",
    { class: "code" },
    el("div", { class: "code-head" }, el("span", {}, name), copyButton(() => text, `this ${name}`)),
    el("pre", { tabindex: "0", role: "group", "aria-label": first.language ? `Code, ${name}` : "Code" }, code),
  );
  node.fill = ({ lines, language }) => {
    text = lines.join("\n");
    code.replaceChildren(...highlight(text, language));
  };
  node.fill(first);
  return node;
}

function node(block, level) {
  switch (block.kind) {
    case "code":
      return codeNode(block);
    // Headings of an answer rank just below the heading of its model: models begin with any level.
    case "heading":
      return el(`h${level}`, { dir: "auto" }, ...inline(block.text));
    case "rule":
      return el("hr");
    case "table":
      return tableNode(block);
    case "list":
      return listNode(block.items, 0).node;
    case "quote":
      return el("blockquote", { dir: "auto" }, ...inline(block.lines.join("\n")));
    default:
      return el("p", { dir: "auto" }, ...inline(block.lines.join("\n")));
  }
}

function tableNode({ head, rows }) {
  const row = (tag, texts) => el("tr", {}, ...texts.map((text) => el(tag, { dir: "auto" }, ...inline(text))));
  const grid = el(
    "table",
    {},
    el("thead", {}, row("th", head)),
    el("tbody", {}, ...rows.map((texts) => row("td", texts))),
  );
  return el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "Table" }, grid);
}

/** Returns the list that starts at item `first`, with deeper items nested; `next` is the first item after it. */
function listNode(items, first) {
  const { indent, ordered, start } = items[first];
  const list = el(ordered ? "ol" : "ul", ordered && start !== 1 ? { start } : {});
  let next = first;
  while (next < items.length && items[next].indent >= indent) {
    if (items[next].indent > indent + 1 && list.lastChild) {
      const nested = listNode(items, next);
      list.lastChild.append(nested.node);
      next = nested.next;
    } else {
      list.append(el("li", { dir: "auto" }, ...inline(items[next].lines.join("\n"))));
      next += 1;
    }
  }
  return { node: list, next };
}

/** Renders `text` into `container`, with headings of `level`. Nodes of unchanged blocks stay, so a stream redraws only its end. */
export function render(container, text, level = 5) {
  const wanted = blocks(text);
  const shown = container.shownBlocks ?? [];
  let same = 0;
  while (same < wanted.length && same < shown.length && wanted[same].source === shown[same].source) same += 1;
  if (continues(wanted[same], shown[same])) {
    container.childNodes[same].fill(wanted[same]);
    same += 1;
  }
  while (container.childNodes.length > same) container.lastChild.remove();
  container.append(...wanted.slice(same).map((block) => node(block, level)));
  container.shownBlocks = wanted;
}

/** Returns true if `block` is the code block `shown`, grown. */
function continues(block, shown) {
  return block?.kind === "code" && shown?.kind === "code" && block.language === shown.language;
}
