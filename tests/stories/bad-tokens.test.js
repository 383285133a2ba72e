import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { Backend } from "../harness/backend.js";
import { client, versions } from "../harness/client.js";
import { ACCESS_KEY, claimsOf, foreignKey, jwt } from "../harness/jwt.js";
import { HANDSHAKE, tryOpen } from "../harness/raw.js";
import { startStack } from "../harness/stack.js";

const HUB = "notifications";
const LOCAL_ORIGIN = "http://localhost:4200";
const FOREIGN_ORIGIN = "https://evil.example";
let stack;

before(async () => {
  stack = await startStack();
});
after(async () => {
  // What the stop cuts off may be an error.
  const { logs } = stack;
  await stack.stop();
  assert.doesNotMatch(logs, /ERROR/);
});

const bearer = (token) => (token === undefined ? {} : { authorization: `Bearer ${token}` });

const negotiate = (path, { token, method = "POST", headers = {} } = {}) =>
  fetch(`${stack.url}${path}`, { method, headers: { ...bearer(token), ...headers } });

const upgrade = (query, options) => tryOpen(`${stack.url}/client/?${new URLSearchParams(query)}`, options);

/** Tokens that open nothing: what the answer says to each, and how it is made from a good one. */
const badTokens = {
  missing: { says: "a token is needed", make: () => undefined },
  "no JWT": { says: "it is not a JWT", make: () => "nonsense" },
  expired: { says: "the access token has expired", make: () => stack.token("alice", { ttlSeconds: -120 }) },
  "for another audience": {
    says: "it is meant for another audience",
    make: () => stack.token("alice", { audience: "another" }),
  },
  "of another issuer": {
    says: "its issuer is not known",
    make: () => stack.token("alice", { claims: { iss: "https://evil.example" } }),
  },
  "not valid yet": {
    says: "it is not valid yet",
    make: () => stack.token("alice", { claims: { nbf: Math.floor(Date.now() / 1000) + 600 } }),
  },
  "without an expiry": { says: "it has no expiry", make: () => stack.token("alice", { claims: { exp: null } }) },
  "without a user": { says: "it does not name a user", make: () => stack.token("") },
  "signed by a foreign key": {
    says: "its signature is wrong",
    make: async () =>
      jwt(claimsOf(await stack.token("alice")), { alg: "RS256", key: foreignKey(), header: { kid: "dev" } }),
  },
  "signed by an unknown key": {
    says: "its key is not one of its issuer's",
    make: async () =>
      jwt(claimsOf(await stack.token("alice")), { alg: "RS256", key: foreignKey(), header: { kid: "mine" } }),
  },
  "signed by nobody": {
    says: "it is not a JWT",
    make: async () => jwt(claimsOf(await stack.token("alice")), { alg: "none" }),
  },
  "with another's claims": {
    says: "its signature is wrong",
    make: async () => {
      const [head, , signature] = (await stack.token("alice")).split(".");
      const claims = { ...claimsOf(await stack.token("alice")), sub: "root" };
      return [head, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".");
    },
  },
};

/** Client tokens that open nothing. */
const badClientTokens = {
  "signed by a foreign access key": { says: "its signature is wrong", key: "x".repeat(44) },
  "signed by the public key's text": { says: "its signature is wrong", key: "dev" },
  expired: { says: "the access token has expired", claims: { exp: 1_700_000_000 } },
  "for another path": { says: "it is meant for another audience", claims: { aud: "http://localhost/server/?hub=notifications" } },
  "for another host": { says: "it is meant for another audience", claims: { aud: "http://evil.example/client/?hub=notifications" } },
};

const clientToken = ({ claims, key = ACCESS_KEY }) => {
  const exp = Math.floor(Date.now() / 1000) + 300;
  const good = { aud: `${stack.url}/client/?hub=${HUB}`, exp, nameid: "alice" };
  return jwt({ ...good, ...claims }, { alg: "HS256", key });
};

