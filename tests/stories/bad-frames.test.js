import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { HANDSHAKE, PING, RS, connected, ready, record } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { settled } from "../harness/table.js";

const KB = 1024;
const CLOSED = "Connection closed with an error.";
const BAD_HANDSHAKE = "An unexpected error occurred during connection handshake.";
/** An array of so many levels. */
const nested = (levels) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
const invocation = (id, target, ...args) => record({ type: 1, invocationId: id, target, arguments: args });

describe("a frame that is not good", () => {
  let stack, backend, bystander, socket;
  before(async () => {
    stack = await startStack();
    backend = new Backend(stack);
    bystander = await signedIn(stack, "bystander");
    await settled(stack, bystander);
  });
  beforeEach(async () => {
    socket = await ready(stack, "alice");
  });
  afterEach(async () => {
    socket.destroy();
    const heard = bystander.received("fence").length;
    await backend.send({ userId: "bystander", target: "fence" });
    await bystander.receives("fence", heard + 1);
    assert.deepEqual(bystander.events, []);
  });
  after(async () => {
    await bystander.stop();
    // What the stop cuts off may be an error.
    const { logs } = stack;
    await stack.stop();
    assert.doesNotMatch(logs, /ERROR/);
  });

  /** The socket is told to go, and cut off when it sends all the same. */
  async function expectClose(expected, allowReconnect = undefined) {
    await socket.frame(1);
    const closes = socket.records.filter((message) => message.type === 7);
    assert.equal(closes.length, 1);
    const [{ error, ...rest }] = closes;
    assert.match(error, expected);
    assert.equal(rest.allowReconnect, allowReconnect);
    const before = socket.frames.length;
    assert.equal(await socket.insists(), 1000);
    assert.equal(socket.frames.length, before);
  }

  /** The socket goes on as if nothing had been; a frame that says something gets a sign of life. */
  async function expectNothing(signs) {
    await socket.hears(signs.length);
    assert.equal(await socket.isAlive(), true);
    await backend.send({ userId: "alice", target: "notify", arguments: [1] });
    assert.deepEqual(await socket.receives("notify"), [1]);
    assert.deepEqual(
      socket.records.map((message) => message.type).sort(),
      [1, ...signs],
    );
  }

  const broken = {
    "malformed JSON": [`{"type":6${RS}`, /Error reading JSON\.$/],
    "JSON that is no object": [`6${RS}`, /Expected a JSON Object\.$/],
    "an array": [`[6]${RS}`, /Expected a JSON Object\.$/],
    "a record without a type": [`{"target":"x"}${RS}`, /Missing required property 'type'\.$/],
    "a type that is a text": [`{"type":"6"}${RS}`, /Expected 'type' to be of type Number\.$/],
    "an invocation without a target": [record({ type: 1, arguments: [] }), /Missing required property 'target'\.$/],
    "arguments that are an object": [record({ type: 1, target: "x", arguments: {} }), /Expected 'arguments' to be of type Array\.$/],
    "a completion with a result and an error": [record({ type: 3, invocationId: "1", result: 1, error: "e" }), /mutually exclusive\.$/],
    "no separator": [`{"type":6}`, /the last record is incomplete$/],
    "a separator alone": [RS, /a record is empty$/],
    "two separators side by side": [`{"type":6}${RS}${RS}`, /a record is empty$/],
    "arguments that nest deeper than 64 levels": [record({ type: 1, target: "x", arguments: nested(64) }), /Error reading JSON\.$/],
    "a completion that nests deeper than 64 levels": [record({ type: 3, invocationId: "1", result: nested(64) }), /Error reading JSON\.$/],
    "a second handshake": [HANDSHAKE, /A second handshake\.$/],
    "a second handshake of another protocol": [record({ protocol: "messagepack", version: 1 }), /messagepack/],
  };
  for (const [name, [frame, expected]] of Object.entries(broken)) {
    it(`gets a Close with an error that ends for good (${name})`, async () => {
      socket.send(frame);
      await expectClose(new RegExp(`^${CLOSED.replace(".", "\\.")} .*${expected.source}`));
    });
  }

  it("is answered up to the record that is bad, then gets a Close", async () => {
    socket.send(invocation("1", "GetConnectionId") + invocation("2", "Nothing") + `{]${RS}` + invocation("3", "Nothing"));
    await socket.frame(1);
    const [own, unknown, close, ...more] = socket.records;
    assert.equal(typeof own.result, "string");
    assert.deepEqual(unknown, { type: 3, invocationId: "2", error: "Unknown hub method 'Nothing'" });
    assert.equal(close.type, 7);
    assert.deepEqual(more, []);
  });

  it("may hold 400 calls, all of them answered in one frame", async () => {
    socket.send(Array.from({ length: 400 }, (_, n) => invocation(String(n), "GetConnectionId")).join(""));
    await socket.frame(1);
    assert.deepEqual(
      socket.records.map((message) => message.invocationId),
      Array.from({ length: 400 }, (_, n) => String(n)),
    );
    assert.equal(await socket.isAlive(), true);
  });

  for (const count of [501, 10_000]) {
    it(`gets a Close that lets the client return when it holds ${count} records`, async () => {
      socket.send(`{}${RS}`.repeat(count));
      await expectClose(/^the frame holds more than 500 records$/, true);
    });
  }

  it("gets a Close when its replies take more than 32 KB", async () => {
    const many = Array.from({ length: 250 }, (_, n) => invocation(String(n), "x".repeat(150)));
    socket.sendInPieces(many.join(""), 30 * KB);
    const reply = await socket.frame(1);
    assert.ok(reply.length <= 33 * KB, String(reply.length));
    await expectClose(/^The replies to one frame are too large\.$/, true);
  });

  const tolerated = {
    "an empty frame": "",
    "a line feed": "\r\n",
    "an unknown type": record({ type: 99, anything: [1] }),
    "a completion of nothing": record({ type: 3, invocationId: "404", result: 1 }),
    "a stream item of nothing": record({ type: 2, invocationId: "404", item: 1 }),
    "a cancellation of nothing": record({ type: 5, invocationId: "404" }),
    "an acknowledgement": record({ type: 8, sequenceId: 1 }),
    "a Close": record({ type: 7 }),
    "an unknown method without an id": record({ type: 1, target: "Nothing", arguments: [] }),
    "an invocation with an empty id": record({ type: 1, invocationId: "", target: "Nothing", arguments: [] }),
  };
  for (const [name, frame] of Object.entries(tolerated)) {
    it(`is ignored (${name})`, async () => {
      socket.send(frame);
      await expectNothing(["an empty frame", "a line feed", "a Close"].includes(name) ? [] : [6]);
    });
  }

  for (const [target, expected] of [
    ["JoinGroup", "The client attempted to invoke the non-streaming 'JoinGroup' method with a streaming invocation."],
    ["Counter", "Unknown hub method 'Counter'"],
  ]) {
    it(`gets a completion with an error when it is a stream of ${target}`, async () => {
      socket.send(record({ type: 4, invocationId: "s", target, arguments: [] }));
      await socket.frame(1);
      assert.deepEqual(socket.records, [{ type: 3, invocationId: "s", error: expected }]);
      assert.equal(await socket.isAlive(), true);
    });
  }

  it("ends the socket by 1009 when it is larger than 32 KB", async () => {
    socket.send(invocation("1", "x".repeat(33 * KB)));
    assert.equal(await socket.ends(), 1009);
    assert.deepEqual(socket.frames, []);
  });

  it("ends the socket by 1009 when it is a record of 200 KB", async () => {
    socket.send(invocation("1", "x".repeat(200 * KB)));
    assert.equal(await socket.ends(), 1009);
  });

  it("ends the socket by 1009 when its message is larger than 128 KB, in small frames too", async () => {
    socket.sendInPieces(invocation("1", "x".repeat(200 * KB)), 30 * KB);
    assert.equal(await socket.ends(), 1009);
    assert.deepEqual(socket.frames, []);
  });

  it("may be a message of 100 KB in frames of 30 KB", async () => {
    socket.sendInPieces(invocation("1", "Nothing", "x".repeat(100 * KB)), 30 * KB);
    await socket.frame(1);
    assert.equal(socket.records[0].error, "Unknown hub method 'Nothing'");
    assert.equal(await socket.isAlive(), true);
  });

  it("ends the socket by 1003 when it is binary", async () => {
    socket.send(Buffer.from(PING), { binary: true });
    assert.equal(await socket.ends(), 1003);
    assert.deepEqual(socket.frames, []);
  });

  it("echoes no more than 200 characters of an unknown method", async () => {
    socket.send(invocation("1", "語".repeat(1000)));
    await socket.frame(1);
    assert.equal(socket.records[0].error, `Unknown hub method '${"語".repeat(200)}'`);
  });

  it("is one of 300 in a second: all of them are answered", async () => {
    for (let n = 0; n < 300; n += 1) socket.send(invocation(String(n), "GetConnectionId"));
    await socket.frame(300);
    assert.equal(socket.closed, undefined);
  });

  it("is one of 1,500 at once: the client is told to return, after a while", async () => {
    const flood = await ready(stack, "flood");
    const start = performance.now();
    // No table is read for a record of an unknown type, so that the Close waits for nothing else.
    for (let n = 0; n < 1500; n += 1) flood.send(record({ type: 99 }));
    await flood.until(() => flood.records.some((message) => message.type === 7), "a Close");
    assert.ok(performance.now() - start >= 2000);
    const close = flood.records.find((message) => message.type === 7);
    assert.deepEqual(close, { type: 7, error: "Too many calls in a short time.", allowReconnect: true });
    assert.equal(await flood.insists(), 1000);
  });

  it("is a ping that answers a ping: it gets no further answer", async () => {
    socket.send(PING);
    await socket.frame(1);
    for (let n = 0; n < 10; n += 1) socket.send(PING);
    assert.equal(await socket.isAlive(), true);
    assert.deepEqual(socket.frames, [PING]);
  });

  describe("before the handshake", () => {
    const early = {
      "an invocation": [invocation("1", "GetConnectionId"), BAD_HANDSHAKE],
      "a stream": [record({ type: 4, invocationId: "1", target: "Counter", arguments: [] }), BAD_HANDSHAKE],
      "a stream of a method of hubcast": [record({ type: 4, invocationId: "1", target: "JoinGroup", arguments: [] }), BAD_HANDSHAKE],
      "malformed JSON": [`{"protocol"${RS}`, BAD_HANDSHAKE],
      "an empty object": [`{}${RS}`, BAD_HANDSHAKE],
      "no separator": [`{"protocol":"json","version":1}`, BAD_HANDSHAKE],
      "a handshake without a version": [record({ protocol: "json" }), BAD_HANDSHAKE],
      messagepack: [
        record({ protocol: "messagepack", version: 1 }),
        "Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format.",
      ],
      "an unknown protocol": [record({ protocol: "x", version: 1 }), "The protocol 'x' is not supported."],
      "an unknown version": [
        record({ protocol: "json", version: 9001 }),
        "The server does not support version 9001 of the 'json' protocol.",
      ],
    };
    for (const [name, [frame, error]] of Object.entries(early)) {
      it(`is answered as a handshake that failed, and the socket ends (${name})`, async () => {
        const stranger = await connected(stack, "stranger");
        stranger.send(frame);
        assert.equal(await stranger.frame(1), record({ error }));
        assert.equal(await stranger.ends(), 1000);
        assert.equal(stranger.frames.length, 1);
      });
    }

    it("may be followed by invocations in the same frame", async () => {
      const quick = await connected(stack, "quick");
      quick.send(HANDSHAKE + invocation("1", "GetConnectionId") + PING);
      await quick.frame(2);
      assert.equal(quick.frames[0], `{}${RS}`);
      const [, completion, pong] = quick.records;
      assert.equal(completion.invocationId, "1");
      assert.equal(pong.type, 6);
      await quick.close();
    });

    it("reaches nobody: a socket that never shakes hands hears nothing", async () => {
      const silent = await connected(stack, "silent");
      const other = await ready(stack, "silent");
      await backend.send([{ userId: "silent", target: "notify" }, { target: "notify" }, { userId: "silent", target: "fence" }]);
      await other.receives("fence");
      assert.deepEqual(silent.frames, []);
      await Promise.all([silent.close(), other.close()]);
    });
  });
});
