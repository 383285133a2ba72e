// MiniStack as a process of its own, and calls to it that no SDK of the tests makes.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { poll } from "../harness/poll.js";

const root = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** What a crowd of sockets left warm slows every later story down: each environment has threads that wake up often. */
const WARM_SECONDS = 20;
/** So long MiniStack may take to end. */
const END_MS = 20_000;

export const REGION = "us-east-1";
/** Whom MiniStack takes for the owner of the account; the harness signs as the same. */
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local", AWS_DEFAULT_REGION: REGION };

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

export class MiniStack {
  #child;

  /** Starts it with IAM in force: whoever has no permission is refused. `folder` is for its files. */
  static async start(folder) {
    const stack = new MiniStack();
    stack.port = await freePort();
    stack.url = `http://127.0.0.1:${stack.port}`;
    const { PATH, HOME } = process.env;
    const services = { IOT_MTLS_ENABLED: "0", SFTP_ENABLED: "0", AUTH: "true", LAMBDA_WARM_TTL_SECONDS: WARM_SECONDS };
    const own = { BIND_HOST: "127.0.0.1", GATEWAY_PORT: stack.port, ...services };
    const env = { PATH, HOME, TMPDIR: folder, ...CREDENTIALS, ...own };
    stack.logs = "";
    stack.#child = spawn(root(".venv/ministack/bin/ministack"), { env, stdio: ["ignore", "pipe", "pipe"] });
    process.once("exit", () => stack.#child.kill());
    for (const stream of [stack.#child.stdout, stack.#child.stderr]) stream.on("data", (chunk) => (stack.logs += chunk));
    await stack.#healthy();
    return stack;
  }

  async #healthy() {
    const ask = () => fetch(`${this.url}/_ministack/health`).catch(() => undefined);
    const isOver = (answer) => answer?.ok || this.#child.exitCode !== null;
    const answer = await poll(ask, isOver, () => `MiniStack did not start: ${this.logs}`);
    if (!answer?.ok) throw new Error(`MiniStack ended: ${this.logs}`);
  }

  /** One that somebody else started. */
  static at(url) {
    return Object.assign(new MiniStack(), { url });
  }

  /** Calls a service that speaks JSON. The owner's signature is not looked at. */
  async call(service, target, body) {
    const [version] = target.split(".");
    const answer = await fetch(this.url, {
      method: "POST",
      headers: {
        "Content-Type": `application/x-amz-json-${version.startsWith("DynamoDB") ? "1.0" : "1.1"}`,
        "X-Amz-Target": target,
        ...authorization(service),
      },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${target}: ${answer.status} ${await answer.text()}`);
    return answer.json().catch(() => ({}));
  }

  /** Calls a service that takes a form and answers XML. */
  async ask(service, form) {
    const answer = await fetch(this.url, { method: "POST", headers: authorization(service), body: new URLSearchParams(form) });
    if (!answer.ok) throw new Error(`${form.Action}: ${answer.status} ${await answer.text()}`);
    return answer.text();
  }

  /** Calls a service that has a path for each thing. */
  async put(service, path, body) {
    const headers = { "Content-Type": "application/json", ...authorization(service) };
    const answer = await fetch(`${this.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  }

  async makeBucket(name) {
    const answer = await fetch(`${this.url}/${name}`, { method: "PUT", headers: authorization("s3") });
    if (!answer.ok) throw new Error(`the bucket was refused: ${answer.status} ${await answer.text()}`);
  }

  async stop() {
    this.#child.kill("SIGTERM");
    // A process that does not end would hold whoever waits for it.
    const last = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, "exit");
    clearTimeout(last);
  }
}

export function authorization(service) {
  const scope = `${CREDENTIALS.AWS_ACCESS_KEY_ID}/20261124/${REGION}/${service}/aws4_request`;
  return { Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` };
}
