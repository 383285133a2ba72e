// Every operation of every version, as the reference lists it: what is called, what is answered, what
// becomes of it.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { escaped, Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

const VERSIONS = ["2022-06-01", "2022-11-01", "2023-07-01", "2024-12-01", "2026-07-01"];
const message = Rest.message("notify", 1);

/** Paths with names filled in. `me` is connected, as user `me`, who is in group `mine`; nobody else is. */
const fill = (path, tab) =>
  path.replace("{me}", tab.id).replace("{none}", "nobody-has-this");

// [since, method, path, body, status, x-ms-error-code]
const dated = [
  ["2022-06-01", "POST", "/:send", message, 202],
  ["2022-06-01", "POST", "/users/me/:send", message, 202],
  ["2022-06-01", "POST", "/users/absent/:send", message, 202],
  ["2022-06-01", "POST", "/groups/mine/:send", message, 202],
  ["2022-06-01", "POST", "/groups/absent/:send", message, 202],
  ["2022-06-01", "POST", "/connections/{me}/:send", message, 202],
  ["2022-06-01", "POST", "/connections/{none}/:send", message, 202],
  ["2022-06-01", "HEAD", "/connections/{me}", undefined, 200],
  ["2022-06-01", "HEAD", "/connections/{none}", undefined, 404, "Warning.Connection.NotExisted"],
  ["2022-06-01", "HEAD", "/users/me", undefined, 200],
  ["2022-06-01", "HEAD", "/users/absent", undefined, 404, "Warning.User.NotExisted"],
  ["2022-06-01", "HEAD", "/groups/mine", undefined, 200],
  ["2022-06-01", "HEAD", "/groups/absent", undefined, 404, "Warning.Group.NotExisted"],
  ["2022-06-01", "HEAD", "/users/me/groups/mine", undefined, 200],
  ["2022-06-01", "GET", "/users/me/groups/mine", undefined, 200],
  ["2022-06-01", "HEAD", "/users/me/groups/other", undefined, 404, "Info.User.NotInGroup"],
  ["2022-06-01", "GET", "/users/me/groups/other", undefined, 404, "Info.User.NotInGroup"],
  ["2022-06-01", "PUT", "/users/you/groups/g", undefined, 200],
  ["2022-06-01", "DELETE", "/users/you/groups/g", undefined, 204],
  ["2022-06-01", "DELETE", "/users/you/groups", undefined, 204],
  ["2022-06-01", "PUT", "/groups/g/connections/{me}", undefined, 200],
  ["2022-06-01", "PUT", "/groups/g/connections/{none}", undefined, 404, "Error.Connection.NotExisted"],
  ["2022-06-01", "DELETE", "/groups/g/connections/{me}", undefined, 200],
  ["2022-06-01", "DELETE", "/groups/g/connections/{none}", undefined, 200],
  ["2022-06-01", "DELETE", "/connections/{none}/groups", undefined, 200],
  ["2022-06-01", "DELETE", "/connections/{none}", undefined, 404, "Warning.Connection.NotExisted"],
  ["2022-06-01", "POST", "/users/absent/:closeConnections", undefined, 204],
  ["2022-06-01", "POST", "/groups/absent/:closeConnections", undefined, 204],
  ["2022-11-01", "POST", "/:generateToken", undefined, 200],
  ["2023-07-01", "POST", "/:execute", JSON.stringify([{ type: "SendMessage", message: { target: "notify" } }]), 202],
  ["2024-12-01", "GET", "/groups/mine/connections", undefined, 200],
  ["2024-12-01", "POST", "/connections/{none}/:invoke", message, 404, "Error.Connection.NotExisted"],
  ["2024-12-01", "POST", "/connections/{me}/streams/s/:send", "1", 202],
  ["2024-12-01", "POST", "/connections/{me}/streams/s/:complete", undefined, 202],
  ["2026-07-01", "POST", "/connections/:refreshAuth", '{"connectionToken":"none"}', 404, "Error.Connection.NotExisted"],
  ["2026-07-01", "POST", "/connections/claims", '{"connectionToken":"none"}', 404, "Error.Connection.NotExisted"],
  ["2026-07-01", "QUERY", "/connections/claims", '{"connectionToken":"none"}', 404, "Error.Connection.NotExisted"],
  ["2022-06-01", "GET", "/connections", undefined, 200],
  ["2022-06-01", "GET", "/users", undefined, 200],
  ["2022-06-01", "GET", "/users/me/connections", undefined, 200],
  ["2022-06-01", "GET", "/users/me/groups", undefined, 200],
  // Where fates are not told (MessageFates), the answer says so by a code.
  ["2022-06-01", "GET", "/messages/unknown", undefined, 404, ["Warning.Message.NotExisted", "Error.Request.NotFound"]],
  ["2022-06-01", "GET", "/:count", undefined, 200],
  ["2022-06-01", "GET", "/groups/mine/:count", undefined, 200],
  ["2022-06-01", "GET", "/users/me/:count", undefined, 200],
];

