// Starts the local stack by the helper that apps use for their own tests.
// With HUBCAST_DEPLOYED the stories run against a deployment that is there already; see ../stack.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startHubcast } from "../../infra/testing/node/index.js";

const BINARY =
  process.env.HUBCAST_LOCAL ?? fileURLToPath(new URL("../../target/debug/hubcast-local", import.meta.url));

/** Where the programs of the workspace are, the stack's beside the others. */
export const PROGRAMS = dirname(BINARY);

/** What a deployment for stories is configured as, beside the defaults. */
const DEPLOYED_FLAGS = [
  "--client-joinable-groups *",
  "--close-on-token-expiry",
  "--set INVOKE_TIMEOUT_SECONDS=2",
  "--stateful-reconnect on",
];

/** A running stack of its own, on a free port. `flags` are its command line. */
export async function startStack(...flags) {
  if (process.env.HUBCAST_DEPLOYED) return deployedStack(flags);
  return withTable(await startHubcast({ program: BINARY, flags, url: "" }));
}

/** A stack that may have so many files open, sockets included. */
export async function startStackWithFiles(openFiles) {
  const folder = await mkdtemp(join(tmpdir(), "hubcast-"));
  const program = join(folder, "limited");
  await writeFile(program, `#!/bin/sh\nulimit -n ${openFiles}\nexec '${BINARY}' "$@"\n`, { mode: 0o755 });
  const stack = withTable(await startHubcast({ program, url: "" }));
  await rm(folder, { recursive: true });
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
  const stack = withTable(await startHubcast({ url: process.env.HUBCAST_DEPLOYED }));
  await stack.reset();
  return stack;
}

/** Stories look into the table, and send to the one queue of backends that is no FIFO queue. */
function withTable(stack) {
  const ingressUrl = `${stack.url}/000000000000/hubcast-ingress`;
  return Object.assign(stack, { table: process.env.HUBCAST_TABLE ?? "hubcast", ingressUrl });
}
