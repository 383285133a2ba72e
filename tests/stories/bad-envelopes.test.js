import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { signedIn } from "../harness/client.js";
import { RS, ready } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";
import { settled } from "../harness/table.js";

const KB = 1024;
const RECORD_MAX_BYTES = 128 * KB;
const group = "bad-envelopes";
const alice = { userId: "alice", target: "notify", arguments: [] };
/** An array of so many levels. */
const nested = (levels) => JSON.parse("[".repeat(levels) + "]".repeat(levels));
const ids = (count) => Array.from({ length: count }, (_, n) => `nobody-${n}`);

let stack, backend, tab, bystander;

before(async () => {
  stack = await startStack();
  backend = new Backend(stack);
  tab = await signedIn(stack, "alice");
  bystander = await signedIn(stack, "bystander");
  await settled(stack, tab, bystander);
});
afterEach(() => {
  tab.calls.length = 0;
  bystander.calls.length = 0;
});
after(async () => {
  await Promise.all([tab.stop(), bystander.stop()]);
  // What the stop cuts off may be an error.
  const { logs } = stack;
  await stack.stop();
  assert.doesNotMatch(logs, /ERROR/);
});

const bodyOf = (envelope) => (typeof envelope === "string" ? envelope : JSON.stringify(envelope));

/** A good message after whatever was sent before, in the same message group, to each of the two. */
async function fence() {
  await backend.send([{ ...alice, target: "fence" }, { userId: "bystander", target: "fence" }], { group });
  await Promise.all([tab.receives("fence"), bystander.receives("fence")]);
}

/** The envelope is moved to the dead-letter queue at once, reaches nobody and stops nobody. */
async function expectRejected(envelope, reason, detail, letter = envelope) {
  await backend.sendBody(bodyOf(envelope), { group });
  await fence();
  // Awaited, since a message of the same batch may arrive before the dead letter is sent.
  const { body, RejectReason, RejectDetail, ProgressKey } = await backend.deadLetter();
  assert.equal(await backend.depth(stack.dlqUrl), 0);
  assert.equal(body, bodyOf(letter));
  assert.equal(RejectReason, reason);
  assert.match(RejectDetail, detail);
  assert.ok(ProgressKey.length > 0);
  assert.deepEqual([tab.received("notify"), bystander.received("notify")], [[], []]);
}

/** Nobody gets the envelope, but it is no fault. */
async function expectUndeliverable(envelope) {
  await backend.send(envelope, { group });
  await fence();
  assert.equal(await backend.depth(stack.dlqUrl), 0);
  assert.deepEqual([tab.received("notify"), bystander.received("notify")], [[], []]);
}

