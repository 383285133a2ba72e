// The documents of the repository, taken apart into what tests run and compare.

import { readFileSync } from "node:fs";

/** The text of a file, by its path from the root. */
export function text(path) {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

/** What stands below a heading of the second level. */
export function section(page, heading) {
  const [, below] = page.split(`\n## ${heading}\n`);
  if (below === undefined) throw new Error(`there is no heading ${heading}`);
  return below.split("\n## ")[0];
}

/** The fenced blocks of a page, without their indentation, with the line at which each begins. */
export function blocks(page) {
  return [...page.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map(({ 1: indent, 2: language, 3: body, index }) => ({
    language,
    body: body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    line: page.slice(0, index).split("\n").length,
  }));
}

/** The first block of a language. */
export function block(page, wanted) {
  const found = blocks(page).find(({ language }) => language === wanted);
  if (!found) throw new Error(`there is no block of ${wanted}`);
  return found.body;
}
