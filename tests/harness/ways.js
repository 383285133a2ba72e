// The ways to publish, for stories that are the same by each of them.

import { describe, it } from "node:test";
import { Backend } from "./backend.js";
import { newest, versions } from "./client.js";
import { RestBackend } from "./rest-backend.js";

/** REST is told with one client: how a message was published is nothing that clients could see. */
const WAYS = [
  { way: "SQS", Publisher: Backend, versions, itBySqs: it },
  { way: "REST", Publisher: RestBackend, versions: { [newest]: versions[newest] }, itBySqs() {} },
];

/**
 * Tells a story once for each way. It gets the name of the `way`, its `Publisher`, the `versions` of clients
 * to tell it with, and `itBySqs` for what only SQS has words for, or what another way would show no other side of.
 */
export function describeEachWay(title, tell) {
  for (const way of WAYS) describe(`${title} (by ${way.way})`, () => tell(way));
}
