// Backends with a certificate that nobody knows, as the development server of ASP.NET Core has one.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { certificate } from "../harness/certificate.js";
import { signedIn } from "../harness/client.js";
import { runToEnd, startStack } from "../harness/stack.js";
import { WebhookServer } from "../harness/webhook.js";

describe("a backend whose certificate nobody knows", () => {
  let folder, backend, root;
  before(async () => {
    const own = certificate();
    backend = await new WebhookServer(() => ({ body: '{"type":3,"invocationId":"any","result":3}\x1e' }), own).start();
    folder = await mkdtemp(join(tmpdir(), "hubcast-root-"));
    root = join(folder, "dev.pem");
    await writeFile(root, own.cert);
  });
  after(async () => {
    await backend.stop();
    await rm(folder, { recursive: true });
  });

  it("is called when --root-certificate names the certificate", async () => {
    const stack = await startStack("--upstream-url", `${backend.url}/hooks`, "--root-certificate", root);
    const tab = await signedIn(stack, "ann");
    assert.equal(await tab.invoke("Add", 1, 2), 3);
    const [connected, called] = await backend.hears(tab.id, 2);
    assert.deepEqual([connected.event, called.event], ["connected", "Add"]);
    await tab.stop();
    await stack.stop();
  });

  it("is not called without it: the call ends at once, and the log says what to do", async () => {
    const stack = await startStack("--upstream-url", `${backend.url}/hooks`);
    const tab = await signedIn(stack, "ben");
    await assert.rejects(tab.invoke("Add", 1, 2), { message: "Invocation failed, the server cannot be reached" });
    assert.deepEqual(backend.of(tab.id), []);
    assert.match(stack.logs, /its certificate is not trusted.*--root-certificate/);
    await tab.stop();
    await stack.stop();
  });

  it("is told at the start when the file is no certificate, or is not there", async () => {
    const broken = join(folder, "broken.pem");
    await writeFile(broken, "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    for (const file of [broken, join(folder, "none.pem")]) {
      const { code, stderr } = await runToEnd("--port", "0", "--upstream-url", backend.url, "--root-certificate", file);
      assert.notEqual(code, 0, file);
      assert.ok(stderr.includes(file), stderr);
    }
  });
});