describe("an envelope that is bad", () => {
  const cases = {
    "no JSON": ["not json", "NotJson", /./],
    "half a JSON": ['{"userId":"alice","target":"notify"', "NotJson", /the text ends/],
    "more than one JSON": ['{"userId":"alice","target":"notify"}{}', "NotJson", /more text follows the end/],
    "a text": ['"alice"', "NotAnObject", /not a JSON object/],
    "a number": ["7", "NotAnObject", /not a JSON object/],
    null: ["null", "NotAnObject", /not a JSON object/],
    "an empty array": ["[]", "NoContent", /the array is empty/],
    "an empty object": ["{}", "NoContent", /one of 'target', 'action' and 'invocationId'/],
    "no target": [{ userId: "alice", arguments: [1] }, "NoContent", /one of 'target', 'action' and 'invocationId'/],
    "an empty target": [{ ...alice, target: "" }, "NoContent", /one of 'target'/],
    "an unknown action": [{ userId: "alice", groupName: "g", action: "join" }, "UnknownAction", /add, remove, removeAll, settle, show, close, block and unblock/],
    "target and action": [{ ...alice, action: "close" }, "SeveralContents", /only one of/],
    "target and invocationId": [{ ...alice, invocationId: "1" }, "MissingAudience", /needs the 'connectionId'/],
    "action and invocationId": [{ userId: "alice", action: "close", invocationId: "1" }, "SeveralContents", /only one of/],
    "user for userId": [{ user: "alice", target: "notify" }, "UnknownProperty", /^'user' is not a property of the envelope; did you mean 'userId'\?$/],
    "userid's typing error": [{ usrId: "alice", target: "notify" }, "UnknownProperty", /'usrId'/],
    "group for groupName": [{ group: "staff", target: "notify" }, "UnknownProperty", /'group'/],
    "userIDs as text": [{ userIds: "alice", target: "notify" }, "BadType", /'userIds' must be a list of texts/],
    "a user that is a number": [{ userId: 7, target: "notify" }, "BadType", /'userId' must be a text/],
    "a user that is false": [{ userId: false, target: "notify" }, "BadType", /'userId' must be a text/],
    "null in a list": [{ userIds: ["alice", null], target: "notify" }, "BadType", /'userIds' must be a list of texts/],
    "the same property twice": ['{"userId":"alice","userId":"alice","target":"notify"}', "DuplicateProperty", /'userId' stands more than once/],
    "the same property in two cases": [{ userId: "alice", UserID: "bystander", target: "notify" }, "DuplicateProperty", /'userId' stands more than once/],
    "the same property in two cases, one of them null": [{ userId: "alice", USERID: null, target: "notify" }, "DuplicateProperty", /'userId'/],
    "arguments that are an object": [{ ...alice, arguments: { a: 1 } }, "ArgumentsNotArray", /must be an array/],
    "arguments that nest deeper than clients of .NET read": [{ ...alice, arguments: nested(64) }, "TooDeep", /at most 64 levels/],
    "a retained value that nests too deep": [{ target: "notify", retain: "k", arguments: nested(64) }, "TooDeep", /at most 64 levels/],
    "a result that nests too deep": [{ connectionId: "c", invocationId: "1", result: nested(64) }, "TooDeep", /at most 64 levels/],
    "arguments that are a text": [{ ...alice, arguments: "hello" }, "ArgumentsNotArray", /must be an array/],
    "501 users": [{ userIds: ids(501), target: "notify" }, "TooManyIds", /'userIds' holds 501 ids; at most 500/],
    "501 groups": [{ groupNames: ids(501), target: "notify" }, "TooManyIds", /'groupNames' holds 501 ids/],
    "101 elements": [Array(101).fill(alice), "TooManyElements", /holds 101 elements; at most 100/],
    "an invalid hub": [{ ...alice, hub: "1st" }, "BadName", /'hub'/],
    "an expiry without an offset": [{ ...alice, expiresAt: "2099-01-01T00:00:00" }, "BadExpiry", /'expiresAt'/],
    "a ttl on a message": [{ ...alice, ttlSeconds: 5 }, "MisplacedProperty", /'ttlSeconds' does not go with target/],
    "a group action for nobody": [{ groupName: "staff", action: "add" }, "MissingAudience", /'connectionId' or a 'userId'/],
    "a group action without a group": [{ userId: "alice", action: "add" }, "MissingGroup", /'groupName'/],
    "an answer for nobody": [{ invocationId: "1", result: 1 }, "MissingAudience", /'connectionId' that invoked/],
    "an array in an array": [[[alice]], "NotAnObject", /not a JSON object/, [alice]],
  };
  for (const [name, expected] of Object.entries(cases)) {
    it(`goes to the dead letters at once and holds nobody up (${name})`, () => expectRejected(...expected));
  }

  it("is a record of more than 128 KB; one of exactly 128 KB arrives", async () => {
    const overhead = Buffer.byteLength(JSON.stringify({ type: 1, target: "notify", arguments: [""] })) + 1;
    const sized = (bytes) => ({ ...alice, arguments: ["x".repeat(bytes - overhead)] });
    await expectRejected(sized(RECORD_MAX_BYTES + 1), "TooLarge", /takes 131073 bytes; a socket takes at most 131072/);
    await backend.send(sized(RECORD_MAX_BYTES), { group });
    const [[text]] = await tab.receives("notify");
    assert.equal(text.length, RECORD_MAX_BYTES - overhead);
  });

  it("may name 500 users, hold 100 elements, and be of any size up to the limits", async () => {
    await backend.send({ userIds: [...ids(499), "alice"], target: "notify", arguments: [1] }, { group });
    const elements = Array.from({ length: 100 }, (_, n) => ({ ...alice, arguments: [n, "x".repeat(900)] }));
    await backend.send(elements, { group });
    const calls = await tab.receives("notify", 101);
    assert.deepEqual(calls.map(([n]) => n), [1, ...elements.map((_, n) => n)]);
  });
});

