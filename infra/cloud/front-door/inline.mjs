// Puts viewer-request.js into front-door.yaml, which CloudFormation cannot read from a file.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const TEMPLATE = new URL("../front-door.yaml", import.meta.url);
const FUNCTION = new URL("viewer-request.js", import.meta.url);
const COPY = /(?<=\n      FunctionCode: !Sub \|\n)(?:(?: {8}.*)?\n)+?(?=\n  \w)/;

/** The template with the function as it is in its own file. */
export function inlined() {
  const code = readFileSync(FUNCTION, "utf8").replace(/^(?=.)/gm, " ".repeat(8));
  return readFileSync(TEMPLATE, "utf8").replace(COPY, () => code);
}

const isRun = process.argv[1] === fileURLToPath(import.meta.url);
// Others may be reading it: what would stay the same is not written.
if (isRun && inlined() !== readFileSync(TEMPLATE, "utf8")) writeFileSync(TEMPLATE, inlined());
