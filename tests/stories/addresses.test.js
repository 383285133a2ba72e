// Under which names clients reach the local stack, from where, and how they may spell what they ask for.

import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, describe, it } from "node:test";
import { clientToken } from "../harness/jwt.js";
import { readyAt, tryOpen } from "../harness/raw.js";
import { Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

/** A request to the stack under any host, which `fetch` would not send. */
function ask(stack, path, { method = "POST", headers = {} } = {}) {
  const { hostname, port } = new URL(stack.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, text, headers: answer.headers }));
    });
    sent.on("error", reject).end();
  });
}

/** Goes the whole way of a client that knows the stack as `host`, down to the handshake's answer. */
async function shakesHands(stack, { host, origin }) {
  const own = { ...(host && { host }), ...(origin && { origin }) };
  const negotiate = async (path, token) => {
    const answer = await ask(stack, path, { headers: { ...own, authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    return JSON.parse(answer.text);
  };
  const { url, accessToken } = await negotiate("/hubs/notifications/negotiate?negotiateVersion=1", await stack.token("alice"));
  const { pathname, search } = new URL(url);
  const { connectionToken } = await negotiate(`${pathname}negotiate${search}&negotiateVersion=1`, accessToken);
  const query = new URLSearchParams({ hub: "notifications", id: connectionToken, access_token: accessToken });
  const socket = await readyAt(`${stack.url}/client/?${query}`, { headers: own });
  await socket.close();
  return url;
}

describe("the local stack", () => {
  let stack;
  before(async () => {
    stack = await startStack();
  });
  after(() => stack.stop());

  for (const host of ["hubcast:8080", "host.docker.internal:8080", "192.168.1.5:8080", "[fd00::1]:8080", "push.localhost", "push.test:9"]) {
    it(`is reached as ${host}, through the redirect`, async () => {
      assert.equal(await shakesHands(stack, { host }), `http://${host}/client/?hub=notifications`);
    });

    it(`takes a program whose origin is ${host}, and no page of another origin`, async () => {
      await shakesHands(stack, { host, origin: `http://${host}` });
      const foreign = { host, origin: "http://hubcast:3000", authorization: `Bearer ${await stack.token("alice")}` };
      const answer = await ask(stack, "/hubs/notifications/negotiate", { headers: foreign });
      assert.equal(answer.status, 403);
    });
  }

  it("has no name that a website can have, whatever origin its page shows", async () => {
    for (const host of ["evil.example", "localhost.evil.example:8080", "127.0.0.1.evil.example", "hubcast.:8080"]) {
      for (const path of ["/hubs/notifications/negotiate", "/HUBS/notifications/negotiate", "//api/hubs/x/:send", "/dev/token", "/server/"]) {
        const answer = await ask(stack, path, { headers: { host, origin: `http://${host}` } });
        assert.equal(answer.status, 403, `${host} ${path}`);
      }
    }
  });

  it("leaves no spelling of a path open to pages of other origins", async () => {
    for (const path of ["/", "/dev/token", "/DEV/token", "//dev/token", "/Dev/reset", "/local/@connections/x", "/apix", "/hubs"]) {
      const answer = await ask(stack, path, { headers: { origin: "https://evil.example" } });
      assert.equal(answer.status, 403, path);
    }
  });

  for (const origin of ["http://app.localhost:3000", "http://LOCALHOST:3000", "http://tauri.localhost", "capacitor://localhost"]) {
    it(`takes pages of ${origin}`, async () => {
      await shakesHands(stack, { origin });
    });
  }

  for (const origin of ["null", "file://", "http://localhost.evil.example", "https://evil.example"]) {
    it(`takes no pages of ${origin}`, async () => {
      const token = await stack.token("alice");
      const answer = await ask(stack, "/hubs/notifications/negotiate", { headers: { origin, authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 403);
      const query = new URLSearchParams({ hub: "notifications", access_token: token });
      const { status } = await tryOpen(`${stack.url}/client/?${query}`, { headers: { origin } });
      assert.equal(status, 403);
    });
  }

  for (const path of ["/Hubs/notifications", "/HUBS/Notifications/", "//hubs/notifications", "/Client/?Hub=notifications"]) {
    it(`knows ${path} without case`, async () => {
      const query = `${path.includes("?") ? "&" : "?"}Access_Token=${await stack.token("alice")}`;
      const socket = await readyAt(`${stack.url}${path}${query}`);
      await socket.close();
    });
  }

  for (const path of ["//api/v1/hubs/notifications", "/API/v1/HUBS/notifications"]) {
    it(`takes calls of the REST API at ${path}`, async () => {
      const answer = await new Rest(stack).callPath("POST", path, { version: null, body: Rest.message("notify") });
      assert.equal(answer.status, 202, answer.text);
    });
  }

  it("negotiates under names of any case", async () => {
    const token = clientToken(stack, "notifications", { nameid: "alice" });
    const answer = await ask(stack, "/Client/Negotiate?Hub=notifications&NegotiateVersion=1", { headers: { authorization: `Bearer ${token}` } });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(JSON.parse(answer.text).negotiateVersion, 1);
  });

  it("names the right URL to a client whose URL lacks /hubs, and its page can read it", async () => {
    const origin = "http://localhost:4200";
    const { host } = new URL(stack.url);
    const answer = await ask(stack, "/Notifications/negotiate?negotiateVersion=1", { headers: { origin } });
    assert.equal(answer.status, 404);
    assert.match(answer.text, new RegExp(`http://${host}/hubs/notifications\\.$`));
    assert.equal(answer.headers["access-control-allow-origin"], origin);
    const { status, body } = await tryOpen(`${stack.url}/notifications?access_token=x`);
    assert.equal(status, 404);
    assert.match(body, new RegExp(`http://${host}/hubs/notifications\\.$`));
  });

  it("answers a server of Azure's default mode by 501 with a text, and counts the try", async () => {
    const before = (await (await fetch(`${stack.url}/dev/counts`)).json()).serverTries;
    const token = clientToken(stack, "chat", { aud: `${stack.url}/server/?hub=chat` });
    const { status, body } = await tryOpen(`${stack.url}/server/?hub=chat&cid=1`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(status, 501);
    assert.match(body, /ServiceTransportType\.Transient/);
    const { serverTries } = await (await fetch(`${stack.url}/dev/counts`)).json();
    assert.equal(serverTries, before + 1);
  });

  it("lets pages send the headers of tracing", async () => {
    const names = ["traceparent", "tracestate", "baggage", "request-id", "sentry-trace"];
    const headers = { origin: "http://localhost:4200", "access-control-request-method": "POST", "access-control-request-headers": names.join(",") };
    const answer = await ask(stack, "/hubs/notifications/negotiate", { method: "OPTIONS", headers });
    const allowed = answer.headers["access-control-allow-headers"].split(", ");
    assert.deepEqual(names.filter((name) => !allowed.includes(name)), []);
  });
});

describe("a local stack with a PUBLIC_URL", () => {
  it("sends clients there, and takes their tokens and those for this machine", async () => {
    const stack = await startStack("--set", "PUBLIC_URL=https://tunnel.example.com");
    try {
      const url = await shakesHands(stack, { origin: "https://tunnel.example.com" });
      assert.equal(url, "https://tunnel.example.com/client/?hub=notifications");
      const token = clientToken(stack, "notifications", { nameid: "alice" });
      const answer = await ask(stack, "/client/negotiate?hub=notifications", { headers: { authorization: `Bearer ${token}` } });
      assert.equal(answer.status, 200, answer.text);
      const around = await ask(stack, "/dev/token", { headers: { host: "tunnel.example.com" } });
      assert.equal(around.status, 403, "the guard stays as it is");
    } finally {
      await stack.stop();
    }
  });

  it("with app origins takes those too", async () => {
    const stack = await startStack("--set", "ALLOWED_ORIGINS=localhost,app://-,null");
    try {
      for (const origin of ["app://-", "null", "http://localhost:4200"]) await shakesHands(stack, { origin });
    } finally {
      await stack.stop();
    }
  });
});