describe("an envelope for nobody", () => {
  const cases = {
    "no users": { userIds: [], target: "notify" },
    "no groups": { groupNames: [], target: "notify" },
    "a user who is not there": { userId: "nobody", target: "notify" },
    "a group that is empty": { groupName: "nobody", target: "notify" },
    "a connection that never was": { connectionId: "nobody", target: "notify" },
    "another hub": { hub: "other", target: "notify" },
    "what is past its expiry": { ...alice, expiresAt: "2020-01-01T00:00:00Z" },
    "a close of no users": { userIds: [], action: "close" },
  };
  for (const [name, envelope] of Object.entries(cases)) {
    it(`is no broadcast and no fault (${name})`, () => expectUndeliverable(envelope));
  }
});

describe("a bad element of an array", () => {
  const bad = { user: "alice", target: "notify" };

  it("goes alone to the dead letters; the others are delivered in order", async () => {
    const good = (n) => ({ ...alice, arguments: [n] });
    await backend.send([good(1), bad, good(2), good(3)], { group });
    await fence();
    assert.deepEqual(tab.received("notify"), [[1], [2], [3]]);
    assert.deepEqual(bystander.received("notify"), []);
    const letter = await backend.deadLetter();
    assert.equal(await backend.depth(stack.dlqUrl), 0);
    assert.deepEqual(JSON.parse(letter.body), bad);
    assert.equal(letter.RejectReason, "UnknownProperty");
  });

  it("shares its dead letter with the other bad ones, under the first one's reason", async () => {
    const also = { ...alice, arguments: {} };
    await backend.send([bad, { ...alice, arguments: [1] }, also, 7], { group });
    await fence();
    assert.deepEqual(tab.received("notify"), [[1]]);
    const letter = await backend.deadLetter();
    assert.deepEqual(JSON.parse(letter.body), [bad, also, 7]);
    assert.equal(letter.RejectReason, "UnknownProperty");
    assert.equal(await backend.depth(stack.dlqUrl), 0);
  });

  it("is delivered after its dead letter was mended and sent again", async () => {
    await backend.send([{ ...alice, arguments: [1] }, bad], { group });
    const letter = await backend.deadLetter();
    const mended = letter.body.replace('"user"', '"userId"');
    await backend.sendBody(mended, { group, attributes: { ProgressKey: letter.ProgressKey } });
    await fence();
    assert.deepEqual(tab.received("notify"), [[1], []]);
  });
});

describe("an envelope as others write it", () => {
  it("has the names and nulls of an Azure Functions SignalRMessage", async () => {
    const message = {
      ConnectionId: null,
      UserId: "alice",
      GroupName: null,
      Target: "notify",
      Arguments: [{ Role: "admin", note: null }, 1.50, "ü"],
      Endpoints: null,
    };
    await backend.send(message, { group });
    assert.deepEqual(await tab.receives("notify"), [[{ Role: "admin", note: null }, 1.5, "ü"]]);
    await fence();
    assert.deepEqual(bystander.received("notify"), []);
  });

  it("may have no arguments, or null ones, or empty texts for what was not set", async () => {
    await backend.send({ userId: "alice", target: "notify" }, { group });
    await backend.send({ userId: "alice", groupName: "", connectionId: "", target: "notify", arguments: null }, { group });
    await backend.send({ USERID: "alice", TARGET: "notify", ARGUMENTS: [2] }, { group });
    assert.deepEqual(await tab.receives("notify", 3), [[], [], [2]]);
  });

  it("has the names of an Azure Functions SignalRGroupAction", async () => {
    const change = (action) => ({ ConnectionId: null, UserId: "alice", GroupName: "azure", Action: action, Endpoints: null });
    const call = (n) => ({ GroupName: "azure", Target: "notify", Arguments: [n] });
    await backend.send(change("add"), { group });
    await backend.send(call(1), { group });
    await backend.send(change("Remove"), { group });
    await backend.send(call(2), { group });
    await backend.send([change("ADD"), call(3), { UserId: "alice", Action: "RemoveAll" }, call(4)], { group });
    await fence();
    assert.deepEqual(tab.received("notify"), [[1], [3]]);
    assert.equal(await backend.depth(stack.dlqUrl), 0);
  });

  it("keeps its arguments byte for byte", async () => {
    const texts = '[9007199254740993,1e400, 1.50,"\\u001e\\ud83d\\ude00\\/",{"b":1,"a":2,"b":3},[ ]]';
    const socket = await ready(stack, "exact");
    await backend.sendBody(`{"userId":"exact","arguments":${texts},"target":"notify"}`, { group });
    assert.equal(await socket.frame(1), `{"type":1,"target":"notify","arguments":${texts}}${RS}`);
    await socket.close();
  });
});
