// A tab in the background: browsers wake its timers rarely, or freeze it.
// The recommended keep-alive of 240 s and 500 s, the idle limit of 600 s and Chromium's one wake-up a minute
// are all a fortieth here: a hidden tab is woken once a second anyway.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { KEEP_ALIVE_MILLISECONDS, SERVER_TIMEOUT_MILLISECONDS } from "@hubcast/client";
import { Backend } from "../harness/backend.js";
import { launchWithTabs } from "../harness/hidden.js";
import { BUNDLES, startSite } from "../harness/site.js";
import { startStack } from "../harness/stack.js";

const SCALE = 40;
const settings = {
  keepAliveIntervalInMilliseconds: KEEP_ALIVE_MILLISECONDS / SCALE,
  serverTimeoutInMilliseconds: SERVER_TIMEOUT_MILLISECONDS / SCALE,
};
/** Notes when a timer of 50 ms is woken in truth, while the tab is hidden. */
const COUNT_WAKES = `window.wakes = []; (function wake() {
  if (document.hidden) wakes.push(performance.now());
  setTimeout(wake, 50);
})()`;

describe("a tab in the background", () => {
  let browser, site, stack, backend;
  before(async () => {
    const idle = String(600 / SCALE);
    [browser, site, stack] = await Promise.all([launchWithTabs(), startSite(), startStack("--idle-timeout-seconds", idle)]);
    backend = new Backend(stack);
  });
  after(async () => {
    await browser?.stop();
    await site?.stop();
    await stack?.stop();
  });

  async function started(version, user) {
    const tab = await browser.tab(site.at(version));
    const wanted = { url: `${stack.url}/hubs/notifications`, token: await stack.token(user), settings };
    await tab.value(`window.start(${JSON.stringify(wanted)})`);
    await tab.value(COUNT_WAKES);
    return tab;
  }

  async function expectHears(tab, user, text) {
    await backend.send({ userId: user, target: "notify", arguments: [text] });
    await tab.until(`window.seen.calls.flat().includes(${JSON.stringify(text)})`);
  }

  it("stays connected with the recommended keep-alive, though its timers are throttled", async () => {
    const versions = Object.keys(BUNDLES);
    const tabs = [];
    for (const version of versions) tabs.push(await started(version, `alice-${version}`));
    const front = await browser.tab("data:text/html,in front");
    // Three times the time after which a client gives up on a silent server.
    await front.value(`new Promise((resolve) => setTimeout(resolve, ${3 * settings.serverTimeoutInMilliseconds}))`);
    for (const [at, tab] of tabs.entries()) {
      const wakes = await tab.value("window.wakes");
      const [first, last] = [wakes[0], wakes.at(-1)];
      assert.ok(last - first > 2.5 * settings.serverTimeoutInMilliseconds, "it was hidden all the time");
      assert.ok(wakes.length < (last - first) / 500, `its timers were throttled: ${wakes.length} wake-ups`);
      assert.deepEqual(await tab.value("window.seen.events"), []);
      await expectHears(tab, `alice-${versions[at]}`, "in the background");
      assert.equal(await tab.value("window.seen.sockets"), 1);
    }
  });

  it("that was frozen for longer than the server waits comes back by itself", async () => {
    const tab = await started("10.0.11", "bob");
    const front = await browser.tab("data:text/html,in front");
    await tab.until("document.hidden");
    await tab.lifecycle("frozen");
    const idle = 1.5 * (600_000 / SCALE);
    await front.value(`new Promise((resolve) => setTimeout(resolve, ${idle}))`);
    await tab.lifecycle("active");
    await tab.until("window.seen.events.some(({ event }) => event === 'reconnected')");
    await expectHears(tab, "bob", "awake");
  });
});
