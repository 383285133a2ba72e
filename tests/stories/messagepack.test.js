// MessagePack needs binary frames, which API Gateway does not carry: it is refused with a reason.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";
import { client, newest, signedIn, skipping } from "../harness/client.js";
import { startStack } from "../harness/stack.js";

describe("a client that speaks MessagePack", () => {
  let stack;
  before(async () => (stack = await startStack()));
  after(() => stack.stop());

  const build = (builder) => builder.withHubProtocol(new MessagePackHubProtocol());

  for (const path of ["/hubs/notifications", "/client/?hub=notifications"]) {
    it(`gives up by itself when it negotiates at ${path}`, async () => {
      const lost = client({ url: stack.url + path, token: () => stack.token("alice"), build });
      const message =
        "Unable to connect to the server with any of the available transports. " +
        "WebSockets failed: Error: 'WebSockets' does not support Binary.";
      await assert.rejects(lost.start(), { message });
    });
  }

  it("is refused by the handshake, in the words of the .NET server, when it skips negotiation", async () => {
    const token = () => stack.token("alice");
    const lost = client({ url: `${stack.url}/hubs/notifications`, token, build, options: skipping() });
    const message =
      "Server returned handshake error: Cannot use the 'messagepack' protocol on the current transport. " +
      "The transport does not support 'Binary' transfer format.";
    await assert.rejects(lost.start(), { message });
  });

  it("does not keep others from connecting", async () => {
    const tab = await signedIn(stack, "alice", { version: newest });
    assert.equal(tab.connection.state, "Connected");
  });
});
