// What official clients do with a connection on which nothing arrives but what hubcast sends.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import signalr5 from "signalr-5";
import signalr6 from "signalr-6";
import signalr601 from "signalr-6.0.1";
import { WebSocket } from "ws";
import { Condition, client, versions } from "../harness/client.js";
import { PING } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";

// Version 5 looks for the global object of a browser wherever there is a fetch.
globalThis.self ??= globalThis;

/** The versions that send no ping after a send until something arrives, and the others. */
const all = { "5.0.17": signalr5, "6.0.1": signalr601, "6.0.25": signalr6, ...versions };
/** Shorter than the defaults of 15 s and 30 s by the same factor; pings come no faster than once in a second. */
const short = { keepAliveIntervalInMilliseconds: 1500, serverTimeoutInMilliseconds: 3000 };

/** A WebSocket that counts the pings that its client sends. */
function counting() {
  const counter = Object.assign(new Condition(), { pings: 0 });
  counter.WebSocket = class extends WebSocket {
    send(frame, ...more) {
      if (frame === PING) {
        counter.pings += 1;
        counter.notify();
      }
      super.send(frame, ...more);
    }
  };
  return counter;
}

// All clients wait at the same time, so that the real minute costs a minute once.
describe("a client that is left alone after a send", { concurrency: true }, () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.stop());

  /** Leaves a client alone for four of its pings, which is twice as long as it waits for a sign of life. */
  async function staysConnected({ signalR, settings, patience }) {
    const counter = counting();
    const token = () => stack.token("quiet");
    const options = { WebSocket: counter.WebSocket };
    const tab = await client({ url: `${stack.url}/hubs/notifications`, signalR, token, settings, options }).start();
    await tab.connection.send("Nobody", 1);
    const before = counter.pings;
    tab.connection.onclose(() => counter.notify());
    await counter.until(() => tab.events.length > 0 || counter.pings >= before + 4, "four pings", patience);
    assert.deepEqual(tab.events, []);
    await tab.connection.send("Nobody", 2);
    assert.ok(await tab.invoke("GetConnectionId"));
    await tab.stop();
  }

  for (const [version, signalR] of Object.entries(all)) {
    it(`goes on pinging and stays connected (client ${version})`, () =>
      staysConnected({ signalR, settings: short, patience: 20_000 }));
  }

  it("stays connected for a real minute with its default times (client 5.0.17)", () =>
    staysConnected({ signalR: signalr5, settings: {}, patience: 90_000 }));
});