describe("a token that is not good", () => {
  for (const [name, { says, make }] of Object.entries(badTokens)) {
    it(`is refused by both negotiations, with the reason (${name})`, async () => {
      const token = await make();
      for (const path of [`/hubs/${HUB}/negotiate`, `/client/negotiate?hub=${HUB}`]) {
        const answer = await negotiate(path, { token, headers: { origin: LOCAL_ORIGIN } });
        assert.equal(answer.status, 401);
        assert.equal(answer.headers.get("www-authenticate"), "Bearer");
        assert.equal(answer.headers.get("access-control-allow-origin"), LOCAL_ORIGIN);
        assert.equal(answer.headers.get("access-control-allow-credentials"), "true");
        assert.match(await answer.text(), new RegExp(`^Unauthorized: .*${says}`));
      }
    });

    it(`opens no socket, by the query or by the header (${name})`, async () => {
      const token = await make();
      const query = token === undefined ? { hub: HUB } : { hub: HUB, access_token: token };
      assert.equal((await upgrade(query)).status, 401);
      assert.equal((await upgrade({ hub: HUB }, { headers: bearer(token) })).status, 401);
    });
  }

  for (const [name, { says, ...how }] of Object.entries(badClientTokens)) {
    it(`is refused where client tokens are good (${name})`, async () => {
      const token = clientToken(how);
      const answer = await negotiate(`/client/negotiate?hub=${HUB}`, { token });
      assert.equal(answer.status, 401);
      assert.match(await answer.text(), new RegExp(says));
      assert.equal((await upgrade({ hub: HUB, access_token: token })).status, 401);
    });
  }

  it("is not made good by being a client token where an app token is needed", async () => {
    const answer = await negotiate(`/hubs/${HUB}/negotiate`, { token: clientToken({}) });
    assert.equal(answer.status, 401);
    assert.match(await answer.text(), /an app token is needed here/);
    assert.equal((await negotiate(`/client/negotiate?hub=${HUB}`, { token: clientToken({}) })).status, 200);
  });

  for (const [version, shown] of [
    ["3.1.31", /^Unauthorized$/],
    ["8.0.29", /Failed to complete negotiation with the server: Error: Unauthorized: the access token has expired\.: Status code '401'/],
    ["10.0.11", /Failed to complete negotiation with the server: Error: Unauthorized: the access token has expired\.: Status code '401'/],
  ]) {
    it(`makes start() reject with the reason, as far as the client shows it (client ${version})`, async () => {
      const token = () => stack.token("alice", { ttlSeconds: -120 });
      await assert.rejects(client({ url: `${stack.url}/hubs/${HUB}`, token, version }).start(), { message: shown });
    });
  }

  for (const version of Object.keys(versions)) {
    it(`makes start() reject when negotiation is skipped (client ${version})`, async () => {
      const options = { skipNegotiation: true, transport: 1 };
      const url = `${stack.url}/client/?hub=${HUB}`;
      await assert.rejects(client({ url, token: "nonsense", version, options }).start());
      const good = await client({ url, token: await stack.token("alice"), version, options }).start();
      await good.stop();
    });
  }
});

