// The REST API as Azure's reference lists it, called as the management SDK calls it.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, it } from "node:test";
import { signedIn } from "../harness/client.js";
import { audiences, Rest } from "../harness/rest.js";
import { startStack } from "../harness/stack.js";

describe("a backend that uses the management SDK", () => {
  let stack;
  before(async () => (stack = await startStack()));
  after(() => stack.stop());

  for (const [age, audience] of Object.entries(audiences)) {
    it(`reaches everyone, a user, a group and a connection (${age} audience)`, async () => {
      const rest = new Rest(stack, { audience });
      const tab = await signedIn(stack, `alice-${age}`, { groups: [`g-${age}`] });
      const paths = ["/:send", `/users/alice-${age}/:send`, `/groups/g-${age}/:send`, `/connections/${tab.id}/:send`];
      for (const [at, path] of paths.entries()) {
        const { status, json } = await rest.call("POST", path, { body: Rest.message("notify", at, { Name: path }) });
        assert.deepEqual([status, json.isSuccess], [202, true], path);
      }
      const heard = await tab.receives("notify", paths.length);
      assert.deepEqual(heard.sort(), paths.map((path, at) => [at, { Name: path }]));
      await tab.stop();
    });
  }

  it("asks whether the service is healthy, without a token", async () => {
    const rest = new Rest(stack);
    for (const method of ["HEAD", "GET"]) {
      const { status } = await rest.callPath(method, "/api/health", { headers: { authorization: "" } });
      assert.equal(status, 200, method);
    }
  });

  it("finds the published description of all operations, without a token", async () => {
    const { status, json } = await new Rest(stack).callPath("GET", "/api/openapi.json", { headers: { authorization: "" } });
    const published = await readFile(new URL("../../docs/openapi.json", import.meta.url), "utf8");
    assert.deepEqual([status, json], [200, JSON.parse(published)]);
  });

  it("is refused with another key, for another URL and after the end", async () => {
    const now = Math.floor(Date.now() / 1000);
    const others = [
      { key: "x".repeat(44) },
      { audience: (url) => `${url.protocol}//${url.host}/api/hubs/other/:send` },
      { audience: () => "http://elsewhere.example/api/hubs/notifications/:send" },
      { audience: (url, path) => `${url.protocol}//${url.host}${path}?api-version=2022-06-01` },
      { claims: { exp: now - 120 } },
      { claims: { exp: undefined } },
      { claims: { nbf: now + 600 } },
    ];
    for (const [at, other] of others.entries()) {
      const answer = await new Rest(stack, other).call("POST", "/:send", { body: Rest.message("notify") });
      assert.equal(answer.status, 401, `${at}: ${answer.text}`);
      assert.equal(answer.headers["x-ms-error-code"], "Error.Request.Unauthorized");
    }
  });
});
