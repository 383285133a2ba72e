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

const PROGRAM = /^(?:[A-Z_]+=\S+ )*(?:make|hubcast|cargo|node|npx|npm|aws|sam|sh|python3?|pip|java|dotnet|cd|apt-get|target\/debug\/\S+)(?: |$)/;
/** Names of programs, which are no commands by themselves. */
const NAMES = ["hubcast", "aws", "node", "cargo", "sam"];

/**
 * The commands of a page, in blocks and between backticks, each with its context: where a mark counts.
 * For a block that is the block; for others the line, and a sentence of the section about all of it.
 */
export function commands(page) {
  const shell = blocks(page).filter(({ language }) => ["sh", "console"].includes(language));
  const prose = page.replace(/^( *)```[\s\S]*?^ *```$/gm, "");
  return [...shell.flatMap(inBlock), ...prose.split(/^## /m).flatMap(inSection)];
}

function inBlock({ body, language }) {
  const lines = body.replaceAll(/\\\n\s*/g, "").split("\n").map((line) => line.replace(/(^|\s+)# .*/, "").trim());
  const isCommand = (line) => line !== "" && !line.startsWith("export ");
  return lines.filter(isCommand).map((command) => ({ command, context: body, language }));
}

function inSection(section) {
  const lines = section.split("\n");
  // A mark of one line is for that line; a sentence of its own is for the rest of the section.
  const sentence = lines.find((line) => /^Everything in this section /.test(line)) ?? "";
  return lines.flatMap((line) =>
    [...line.matchAll(/`([^`]+)`/g)]
      .map(([, command]) => command)
      .filter((command) => PROGRAM.test(command) && !NAMES.includes(command))
      .map((command) => ({ command, context: `${sentence}\n${line}` })),
  );
}
