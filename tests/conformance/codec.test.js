import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { versions } from "../harness/client.js";

/** Built by `make`, as the local stack is. */
const RECORDS = fileURLToPath(new URL("../../target/debug/examples/records", import.meta.url));

/** What `shared/protocol/examples/records.rs` writes, as clients should read it. */
const messages = [
  { type: 1, target: "notify", arguments: ["你好，世界", { n: 1.5, t: "\u001e😀" }, null] },
  { type: 1, target: '発表\u001e"', arguments: [] },
  { type: 1, invocationId: "s1", target: "ask", arguments: [] },
  { type: 2, invocationId: "0", item: null },
  { type: 3, invocationId: "1" },
  { type: 3, invocationId: "2", result: null },
  { type: 3, invocationId: "3", result: { a: [false] } },
  { type: 3, invocationId: "4", error: "Unknown hub method 'X'" },
  { type: 6 },
  { type: 7 },
  { type: 7, error: "Connection closed with an error." },
  { type: 7, error: "The session has expired.", allowReconnect: true },
  { type: 8, sequenceId: 1 },
  { type: 9, sequenceId: 2 },
];

describe("what the codec writes", () => {
  let frame;
  before(() => {
    frame = execFileSync(RECORDS, { encoding: "utf8" });
  });

  for (const [version, signalR] of Object.entries(versions)) {
    it(`is read by the client ${version}`, () => {
      // Types that came with stateful reconnect are ignored by older clients.
      const known = version === "3.1.31" ? messages.filter(({ type }) => type < 8) : messages;
      assert.deepEqual(new signalR.JsonHubProtocol().parseMessages(frame, null), known);
    });
  }
});