// [method, path, body, status, x-ms-error-code]
const v1 = [
  ["POST", "", message, 202],
  ["POST", "/users/me", message, 202],
  ["POST", "/users/absent", message, 202],
  ["POST", "/connections/{me}", message, 202],
  ["POST", "/connections/{none}", message, 202],
  ["POST", "/groups/mine", message, 202],
  ...["GET", "HEAD"].flatMap((method) => [
    [method, "/connections/{me}", undefined, 200],
    [method, "/connections/{none}", undefined, 404, "Warning.Connection.NotExisted"],
    [method, "/groups/mine", undefined, 200],
    [method, "/groups/absent", undefined, 404, "Warning.Group.NotExisted"],
    [method, "/users/me", undefined, 200],
    [method, "/users/absent", undefined, 404, "Warning.User.NotExisted"],
    [method, "/groups/mine/users/me", undefined, 200],
    [method, "/groups/other/users/me", undefined, 404, "Info.User.NotInGroup"],
    [method, "/users/me/groups/mine", undefined, 200],
    [method, "/users/me/groups/other", undefined, 404, "Info.User.NotInGroup"],
  ]),
  ["PUT", "/groups/g/connections/{me}", undefined, 200],
  ["PUT", "/groups/g/connections/{none}", undefined, 404, "Error.Connection.NotExisted"],
  ["DELETE", "/groups/g/connections/{me}", undefined, 200],
  ["PUT", "/connections/{me}/groups/g", undefined, 200],
  ["PUT", "/connections/{none}/groups/g", undefined, 404, "Error.Connection.NotExisted"],
  ["DELETE", "/connections/{me}/groups/g", undefined, 200],
  ["PUT", "/users/you/groups/g", undefined, 202],
  ["DELETE", "/users/you/groups/g", undefined, 202],
  ["PUT", "/groups/g/users/you", undefined, 202],
  ["DELETE", "/groups/g/users/you", undefined, 202],
  ["DELETE", "/users/you/groups", undefined, 202],
  ["DELETE", "/connections/{none}", undefined, 202],
];

const preview = [
  ["", 1],
  ["/user/me", 1],
  ["/users/me,absent,me", 1],
  ["/group/mine", 1],
  ["/groups/mine,absent", 1],
];

