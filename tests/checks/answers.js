// Whether those who answer for a command of the documents are there.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { text } from "../harness/docs.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const RUST = /#\[(?:\w+::)?test(?:\([^\]]*\))?\]\s*(?:#\[[^\]]*\]\s*)*(?:async\s+)?fn\s+(\w+)/g;
const PYTHON = /^ +def (test_\w+)\(/gm;
const SCRIPT = /\b(?:it|test)(?:By\w+)?\(\s*(["'`])((?:\\.|(?!\1).)*)\1/g;

/** The names of the tests in a source, with `..` for what a title fills in. */
export function testsOf(file, source) {
  if (/\.(rs|py)$/.test(file)) return [...source.matchAll(file.endsWith(".rs") ? RUST : PYTHON)].map(([, name]) => name);
  return [...source.matchAll(SCRIPT)].map(([, , title]) => title.replaceAll(/\$\{[^}]*\}/g, "..").replaceAll(/\\(.)/g, "$1"));
}

/** What is wrong with an answer of ./commands.js, if anything is. */
export function fault(answer, makefile) {
  const { file, test, words, verb, runs } = answer;
  if (!test && !verb && !answer.package) return "it names no test, no verb and no package";
  if (file && !existsSync(`${ROOT}/${file}`)) return `there is no file ${file}`;
  if (test && !testsOf(file, text(file)).includes(test)) return `${file} has no test of the name: ${test}`;
  if (words && !text(file).includes(words)) return `${file} does not hold: ${words}`;
  if (answer.package && !isInstalled(file, answer.package)) return `${file} does not install ${answer.package}`;
  if (verb && !makefile.has(verb)) return `the Makefile has no verb ${verb}`;
  if (verb && !makefile.covers("test", verb)) return `make test does not reach ${verb}`;
  if (verb && !makefile.commands(verb).some((command) => command.includes(runs))) return `make ${verb} does not run: ${runs}`;
  return undefined;
}

function isInstalled(file, name) {
  if (!file.endsWith(".json")) return text(file).split("\n").some((line) => line.split("==")[0] === name);
  return name in JSON.parse(text(file)).devDependencies;
}
