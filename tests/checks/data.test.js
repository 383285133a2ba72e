// docs/DATA.md: the times for which data rests are those of the templates and of the code.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { text } from "../harness/docs.js";
import { template } from "../harness/template.js";

const root = new URL("../../", import.meta.url);
const templates = { "": template("template.yaml"), "front-door": template("infra/cloud/front-door.yaml") };
const page = text("docs/DATA.md");
const HEAD = "| place | what is there | how long, at the most | what shortens the time | in the code |\n";
const SECONDS = { min: 60, m: 60, h: 3600, days: 86_400 };

const rows = page.split(HEAD)[1].split("\n\n")[0].split("\n").slice(1)
  .map((line) => line.replace(/^\| | \|$/g, "").split(" | ").map((cell) => cell.trim()));

/** The seconds that a text begins with, such as `2 h 10 m`. */
function told(text) {
  const begin = /^((?:\d+ (?:days|h|m|min)\b ?)+)/.exec(text)?.[1] ?? "";
  return [...begin.matchAll(/(\d+) (days|h|min|m)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * SECONDS[unit], 0);
}

const sources = ["shared", "functions"].flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true })
    .filter((name) => /\/src\/.*\.rs$/.test(`${folder}/${name}`))
    .map((name) => readFileSync(new URL(`${folder}/${name}`, root), "utf8")),
);

/** The seconds of a constant of the code. */
function constant(name) {
  const written = sources.flatMap((source) => [...source.matchAll(new RegExp(`const ${name}: [\\w:]*Duration =\\s*[\\w:]*from_(mins|hours|secs)\\(([\\d *]+)\\);`, "g"))]);
  assert.equal(written.length, 1, name);
  const [[, unit, product]] = written;
  return product.split("*").reduce((all, factor) => all * Number(factor), { mins: 60, hours: 3600, secs: 1 }[unit]);
}

/** The seconds of a parameter's default in days, or of a property of a resource. */
function ofTemplate(name) {
  const [, which = "", thing, property] = /^(?:([\w-]+) )?(\w+)\.(\w+)$/.exec(name);
  const { Parameters, Resources } = templates[which];
  return property === "Default" ? Parameters[thing].Default * 86_400 : Resources[thing].Properties[property];
}

const held = rows.filter(([, , , , names]) => names);

test("every time on the page is the time of the code", () => {
  assert.ok(held.length >= 12, `${held.length} rows`);
  for (const [place, , time, , names] of held) {
    const found = [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => (name.includes(".") ? ofTemplate(name) : constant(name)));
    // Two queues have one time each; the two constants of a grant add up.
    const expected = names.includes("GRANT_LIFETIME") ? found[0] + found[1] : Math.max(...found);
    assert.equal(told(time), expected, `${place}: ${time}`);
  }
});

test("every queue, every kind of row and every log has a place on the page", () => {
  const queues = Object.entries(templates[""].Resources).filter(([, { Type }]) => Type === "AWS::SQS::Queue").map(([name]) => name);
  for (const name of queues) assert.ok(page.includes(`\`${name}.MessageRetentionPeriod\``), name);
  const kinds = new Set([...text("docs/ARCHITECTURE.md").split("## Rows")[1].split("\n## ")[0].matchAll(/^\| `([A-Z]+)#/gm)].map(([, kind]) => kind));
  assert.ok(kinds.size > 12);
  for (const kind of kinds) assert.ok(kind === "LATER" || page.includes(`\`${kind}\``), kind);
  const retentions = Object.values(templates).flatMap(({ Parameters }) => Object.keys(Parameters).filter((name) => name.endsWith("RetentionDays")));
  for (const name of retentions) assert.ok(page.includes(`${name}\``), name);
});