describe("the REST API", () => {
  let stack, rest, tab;
  before(async () => {
    stack = await startStack("--set", "INVOKE_TIMEOUT_SECONDS=2");
    rest = new Rest(stack);
    tab = await signedIn(stack, "me", { methods: ["ask", "fail", "late", "leave", "large"] });
    assert.equal((await rest.call("PUT", "/users/me/groups/mine")).status, 200);
  });
  after(async () => {
    await tab.stop();
    await stack.stop();
  });

  for (const version of VERSIONS) {
    for (const [since, method, path, body, status, code] of dated) {
      const isThere = version >= since;
      it(`${version}: ${method} ${path} is ${isThere ? `${status} ${code ?? ""}` : "not there yet"}`, async () => {
        const answer = await rest.call(method, fill(path, tab), { body, version });
        assert.equal(answer.status, isThere ? status : 400, answer.text);
        const codes = [isThere ? code : "Error.Request.Invalid"].flat();
        assert.ok(codes.includes(answer.headers["x-ms-error-code"]), answer.headers["x-ms-error-code"]);
        if (answer.status >= 400 && method !== "HEAD") assert.equal(answer.json.code, answer.headers["x-ms-error-code"]);
        if (answer.status === 204 || method === "HEAD") assert.equal(answer.text, "");
      });
    }
  }

  for (const [method, path, body, status, code] of v1) {
    it(`1.0: ${method} ${path} is ${status} ${code ?? ""}`, async () => {
      const answer = await rest.callPath(method, `/api/v1/hubs/notifications${fill(path, tab)}`, { body, version: null });
      assert.deepEqual([answer.status, answer.headers["x-ms-error-code"]], [status, code], answer.text);
    });
  }

  it("1.0: the names of paths have no case", async () => {
    const answer = await rest.callPath("HEAD", "/api/V1/Hubs/notifications/Users/me", { version: null });
    assert.equal(answer.status, 200, answer.text);
  });

  it("asks back when a parameter or a property looks like a slip of the pen", async () => {
    const query = await rest.call("POST", "/:send", { body: message, query: { exclude: "c1" } });
    assert.deepEqual([query.status, query.json.message], [400, "this operation has no parameter 'exclude'; did you mean 'excluded'?"]);
    const body = await rest.call("POST", "/:send", { body: JSON.stringify({ target: "notify", argument: [1] }) });
    assert.equal(body.status, 400);
    assert.match(body.json.message, /'argument' .* did you mean 'arguments'\?/);
  });

  for (const [path, times] of preview) {
    it(`1.0-preview: POST ${path} reaches once`, async () => {
      const mark = `preview${path}`;
      const body = Rest.message("notify", mark);
      const answer = await rest.callPath("POST", `/api/v1-preview/hub/notifications${path}`, { body, version: null });
      assert.equal(answer.status, 202);
      const marked = () => tab.received("notify").filter(([text]) => text === mark).length;
      await tab.until(() => marked() === times, `${times} call(s)`);
    });
  }

  it("takes no request without a version, with an unknown one or with two", async () => {
    const send = (query) => rest.callPath("POST", "/api/hubs/notifications/:send", { body: message, version: null, query });
    for (const query of [{}, { "api-version": "2021-01-01" }, { "api-version": ["2022-06-01", "2024-12-01"] }]) {
      assert.equal((await send(query)).status, 400, JSON.stringify(query));
    }
    assert.equal((await send({ "API-Version": "2022-06-01" })).status, 202);
  });

  it("says which methods a path has", async () => {
    const { status, headers } = await rest.call("PATCH", "/users/me/groups/mine");
    assert.deepEqual([status, headers.allow.split(", ").sort()], [405, ["DELETE", "GET", "HEAD", "PUT"]]);
    assert.equal((await rest.call("POST", "/:nothing")).status, 404);
  });

  it("keeps the hubs of an application apart", async () => {
    const apart = new Rest(stack, { application: "App" });
    const other = await signedIn(stack, "other", { hub: "app_notifications" });
    const count = async (one) => (await one.call("GET", "/:count")).json.connections;
    assert.equal(await count(apart), 1);
    await apart.call("POST", "/:send", { body: Rest.message("notify", "apart") });
    assert.deepEqual(await other.receives("notify"), [["apart"]]);
    await other.stop();
  });

  it("leaves excluded connections out", async () => {
    const second = await signedIn(stack, "me");
    await rest.call("POST", "/:send", { body: Rest.message("notify", "not-me"), query: { excluded: [tab.id, "nobody"] } });
    assert.deepEqual(await second.receives("notify"), [["not-me"]]);
    await rest.call("POST", "/:send", { body: Rest.message("notify", "after") });
    await tab.until(() => tab.received("notify").some(([text]) => text === "after"), "what came after");
    assert.ok(!tab.received("notify").some(([text]) => text === "not-me"));
    await second.stop();
  });

  it("leaves out as many connections as a request names", async () => {
    const second = await signedIn(stack, "me");
    const excluded = [...Array.from({ length: 600 }, (_, n) => `nobody-${n}`), tab.id];
    const answer = await rest.call("POST", "/:send", { body: Rest.message("notify", "not-me-of-many"), query: { excluded } });
    assert.equal(answer.status, 202);
    assert.deepEqual(await second.receives("notify"), [["not-me-of-many"]]);
    await rest.call("POST", "/:send", { body: Rest.message("notify", "after-many") });
    await tab.until(() => tab.received("notify").some(([text]) => text === "after-many"), "what came after");
    assert.ok(!tab.received("notify").some(([text]) => text === "not-me-of-many"));
    await second.stop();
  });

  it("carries a request out once for each idempotency key", async () => {
    const headers = { "Idempotency-Key": "order-7" };
    const send = (text, more = {}) => rest.call("POST", "/users/me/:send", { body: Rest.message("notify", text), ...more });
    for (let n = 0; n < 3; n++) assert.equal((await send("once", { headers })).status, 202);
    await send("end");
    await tab.until(() => tab.received("notify").some(([text]) => text === "end"), "the end");
    assert.equal(tab.received("notify").filter(([text]) => text === "once").length, 1);
    assert.equal((await send("another", { headers })).status, 202);
    await tab.until(() => tab.received("notify").some(([text]) => text === "another"), "another request of the same key");
    for (const key of ["k".repeat(257), "two words", "clé", ""])
      assert.equal((await send("x", { headers: { "Idempotency-Key": key } })).status, 400, key);
  });

  it("brings names intact, whatever they hold", async () => {
    for (const name of ["a/b", "a?b", "a%2Fb", "a b+c", "группа", "a/groups/b", "#1", "o'neill (x)*!"]) {
      const odd = await signedIn(stack, name);
      const path = `/users/${escaped(name)}/:send`;
      assert.equal((await rest.call("POST", path, { body: Rest.message("notify", name) })).status, 202, name);
      assert.deepEqual(await odd.receives("notify"), [[name]]);
      assert.equal((await rest.call("HEAD", `/users/${escaped(name)}`)).status, 200, name);
      await odd.stop();
    }
  });

  it("says how large a message may be", async () => {
    const large = await rest.call("POST", "/:send", { body: Rest.message("notify", "x".repeat(128 * 1024)) });
    assert.deepEqual([large.status, large.headers["x-ms-error-code"]], [413, "Error.Request.TooLarge"]);
    assert.match(large.json.message, /at most 131072/);
    const huge = await rest.call("POST", "/:send", { body: Rest.message("notify", "x".repeat(1024 * 1024)) });
    assert.equal(huge.status, 413);
    assert.match(huge.json.message, /at most 1048576 bytes/);
  });

  describe("membership", () => {
    it("of a user lasts, unless it is for the connections there are", async () => {
      const rest = new Rest(stack, { hub: "lasting" });
      const first = await signedIn(stack, "bob", { hub: "lasting" });
      assert.equal((await rest.call("PUT", "/users/bob/groups/lasting")).status, 200);
      assert.equal((await rest.call("PUT", "/users/bob/groups/now", { query: { ttl: 0 } })).status, 200);
      await first.stop();
      const second = await signedIn(stack, "bob", { hub: "lasting" });
      const { json } = await rest.call("GET", "/users/bob/groups");
      assert.deepEqual(json, { value: [{ group: "lasting" }] });
      await rest.call("POST", "/groups/now/:send", { body: Rest.message("notify", "now") });
      await rest.call("POST", "/groups/lasting/:send", { body: Rest.message("notify", "lasting") });
      assert.deepEqual(await second.receives("notify"), [["lasting"]]);
      for (const ttl of ["-1", "1.5", "x", "2147483648"]) {
        assert.equal((await rest.call("PUT", "/users/bob/groups/g", { query: { ttl } })).status, 400, ttl);
      }
      await second.stop();
    });

    it("lets a message through that was sent before its end, and stops one that was sent after", async () => {
      const rest = new Rest(stack, { hub: "ends" });
      const tab = await signedIn(stack, "carol", { hub: "ends" });
      // Hears what the group gets, so that it is known when a message is through.
      const witness = await signedIn(stack, "witness", { hub: "ends", groups: ["g"] });
      const heard = [];
      const send = async (text) => {
        heard.push([text]);
        const { status } = await rest.call("POST", "/groups/g/:send", { body: Rest.message("notify", text) });
        assert.equal(status, 202);
      };
      const changes = [
        ["PUT", "/users/carol/groups/g", "DELETE", "/users/carol/groups/g"],
        ["PUT", "/users/carol/groups/g", "DELETE", "/users/carol/groups"],
        ["PUT", `/groups/g/connections/${tab.id}`, "DELETE", `/groups/g/connections/${tab.id}`],
        ["PUT", `/groups/g/connections/${tab.id}`, "DELETE", `/connections/${tab.id}/groups`],
      ];
      for (const [at, [add, added, remove, removed]] of changes.entries()) {
        await rest.call(add, added);
        await send(`in-${at}`);
        await rest.call(remove, removed);
        await rest.call(add, added);
        await send(`back-${at}`);
        // A removal carries out the last word on a user, so an earlier one still queued would come too soon.
        assert.deepEqual(await witness.receives("notify", heard.length), heard);
        await rest.call(remove, removed);
        await send(`out-${at}`);
        assert.deepEqual(await witness.receives("notify", heard.length), heard);
      }
      const expected = heard.filter(([text]) => !text.startsWith("out"));
      assert.deepEqual(await tab.receives("notify", expected.length), expected);
      await Promise.all([tab.stop(), witness.stop()]);
    });
  });

  describe("lists", () => {
    const hub = "lists";
    let rest, tabs;
    before(async () => {
      rest = new Rest(stack, { hub });
      tabs = await Promise.all(Array.from({ length: 7 }, (_, n) => signedIn(stack, `u${n % 3}`, { hub, groups: ["g"] })));
    });
    after(() => Promise.all(tabs.map((tab) => tab.stop())));

    /** Follows the links as the SDK does, until there are enough or no more. */
    async function all(path, query) {
      const items = [];
      let { json } = await rest.call("GET", path, { query });
      const sizes = [json.value.length];
      for (items.push(...json.value); json.nextLink && items.length < (query.top ?? Infinity); items.push(...json.value)) {
        const { pathname, search } = new URL(json.nextLink);
        const pairs = Object.fromEntries(new URLSearchParams(search));
        assert.equal(new URL(json.nextLink).origin, stack.url);
        ({ json } = await rest.callPath("GET", pathname, { version: null, query: pairs }));
        sizes.push(json.value.length);
      }
      return { items, sizes };
    }

    for (const [path, mine] of [["/groups/g/connections", 7], ["/connections", 7], ["/users/u0/connections", 3]]) {
      it(`of ${path} has every connection once, page by page`, async () => {
        const ids = tabs.map((tab) => tab.id);
        for (const query of [{}, { maxPageSize: 2 }, { maxPageSize: 1, top: 2147483647 }]) {
          const { items, sizes } = await all(path, query);
          assert.equal(items.length, mine);
          assert.equal(new Set(items.map((item) => item.connectionId)).size, mine);
          assert.ok(items.every((item) => ids.includes(item.connectionId) && /^u[012]$/.test(item.userId)));
          assert.ok(sizes.every((size) => size <= (query.maxPageSize ?? 200)));
        }
        assert.equal((await all(path, { maxPageSize: 2, top: 3 })).items.length, 3);
      });
    }

    it("of a user's groups has every one once, page by page", async () => {
      const groups = Array.from({ length: 5 }, (_, n) => `g${n}`);
      for (const group of groups) await rest.call("PUT", `/users/grouped/groups/${group}`);
      const found = [];
      let page = await rest.call("GET", "/users/grouped/groups", { query: { maxpagesize: 2 } });
      for (let pages = 1; ; pages += 1) {
        assert.ok(page.json.value.length <= 2, page.text);
        found.push(...page.json.value.map(({ group }) => group));
        if (!page.json.nextLink) break;
        assert.ok(pages < 4, "there is an end");
        const next = new URL(page.json.nextLink).searchParams;
        // What was there all the time is there, whatever goes meanwhile.
        await rest.call("DELETE", `/users/grouped/groups/${found[0]}`);
        page = await rest.call("GET", "/users/grouped/groups", { query: { maxpagesize: 2, continuationToken: next.get("continuationToken") } });
      }
      assert.deepEqual(found.sort(), groups);
    });

    it("of users has every name once", async () => {
      for (const query of [{}, { maxPageSize: 2 }]) {
        const { items } = await all("/users", query);
        assert.deepEqual(items.map((item) => item.userId).sort(), ["u0", "u1", "u2"]);
      }
    });

    it("are counted", async () => {
      const count = async (path) => (await rest.call("GET", `${path}/:count`)).json;
      assert.deepEqual(await count(""), { connections: 7, users: 3 });
      assert.deepEqual(await count("/groups/g"), { connections: 7, users: 3 });
      assert.deepEqual(await count("/users/u1"), { connections: 2, users: 1 });
      assert.deepEqual(await count("/users/absent"), { connections: 0, users: 0 });
    });

    it("refuse sizes and tokens that are none", async () => {
      for (const query of [{ maxpagesize: 0 }, { maxpagesize: 201 }, { top: 0 }, { top: "x" }, { continuationToken: "x" }]) {
        assert.equal((await rest.call("GET", "/connections", { query })).status, 400, JSON.stringify(query));
      }
    });
  });

  describe("an invocation", () => {
    before(() => {
      tab.connection.on("ask", (a, b) => ({ sum: a + b }));
      tab.connection.on("fail", () => {
        throw new Error("not today");
      });
      tab.connection.on("late", () => new Promise(() => {}));
    });

    const of = (id, target, args, headers) =>
      rest.call("POST", `/connections/${id}/:invoke`, { body: Rest.message(target, ...args), headers });
    const invoke = (target, ...args) => of(tab.id, target, args);
    const encoded = { accept: "application/octet-stream" };

    it("is answered with the client's result", async () => {
      const { status, json } = await invoke("ask", 1, 2);
      assert.deepEqual([status, json], [200, { result: { sum: 3 } }]);
    });

    it("fails as it does at the client, or when no answer comes", async () => {
      const failed = await invoke("fail");
      assert.deepEqual([failed.status, failed.json.code], [400, "Error.Connection.InvocationFailed"]);
      assert.match(failed.json.message, /not today/);
      const late = await invoke("late");
      assert.deepEqual([late.status, late.json.code], [424, "Error.Connection.InvocationTimedOut"]);
    });

    it("is answered by one encoded completion where that is asked for", async () => {
      for (const [target, args, end] of [["ask", [1, 2], { result: { sum: 3 } }], ["fail", [], { error: /not today/ }]]) {
        const { status, headers, text } = await of(tab.id, target, args, encoded);
        assert.deepEqual([status, headers["x-asrs-protocol"]], [200, "json"], text);
        assert.equal(headers["content-type"], "application/octet-stream");
        assert.ok(text.endsWith("\x1e"), text);
        const { type, invocationId, ...rest } = JSON.parse(text.slice(0, -1));
        assert.deepEqual([type, typeof invocationId], [3, "string"]);
        if (end.error) assert.match(rest.error, end.error);
        else assert.deepEqual(rest, end);
      }
      const none = await of("nobody-has-this", "ask", [], encoded);
      assert.deepEqual([none.status, none.json.code], [404, "Error.Connection.NotExisted"]);
    });
  });

  it("executes commands for those whom a filter means", async () => {
    const rest = new Rest(stack, { hub: "filters" });
    const names = ["listener-1", "listener-2", "speaker"];
    const [one, two, speaker] = await Promise.all(names.map((name) => signedIn(stack, name, { hub: "filters", groups: [`of-${name}`] })));
    const say = (text) => ({ type: "SendMessage", message: { target: "notify", arguments: [text] } });
    const execute = async (filter, ...commands) => {
      const { status, text } = await rest.call("POST", "/:execute", { query: { filter }, body: JSON.stringify(commands) });
      assert.equal(status, 202, text);
    };
    await execute("startswith(userId, 'listener-')", say("listeners"), { type: "JoinGroup", group: "g" });
    await execute("userId in ('speaker','x') or 'of-listener-2' in groups", say("some"));
    await rest.call("POST", "/groups/g/:send", { body: Rest.message("notify", "group") });
    const heard = async (tab, times) => (await tab.receives("notify", times)).map(([text]) => text).sort();
    assert.deepEqual(await heard(one, 2), ["group", "listeners"]);
    assert.deepEqual(await heard(two, 3), ["group", "listeners", "some"]);
    assert.deepEqual(await heard(speaker, 1), ["some"]);
    await execute("startswith(userId, 'listener-') and 'of-listener-2' in groups", say("both"));
    const more = { query: { Filter: "userId eq 'listener-2' and not (userId eq 'speaker')" }, body: JSON.stringify([say("more")]) };
    assert.equal((await rest.call("POST", "/:execute", more)).status, 202);
    assert.deepEqual((await two.receives("notify", 5)).slice(3), [["both"], ["more"]]);
    await execute("connectionId eq '" + one.id + "'", { type: "CloseConnection", reason: "enough", allowReconnect: false });
    assert.match(await one.meets("closed"), /enough/);
    assert.deepEqual([one.received("notify").length, speaker.received("notify").length], [2, 1], "'and' means fewer");
    assert.equal((await rest.call("POST", "/:execute", { query: { filter: "nonsense" }, body: "[]" })).status, 400);
    await Promise.all([two.stop(), speaker.stop()]);
  });

  it("closes all connections of a user, a group and a hub", async () => {
    const hub = "closes";
    const rest = new Rest(stack, { hub });
    const tabs = () => Promise.all(["x", "x", "y"].map((user) => signedIn(stack, user, { hub, groups: [`of-${user}`] })));
    for (const [path, closed] of [["/users/x", [0, 1]], ["/groups/of-y", [2]], ["", [0, 1, 2]]]) {
      const all = await tabs();
      const query = { reason: "bye", allowReconnect: false };
      const { status } = await rest.call("POST", `${path}/:closeConnections`, { query });
      assert.equal(status, 204);
      for (const at of closed) assert.match(await all[at].meets("closed"), /bye/);
      await Promise.all(all.map((tab) => tab.stop()));
    }
  });

  it("closes connections so that clients with automatic reconnect come back", async () => {
    const hub = "returns";
    const rest = new Rest(stack, { hub });
    const tab = await signedIn(stack, "x", { hub, groups: ["g"], reconnect: [0, 0, 0, 0] });
    for (const [times, [method, path]] of [
      ["POST", () => "/:closeConnections"],
      ["POST", () => "/groups/g/:closeConnections"],
      ["POST", () => "/users/x/:closeConnections"],
      ["DELETE", (id) => `/connections/${id}`],
      ["POST", () => "/:execute"],
    ].entries()) {
      const at = path(tab.id);
      const body = at === "/:execute" ? JSON.stringify([{ type: "CloseConnection" }]) : undefined;
      assert.ok((await rest.call(method, at, { body })).status < 300, at);
      await tab.returns(times + 1);
    }
    const both = { revoke: true, allowReconnect: true };
    assert.equal((await rest.call("POST", "/users/x/:closeConnections", { query: both })).status, 400);
    assert.equal((await rest.call("POST", "/users/x/:closeConnections", { query: { revoke: true } })).status, 204);
    await tab.meets("closed");
  });

  describe("a connection", () => {
    for (const [version, path, status, query] of [
      [undefined, (id) => `/api/hubs/ended/connections/${id}`, 200, { reason: "bye", allowReconnect: false }],
      ["2022-06-01", (id) => `/api/hubs/ended/connections/${id}`, 200, { Reason: "bye", AllowReconnect: false }],
      [null, (id) => `/api/v1/hubs/ended/connections/${id}`, 202, { REASON: "bye", allowreconnect: "False" }],
    ]) {
      it(`is ended by a DELETE with ${status}, its client told why (${version ?? "1.0 or the newest"} ${path("x")})`, async () => {
        const [one, other] = await Promise.all(["x", "x"].map((user) => signedIn(stack, user, { hub: "ended" })));
        assert.equal((await rest.callPath("DELETE", path(one.id), { version, query })).status, status);
        assert.match(await one.meets("closed"), /bye/);
        assert.equal((await rest.callPath("HEAD", path(other.id), { version })).status, 200, "nobody else is");
        await other.stop();
      });
    }
  });

  it("1.0: leaves excluded connections out, and puts users in for a time", async () => {
    const hub = "/api/v1/hubs/older";
    const [one, other] = await Promise.all(["x", "x"].map((user) => signedIn(stack, user, { hub: "older", groups: ["g"] })));
    const call = (method, path, more) => rest.callPath(method, `${hub}${path}`, { version: null, ...more });
    for (const path of ["", "/groups/g"]) {
      const { status } = await call("POST", path, { query: { Excluded: [one.id, "nobody"] }, body: Rest.message("notify", `not-one${path}`) });
      assert.equal(status, 202);
    }
    // A hub's messages and a group's are not in order with each other.
    assert.deepEqual((await other.receives("notify", 2)).flat().sort(), ["not-one", "not-one/groups/g"]);
    for (const path of ["", "/groups/g"]) await call("POST", path, { body: Rest.message("notify", "all") });
    assert.deepEqual(await one.receives("notify", 2), [["all"], ["all"]]);
    assert.equal((await call("PUT", "/groups/now/users/x", { query: { TTL: 0 } })).status, 202);
    assert.equal((await call("PUT", "/groups/later/users/y", { query: { ttl: 60 } })).status, 202);
    assert.equal((await call("PUT", "/groups/never/users/y", { query: { Ttl: 0 } })).status, 202);
    assert.equal((await call("GET", "/groups/now/users/x")).status, 404, "only the connections are in it");
    const late = await signedIn(stack, "y", { hub: "older" });
    const groups = await new Rest(stack, { hub: "older" }).call("GET", "/users/y/groups");
    assert.deepEqual(groups.json, { value: [{ group: "later" }] });
    await Promise.all([one, other, late].map((tab) => tab.stop()));
  });

  it("takes bodies of MessagePack", async () => {
    const other = await signedIn(stack, "packed");
    // { target: "notify", arguments: [{ a: 1 }, [2.5, null]] }
    const body = Buffer.from("82a6746172676574a66e6f74696679a9617267756d656e74739281a1610192cb4004000000000000c0", "hex");
    const { status, text } = await rest.call("POST", "/users/packed/:send", { body, type: "application/x-msgpack" });
    assert.equal(status, 202, text);
    assert.deepEqual(await other.receives("notify"), [[{ a: 1 }, [2.5, null]]]);
    await other.stop();
  });

  it("takes what is encoded for MessagePack only", async () => {
    const other = await signedIn(stack, "only-packed");
    // { "messagepack": a length, [1, {}, nil, "notify", [42, "x"]] }
    const message = Buffer.from("950180c0a66e6f74696679922aa178", "hex");
    const entry = Buffer.concat([Buffer.from([message.length]), message]);
    const body = Buffer.concat([Buffer.from("81ab6d6573736167657061636b", "hex"), Buffer.from([0xc4, entry.length]), entry]);
    const { status, text } = await rest.call("POST", "/users/only-packed/:send", { body, type: "application/octet-stream" });
    assert.equal(status, 202, text);
    assert.deepEqual(await other.receives("notify"), [[42, "x"]]);
    await other.stop();
  });

  it("makes tokens and keys that open sockets and nothing else", async () => {
    const { json: { token } } = await rest.call("POST", "/:generateToken", { query: { userId: "dave", minutesToExpire: 5 } });
    const { client } = await import("../harness/client.js");
    const dave = await client({ url: `${stack.url}/client/?hub=notifications`, token }).ready();
    assert.equal((await rest.call("HEAD", "/users/dave")).status, 200);
    await dave.stop();
    const { json: key } = await rest.callPath("GET", "/api/auth/accessKey");
    const { jwt } = await import("../harness/jwt.js");
    const now = Math.floor(Date.now() / 1000);
    const claims = { aud: `${stack.url}/client/?hub=notifications`, nameid: "erin", iat: now, exp: now + 300 };
    const signed = jwt(claims, { alg: "HS256", key: key.AccessKey, header: { kid: key.KeyId } });
    const erin = await client({ url: `${stack.url}/client/?hub=notifications`, token: signed }).ready();
    assert.equal((await rest.call("HEAD", "/users/erin")).status, 200);
    await erin.stop();
    assert.equal((await new Rest(stack, { key: key.AccessKey }).call("GET", "/:count")).status, 401);
    assert.equal((await rest.call("GET", "/:count", { token })).status, 401);
  });

  it("lets apps in by their role, and people never", async () => {
    const call = async (options) => (await rest.call("GET", "/:count", { token: await Rest.appToken(stack, options) })).status;
    assert.equal(await call({}), 200);
    assert.equal(await call({ roles: ["other"] }), 403);
    assert.equal(await call({ claims: { scp: "access" } }), 401);
    assert.equal(await call({ claims: { idtyp: "user" } }), 401);
    assert.equal(await call({ claims: { idtyp: null } }), 401);
    assert.equal(await call({ claims: { idtyp: null, azp: "app" } }), 200);
    assert.equal(await call({ claims: { idtyp: null, azp: "backend-app", oid: null } }), 200);
    assert.equal(await call({ claims: { idtyp: null, azp: "app", oid: null } }), 401);
    assert.equal(await call({ claims: { idtyp: null, azp: "app", oid: "a-person" } }), 401);
    assert.equal(await call({ audience: "hubcast" }), 401);
    assert.equal((await rest.call("GET", "/:count", { token: await stack.token("alice") })).status, 401);
  });
});
