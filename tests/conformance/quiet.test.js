// What official clients do with a connection on which nothing arrives but what hubcast sends.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import signalr5 from "signalr-5";
import signalr6 from "signalr-6";
import { WebSocket } from "ws";
import { Condition, client, versions } from "../harness/client.js";
import { PING } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";

// Version 5 looks for the global object of a browser wherever there is a fetch.
globalThis.self ??= globalThis;

/** The two versions that send no ping after a send until something arrives, and the others. */
const all = { "5.0.17": signalr5, "6.0.25": signalr6, ...versions };
/** Shorter than the defaults of 15 s and 30 s by the same factor; pings come no faster than once in a second. */
const settings = { keepAliveIntervalInMilliseconds: 1500, serverTimeoutInMilliseconds: 3000 };

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

describe("a client that is left alone after a send", () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.stop());

  for (const [version, signalR] of Object.entries(all)) {
    it(`goes on pinging and stays connected (client ${version})`, async () => {
      const counter = counting();
      const token = () => stack.token("quiet");
      const options = { WebSocket: counter.WebSocket };
      const tab = await client({ url: `${stack.url}/hubs/notifications`, signalR, token, settings, options }).start();
      await tab.connection.send("Nobody", 1);
      const before = counter.pings;
      // Four pings take twice as long as the client waits for a sign of life.
      tab.connection.onclose(() => counter.notify());
      await counter.until(() => tab.events.length > 0 || counter.pings >= before + 4, "four pings", 20_000);
      assert.deepEqual(tab.events, []);
      await tab.connection.send("Nobody", 2);
      assert.ok(await tab.invoke("GetConnectionId"));
      await tab.stop();
    });
  }
});
