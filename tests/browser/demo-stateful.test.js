// A cut on the demo page that nothing notices, beside one that is seen.

import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Backend } from "../harness/backend.js";
import { launch, picture } from "../harness/browser.js";
import { PATIENCE_MS } from "../harness/poll.js";
import { startStack } from "../harness/stack.js";
import { GRANTING } from "../harness/cuts.js";

const PAGE = fileURLToPath(new URL("../../infra/web/demo/dist", import.meta.url));

let browser, stack;
before(async () => {
  [browser, stack] = await Promise.all([launch(), startStack("--demo", PAGE, ...GRANTING)]);
});
after(async () => {
  await browser?.close();
  await stack?.stop();
});

it("the demo page shows a cut that nothing notices beside one without stateful reconnect", async () => {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 1000 } })).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${stack.url}/?user=ann&tabs=2`);
  const pane = (number) => page.getByRole("article", { name: `ann tab ${number}` });
  const state = (number) => pane(number).getByRole("status").filter({ hasText: /^connected$/ });
  const cut = (number) => pane(number).getByRole("button", { name: "Cut the wire", exact: true });
  for (const number of [1, 2]) await state(number).waitFor();
  await pane(2).getByLabel(/^Stateful reconnect/).uncheck();
  await cut(2).click();
  await pane(2).getByText(/^Dropped, and back after \d+\.\d s as a new connection\.$/).waitFor();
  await cut(1).click();
  await pane(1).getByText(/^Dropped, and back after \d+\.\d s on the same connection: nothing was noticed/).waitFor();
  await new Backend(stack).send({ userId: "ann", target: "toast", arguments: ["Both hear this."] });
  for (const number of [1, 2]) await pane(number).getByText("Both hear this.").waitFor();
  assert.equal(await pane(1).getByText("as a new connection").count(), 0);
  await picture(page, "stateful-reconnect");
  await page.context().close();
});
