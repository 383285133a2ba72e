// The official browser bundles with stateful reconnect in a real browser, whose sockets are cut.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { launch } from "../harness/browser.js";
import { startNetwork } from "../harness/network.js";
import { PATIENCE_MS } from "../harness/poll.js";
import { startSite } from "../harness/site.js";
import { startStack } from "../harness/stack.js";
import { GRANTING, steps } from "../harness/cuts.js";

let browser, site, stack, backend;
before(async () => {
  [browser, site, stack] = await Promise.all([launch(), startSite(), startStack(...GRANTING)]);
  backend = new Backend(stack);
});
after(async () => {
  await browser?.close();
  await site?.stop();
  await stack?.stop();
});

for (const version of ["8.0.29", "10.0.11"]) {
  describe(`a page with the bundle of ${version} and stateful reconnect`, () => {
    for (const [step, cut] of [["post", "before"], ["post", "after"], ["call", "before"], ["completion", "before"], ["ack", "before"]]) {
      it(`sees nothing of a cut ${cut} the ${step}`, async () => {
        const user = `${step}-${cut}-${version}`;
        const network = await startNetwork(stack);
        const page = await (await browser.newContext()).newPage();
        page.setDefaultTimeout(PATIENCE_MS);
        await page.goto(site.at(version));
        const settings = { url: `${network.url}/hubs/notifications`, token: await stack.token(user), stateful: true };
        await page.evaluate((settings) => window.start(settings), settings);
        const id = await page.evaluate(() => window.connection.connectionId);
        const wasCut = network.next(steps[step], { cut });
        for (const number of [1, 2, 3]) {
          await backend.send({ userId: user, target: "notify", arguments: [number] });
          assert.equal(await page.evaluate(() => window.connection.invoke("GetConnectionId")), id);
        }
        await wasCut();
        await page.waitForFunction(() => window.seen.calls.length >= 3);
        assert.equal(await page.evaluate(() => window.connection.invoke("GetConnectionId")), id);
        const { calls, events } = await page.evaluate(() => window.seen);
        assert.deepEqual([calls, events], [[[1], [2], [3]], []]);
        await page.context().close();
        await network.stop();
      });
    }
  });
}
