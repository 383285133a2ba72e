// What `make stack` runs: deploys, has the stories told, compares permissions with what was used, stops.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Deployment } from "./deployment.js";

const tests = fileURLToPath(new URL("..", import.meta.url));
/** The stories that need nothing but what a deployment has. Others start a stack with flags of its own. */
const STORIES = [
  "user-message",
  "role-or-permission-changed",
  "log-out",
  "licence-or-flag-changed",
  "general-toast",
  "groups-set-by-backends",
  "groups-of-a-token",
  "groups-after-a-reconnect",
  "gone",
  "bad-envelopes",
  "client-calls",
  "connection-id",
  "handshake-race",
];
const PARAMETERS = { Architecture: "x86_64", ClientJoinableGroups: "*", AllowedOrigins: "http://localhost:4200" };

async function tell(files, env) {
  const args = ["--test", "--test-concurrency=1", ...files];
  const child = spawn(process.execPath, args, { cwd: tests, env: { ...process.env, ...env }, stdio: "inherit" });
  const [code] = await once(child, "exit");
  return code;
}

const only = process.argv.slice(2);
const deployment = await Deployment.start(PARAMETERS);
try {
  const env = { HUBCAST_DEPLOYED: deployment.front.url, HUBCAST_TABLE: deployment.table };
  const stories = (only.length > 0 ? only : STORIES).map((name) => `stories/${name}.test.js`);
  process.exitCode = await tell(stories, env);
  if (only.length > 0) process.exitCode || console.log(deployment.recorder.actions);
  await writeFile("/tmp/h/dvenv/ms.log", deployment.ministack.logs);
} finally {
  await deployment.stop();
}
