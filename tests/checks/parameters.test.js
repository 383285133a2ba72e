// docs/OPERATIONS.md: every parameter of the three stacks is told, and choices are those of the template.

import assert from "node:assert/strict";
import { test } from "node:test";
import { text } from "../harness/docs.js";
import { template } from "../harness/template.js";

const guide = text("docs/OPERATIONS.md");
const { Parameters } = template("template.yaml");
const HEAD = "| parameter | one of | when not given | what |\n";
/** Retentions of logs have a section of their own, with the days that CloudWatch takes. */
const isChoice = ([name, { AllowedValues }]) => AllowedValues && !name.endsWith("RetentionDays");

test("every choice is told with its values and its default", () => {
  const rows = guide.split(HEAD)[1].split("\n\n")[0].split("\n").slice(1).map((line) => line.split(" | "));
  const bare = (cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, value]) => value);
  const told = rows.map(([name, values, given]) => [bare(name)[0], bare(values), bare(given)[0]]);
  const known = Object.entries(Parameters).filter(isChoice).map(([name, { AllowedValues, Default }]) => [name, AllowedValues.map(String), String(Default)]);
  const byName = ([one], [other]) => one.localeCompare(other);
  assert.deepEqual(told.sort(byName), known.sort(byName));
});

test("every parameter of a stack that an operator answers is told", () => {
  const derived = /^(WebSocket|Http)|^(Deployment|TableName|UpstreamLogs)$|Queue$/;
  const others = Object.keys(template("infra/cloud/observability.yaml").Parameters).filter((name) => !derived.test(name));
  for (const name of [...Object.keys(Parameters), ...others]) assert.match(guide, new RegExp(`\\b${name}\\b`), name);
});