describe("a hub that is not good", () => {
  for (const hub of ["1st", "a b", "a%2Fb", "h".repeat(129), "%23", "..%2f", "hub-1"]) {
    it(`is refused everywhere (${hub.slice(0, 20)})`, async () => {
      const token = await stack.token("alice");
      for (const path of [`/hubs/${hub}/negotiate`, `/client/negotiate?hub=${hub}`]) {
        const answer = await negotiate(path, { token, headers: { origin: LOCAL_ORIGIN } });
        assert.equal(answer.status, 404);
        assert.equal(answer.headers.get("access-control-allow-origin"), LOCAL_ORIGIN);
        assert.equal(await answer.text(), "There is no such hub.");
      }
      assert.equal((await tryOpen(`${stack.url}/client/?hub=${hub}&access_token=${token}`)).status, 403);
      assert.equal((await tryOpen(`${stack.url}/hubs/${hub}?access_token=${token}`)).status, 403);
    });
  }

  it("is missing: 400 by negotiation, 401 by the gateway, which then asks nobody", async () => {
    const token = await stack.token("alice");
    for (const query of ["", "?hub="]) {
      const answer = await negotiate(`/client/negotiate${query}`, { token });
      assert.equal(answer.status, 400);
      assert.match(await answer.text(), /one hub is needed/);
    }
    assert.equal((await upgrade({ access_token: token })).status, 401);
    assert.equal((await upgrade({ hub: "", access_token: token })).status, 401);
  });

  it("is given twice", async () => {
    const token = await stack.token("alice");
    const twice = `hub=${HUB}&hub=other`;
    const answer = await negotiate(`/client/negotiate?${twice}`, { token });
    assert.equal(answer.status, 400);
    assert.match(await answer.text(), /'hub' stands more than once in the query/);
    assert.equal((await negotiate(`/hubs/${HUB}/negotiate?hub=other`, { token })).status, 400);
    for (const path of [`/client/?${twice}`, `/client/?hub=${HUB}&hub=${HUB}`, `/hubs/${HUB}?hub=other`]) {
      assert.equal((await tryOpen(`${stack.url}${path}&access_token=${token}`)).status, 403, path);
    }
  });

  it("is another than the client token's", async () => {
    const token = clientToken({ claims: { aud: `${stack.url}/client/?hub=other` } });
    const answer = await negotiate(`/client/negotiate?hub=${HUB}`, { token });
    assert.equal(answer.status, 403);
    assert.equal(await answer.text(), "Forbidden: the access token is not good for this hub.");
    assert.equal((await upgrade({ hub: HUB, access_token: token })).status, 403);
  });
});

describe("a request that contradicts itself", () => {
  it("shows two tokens in the query", async () => {
    const token = await stack.token("alice");
    const twice = `access_token=${token}&access_token=${token}`;
    assert.equal((await tryOpen(`${stack.url}/client/?hub=${HUB}&${twice}`)).status, 403);
  });

  it("shows one token in the query and another in the header", async () => {
    const [one, other] = await Promise.all(["alice", "bob"].map((user) => stack.token(user)));
    const headers = bearer(other);
    assert.equal((await upgrade({ hub: HUB, access_token: one }, { headers })).status, 403);
    const { socket } = await upgrade({ hub: HUB, access_token: one }, { headers: bearer(one) });
    await socket.close();
  });

  it("shows a connectionToken that is forged, or another user's", async () => {
    const [alice, bob] = await Promise.all(["alice", "bob"].map((user) => stack.token(user)));
    const answer = await negotiate(`/client/negotiate?hub=${HUB}&negotiateVersion=1`, { token: alice });
    const { connectionId, connectionToken: id } = await answer.json();
    assert.equal((await upgrade({ hub: HUB, id, access_token: bob })).status, 401);
    assert.equal((await upgrade({ hub: HUB, id: connectionId, access_token: alice })).status, 401);
    assert.equal((await upgrade({ hub: HUB, id: `${id}x`, access_token: alice })).status, 401);
    assert.equal((await upgrade({ hub: "other", id, access_token: alice })).status, 401);
    assert.equal((await upgrade({ hub: HUB, id, access_token: id })).status, 401);
    const { socket } = await upgrade({ hub: HUB, id, access_token: alice });
    socket.send(HANDSHAKE);
    await socket.frame();
    assert.equal(await socket.isAlive(), true);
    const second = await upgrade({ hub: HUB, id, access_token: alice });
    assert.equal(second.status, 409);
    await new Backend(stack).send({ connectionId, target: "fence" });
    await socket.receives("fence");
    await socket.close();
  });

  it("is longer than 4,096 characters", async () => {
    const token = await stack.token("alice");
    const base = `/client/?hub=${HUB}&pad=`;
    const pad = (length) => `${base}${"x".repeat(length - base.length)}`;
    assert.equal((await tryOpen(`${stack.url}${pad(4097)}`, { headers: bearer(token) })).status, 414);
    const { socket } = await tryOpen(`${stack.url}${pad(4096)}`, { headers: bearer(token) });
    await socket.close();
  });
});

