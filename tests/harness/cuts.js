// The steps of a connection with stateful reconnect, at which stories cut, and what a cut must not show.

import assert from "node:assert/strict";
import { accepted, down, up, upgrade } from "./network.js";

/** The flags of a stack that grants stateful reconnect. */
export const GRANTING = ["--stateful-reconnect", "on"];

const isType = (type) => (record) => record.type === type;

/** What passes at each step of a connection and of a return, by the name of the step. */
export const steps = {
  handshake: up(({ protocol }) => protocol === "json"),
  answer: down((record) => !("type" in record)),
  ping: up(isType(6)),
  pong: down(isType(6)),
  call: up(isType(1)),
  completion: down(isType(3)),
  post: down(isType(1)),
  ack: up(isType(8)),
  serverAck: down(isType(8)),
  upgrade,
  accepted,
  sequence: up(isType(9)),
  serverSequence: down(isType(9)),
};

/** Sees that a client heard these numbers, each once and in order. */
export async function hears(tab, numbers) {
  await tab.receives("notify", numbers.length);
  assert.deepEqual(tab.received("notify").map(([number]) => number), numbers);
}

/** Sees that nothing was seen of any cut. */
export function sawNothing(tab) {
  assert.deepEqual([tab.events, tab.id], [[], tab.firstId]);
}
