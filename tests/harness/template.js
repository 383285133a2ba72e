// CloudFormation templates as values, with their short forms spelled out.

import { readFileSync } from "node:fs";
import { parse } from "yaml";

const GetAtt = (value) => (typeof value === "string" ? value.split(".") : value);
const named = (name) => (name === "Ref" || name === "Condition" ? name : `Fn::${name}`);
const NAMES = ["And", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "Join", "Not", "Or", "Ref", "Select", "Split", "Sub", "Condition"];

/** Tags such as `!Sub`, on texts and lists alike. */
const customTags = NAMES.flatMap((name) => {
  const spelled = (value) => ({ [named(name)]: name === "GetAtt" ? GetAtt(value) : value });
  return [
    { tag: `!${name}`, resolve: spelled },
    { tag: `!${name}`, collection: "seq", resolve: (list) => spelled(list.toJSON()) },
  ];
});

/** A template, by its path from the root. */
export function template(path) {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
  return parse(text, { customTags });
}