describe("a page of another origin", () => {
  for (const origin of [FOREIGN_ORIGIN, "null", "http://localhost.evil.example"]) {
    it(`gets nowhere (${origin})`, async () => {
      const token = await stack.token("alice");
      for (const method of ["POST", "OPTIONS"]) {
        const answer = await negotiate(`/hubs/${HUB}/negotiate`, { token, method, headers: { origin } });
        assert.equal(answer.status, 403);
        assert.equal(answer.headers.get("access-control-allow-origin"), null);
        assert.match(await answer.text(), /this origin is not on the list/);
      }
      assert.equal((await upgrade({ hub: HUB, access_token: token }, { origin })).status, 403);
    });
  }

  it("of this machine gets in", async () => {
    const token = await stack.token("alice");
    const { socket } = await upgrade({ hub: HUB, access_token: token }, { origin: LOCAL_ORIGIN });
    await socket.close();
  });
});

describe("CORS", () => {
  const expected = {
    "access-control-allow-origin": LOCAL_ORIGIN,
    "access-control-allow-credentials": "true",
    "access-control-allow-methods": "POST, OPTIONS",
    "access-control-allow-headers":
      "authorization, content-type, x-requested-with, x-signalr-user-agent, x-signalr-connection-token, traceparent, tracestate, baggage, request-id, request-context, sentry-trace",
    vary: "Origin",
  };
  const expectHeaders = (headers) => {
    for (const [name, value] of Object.entries(expected)) assert.equal(headers.get(name), value, name);
  };

  /** A preflight as browsers send it; fetch would not let a script say so. */
  const preflight = (path) =>
    new Promise((resolve, reject) => {
      const headers = {
        origin: LOCAL_ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-requested-with,x-signalr-user-agent",
      };
      const sent = request(`${stack.url}${path}`, { method: "OPTIONS", headers }, (answer) => {
        answer.resume();
        resolve({ status: answer.statusCode, headers: new Headers(answer.headers) });
      });
      sent.once("error", reject).end();
    });

  it("preflights are answered without a token, also for what does not exist", async () => {
    for (const path of [`/hubs/${HUB}/negotiate`, `/client/negotiate?hub=${HUB}`, "/hubs/1st/negotiate", "/nothing/negotiate"]) {
      const { status, headers } = await preflight(path);
      assert.equal(status, 204, path);
      expectHeaders(headers);
    }
  });

  it("headers stand on every status", async () => {
    const token = await stack.token("alice");
    const headers = { origin: LOCAL_ORIGIN };
    const answers = [
      [200, `/hubs/${HUB}/negotiate`, { token, headers }],
      [400, `/client/negotiate`, { token, headers }],
      [400, `/client/negotiate?hub=${HUB}&negotiateVersion=x`, { token, headers }],
      [401, `/hubs/${HUB}/negotiate`, { headers }],
      [403, `/client/negotiate?hub=${HUB}`, { token: clientToken({ claims: { aud: `${stack.url}/client/?hub=x` } }), headers }],
      [404, `/hubs/1st/negotiate`, { token, headers }],
      [404, `/nothing/negotiate`, { token, headers }],
      [405, `/hubs/${HUB}/negotiate`, { token, headers, method: "GET" }],
    ];
    for (const [status, path, how] of answers) {
      const answer = await negotiate(path, how);
      assert.equal(answer.status, status, path);
      expectHeaders(answer.headers);
    }
  });
});
