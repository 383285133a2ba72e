// The Makefile taken apart: its verbs and files, what each needs, and the commands that each runs.

import { text } from "../harness/docs.js";

const ASSIGNED = /^(?:export )?([A-Za-z_]+) *(?:[:?]?=) *(.*)$/;
const RULE = /^([^\s#:=][^:=]*):(?!=) *(.*)$/;
const SCRIPT = /\bnpm run (?:--silent )?(\w+)/g;

export class Makefile {
  #variables = {};
  #targets = new Map();

  constructor(source) {
    let current = [];
    for (const line of source.replaceAll(/\s*\\\n\s*/g, " ").split("\n")) {
      if (line.startsWith("\t")) for (const name of current) this.#targets.get(name).recipe.push(this.#expanded(line.trim()));
      else if (!/^\s*(#|$)/.test(line)) current = this.#read(line);
    }
  }

  /** Reads a line at the margin; answers the targets whose recipe may follow. */
  #read(line) {
    const [, variable, value] = line.match(ASSIGNED) ?? [];
    if (variable) this.#variables[variable] = this.#expanded(value);
    const [, targets, rest] = (!variable && line.match(RULE)) || [];
    if (!targets || targets.startsWith(".")) return [];
    const names = words(this.#expanded(targets));
    // What follows may be a variable for this target alone.
    const needs = ASSIGNED.test(rest) ? [] : words(this.#expanded(rest.split("#")[0]));
    for (const name of names) {
      if (!this.#targets.has(name)) this.#targets.set(name, { needs: [], recipe: [] });
      this.#targets.get(name).needs.push(...needs);
    }
    return names;
  }

  /** The text with the variables that are known by then; calls of functions stay. */
  #expanded(value) {
    return value.replaceAll(/\$\((\w+)\)/g, (whole, name) => this.#variables[name] ?? whole);
  }

  has(verb) {
    return this.#targets.has(verb);
  }

  /** A target and all that it needs, directly or not. */
  reached(target, seen = new Set()) {
    if (seen.has(target)) return seen;
    seen.add(target);
    for (const each of this.#targets.get(target)?.needs ?? []) this.reached(each, seen);
    return seen;
  }

  /** Whether a run of `verb` does all that the other one does. */
  covers(verb, other) {
    const reached = this.reached(verb);
    const { needs, recipe } = this.#targets.get(other) ?? {};
    return reached.has(other) || (recipe?.length === 0 && needs.length > 0 && needs.every((each) => reached.has(each)));
  }

  /** The commands that a verb itself runs, with those of the scripts in tests/package.json. */
  commands(verb) {
    const { recipe } = this.#targets.get(verb) ?? { recipe: [] };
    const { scripts } = JSON.parse(text("tests/package.json"));
    return recipe.flatMap((line) => [line, ...[...line.matchAll(SCRIPT)].map(([, name]) => scripts[name] ?? "")]);
  }
}

function words(list) {
  return list.split(/\s+/).filter((word) => word !== "");
}
