// The operations guide tells of every row that the probe prints.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const text = (name) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");

test("the rows of the probe are those of the guide, in their order", () => {
  const [, section] = text("docs/OPERATIONS.md").split("## Ask a deployment how API Gateway behaves");
  const told = [...section.split("\n## ")[0].matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, row]) => row);
  const asked = [...text("infra/programs/cli/src/probe/rows.rs").matchAll(/\brow\(\s*"([a-z-]+)"/g)].map(([, row]) => row);
  assert.ok(asked.length > 10);
  assert.deepEqual(told, asked);
});
