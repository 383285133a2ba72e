// Starts the local stack as another program does: by its flags, its first line and its exit code.
// With HUBCAST_DEPLOYED the stories run against a deployment that is there already; see ../stack.

import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const BINARY =
  process.env.HUBCAST_LOCAL ?? fileURLToPath(new URL("../../target/debug/hubcast-local", import.meta.url));

/** Where the programs of the workspace are, the stack's beside the others. */
export const PROGRAMS = dirname(BINARY);

/** What a deployment for stories is configured as, beside the defaults. */
const DEPLOYED_FLAGS = ["--client-joinable-groups *", "--set INVOKE_TIMEOUT_SECONDS=2"];

/** A running stack of its own, on a free port. `flags` are its command line. */
export async function startStack(...flags) {
  if (process.env.HUBCAST_DEPLOYED) return deployedStack(flags);
  const child = spawn(BINARY, ["--port", "0", ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const stack = new Stack(child);
  await stack.ready;
  return stack;
}

/** Runs a stack that is expected to end by itself; answers its exit code and what it said. */
export function runToEnd(...flags) {
  const child = spawn(BINARY, flags, { stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk) => (stderr += chunk));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, stderr })));
}

/** The deployment, emptied; it serves every story as it is. */
async function deployedStack(flags) {
  if (flags.length > 0 && !DEPLOYED_FLAGS.includes(flags.join(" "))) {
    throw new Error(`the deployment is not configured as ${flags.join(" ")}`);
  }
  const stack = new Running(process.env.HUBCAST_DEPLOYED);
  const { ok, status } = await fetch(`${stack.url}/dev/reset`, { method: "POST" });
  if (!ok) throw new Error(`the deployment could not be emptied: status ${status}`);
  return stack;
}

/** A stack that somebody else started. */
class Running {
  logs = "";
  table = process.env.HUBCAST_TABLE ?? "hubcast";

  constructor(url) {
    if (url) this.at(url);
  }

  at(url) {
    this.url = url;
    this.queueUrl = this.queue("notifications");
    this.dlqUrl = this.queue("dlq");
  }

  queue(name) {
    return `${this.url}/000000000000/hubcast-${name}.fifo`;
  }

  /** An app token of the development issuer. `more` holds groups, ttlSeconds, claims and the like. */
  async token(sub, more = {}) {
    const body = JSON.stringify({ sub, ...more });
    const answer = await fetch(`${this.url}/dev/token`, { method: "POST", body });
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()).access_token;
  }

  /** Whoever started it stops it. */
  async stop() {
    return 0;
  }
}

export class Stack extends Running {
  #child;
  #exit;

  constructor(child) {
    super();
    this.#child = child;
    this.greeting = "";
    child.stderr.on("data", (chunk) => (this.logs += chunk));
    this.#exit = new Promise((resolve) => child.once("close", (code) => resolve(code)));
    this.ready = this.#announced();
  }

  async #announced() {
    const lines = createInterface({ input: this.#child.stdout });
    lines.on("line", (line) => (this.greeting += `${line}\n`));
    const first = new Promise((resolve) => lines.once("line", resolve));
    const line = await Promise.race([first, this.#exit.then(() => "")]);
    const [, url] = /^hubcast ready on (http:\S+)$/.exec(line) ?? [];
    if (url === undefined) throw new Error(`the stack did not start: ${line} ${this.logs}`);
    this.at(url);
  }

  get pid() {
    return this.#child.pid;
  }

  /** Stops as Ctrl-C does, or by another signal; answers the exit code. */
  async stop(signal = "SIGINT") {
    this.#child.kill(signal);
    return this.#exit;
  }
}
