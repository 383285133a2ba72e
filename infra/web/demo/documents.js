// Renders docs/*.md and docs/adr/*.md to pages that the local stack serves beside the demo page: dist/docs/NAME.html.
// A link to a document that is no page, such as a folder of code, stays as text. `make docs` serves the whole site, with
// search and drawn pictures; these pages need no other tool.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { Marked } from "marked";

const DOCS = fileURLToPath(new URL("../../../docs/", import.meta.url));
const OUT = fileURLToPath(new URL("dist/docs/", import.meta.url));
const markdown = (folder) => readdirSync(join(DOCS, folder)).filter((name) => name.endsWith(".md")).map((name) => posix.join(folder, name));
const pages = [...markdown(""), ...markdown("adr")];

/** The id of a heading, as GitHub makes it. */
const slug = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").trim().replaceAll(" ", "-");
/** The page of a document, beside it. */
const page = (name) => name.replace(/md$/, "html");
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");

/** The link to a target from a document, or nothing when the target is no page. */
function link(href, source) {
  if (/^([a-z]+:|#)/.test(href)) return href;
  const [path, anchor] = href.split("#");
  const target = posix.join(posix.dirname(source), path);
  const found = [target, posix.join(target, "README.md")].find((name) => pages.includes(name));
  return found && page(posix.relative(posix.dirname(source), found)) + (anchor ? `#${anchor}` : "");
}

function rendered(source) {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text }) {
        return `<h${depth} id="${slug(text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"))}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const [to, inner] = [link(href, source), this.parser.parseInline(tokens)];
        return to ? `<a href="${escaped(to)}">${inner}</a>` : inner;
      },
    },
  });
  const scrolls = (html) => html.replaceAll("<table>", '<div class="scroll" tabindex="0"><table>').replaceAll("</table>", "</table></div>");
  return scrolls(marked.parse(readFileSync(join(DOCS, source), "utf8"))).replaceAll("<pre>", '<pre tabindex="0">');
}

const title = (source) => /^# (.*)/m.exec(readFileSync(join(DOCS, source), "utf8"))?.[1] ?? source;

function write(name, heading, body) {
  const root = "../".repeat(name.split("/").length);
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(heading)} - hubcast</title>
<link rel="icon" href="${root}icon.svg">
<link rel="stylesheet" href="${root}documents.css">
<header><nav aria-label="hubcast"><a href="${root}">Demo page</a> <a href="${root}docs/index.html">All documents</a> <a href="${root}api">REST API</a></nav></header>
<main>
${body}
</main>
</html>
`;
  mkdirSync(dirname(join(OUT, name)), { recursive: true });
  writeFileSync(join(OUT, name), html);
}

for (const source of pages) write(page(source), title(source), rendered(source));
const list = (names) => `<ul>\n${names.map((name) => `<li><a href="${page(name)}">${escaped(title(name))}</a></li>\n`).join("")}</ul>`;
write("index.html", "Documents", `<h1>Documents</h1>\n${list(pages.filter((name) => !name.includes("/")))}\n<p><a href="adr/README.html">Decisions</a></p>`);
