// What `make stack` runs: deploys, has the stories told, compares permissions with what was used, stops.
// Arguments are names of stories, when not all are wanted.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Deployment, FOLDER } from "./deployment.js";

const tests = fileURLToPath(new URL("..", import.meta.url));
/** The stories of the local stack that need nothing but what this deployment has. */
const STORIES = [
  "user-message",
  "role-or-permission-changed",
  "log-out",
  "licence-or-flag-changed",
  "general-toast",
  "groups-set-by-backends",
  "groups-of-a-token",
  "gone",
  "refresh",
  "refresh-by-backend",
  "bad-envelopes",
  "stateful-reconnect",
  "stateful-cuts",
];
const CONFORMANCE = ["rest", "rest-operations"];
/** What only a deployment shows. */
const OWN = ["deployed", "fates", "ingress", "webhook", "probe", "proof", "canary", "stateful", "access-keys", "console"];
/** After it the rows are in another table than other stories look at. */
const LAST = "stack/restore.test.js";
/** As few as stories need; README.md says what for. */
const PARAMETERS = {
  Architecture: "x86_64",
  Hubs: "*",
  AllowedOrigins: "http://localhost:4200",
  ClientJoinableGroups: "*",
  CloseOnTokenExpiry: "true",
  MaxConnectionsPerUser: "12",
  FanoutDirectMax: "45",
  InvokeTimeoutSeconds: "2",
  UpstreamClaims: "role",
  UpstreamTimeoutSeconds: "5",
  ProducerPrincipals: "000000000000",
  CanaryMinutes: "30",
  IngressQueue: "true",
  MessageFates: "true",
  StatefulReconnect: "on",
  StatefulWindowSeconds: "10",
  IngressSources: "arn:aws:sns:*:*:allowed-*,arn:aws:events:*:*:rule/*",
};

/** One file after the other: they share the deployment. */
async function tell(files, env) {
  // A client that a story leaves behind ends with its stack, which goes on here.
  const how = ["--test", "--test-force-exit", "--test-concurrency=1", "--test-reporter=spec"];
  const options = { cwd: tests, env: { ...process.env, ...env }, stdio: "inherit" };
  const [code] = await once(spawn(process.execPath, [...how, ...files], options), "exit");
  return code;
}

/** What was found out about the deployment while stories were told, for permissions.test.js. */
async function record(deployment) {
  const { denied } = deployment.recorder;
  const plain = (sets) => Object.fromEntries([...sets].map(([name, seen]) => [name, [...seen].sort()]));
  const [used, rows] = [plain(deployment.recorder.actions), plain(deployment.recorder.rows)];
  const recorded = `${FOLDER}/recorded.json`;
  const errors = await deployment.errors();
  await writeFile(recorded, JSON.stringify({ template: deployment.template, used, rows, denied, errors }));
  return recorded;
}

// Also then MiniStack has to end.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const only = process.argv.slice(2);
const deployment = await Deployment.start(PARAMETERS);
try {
  const { front, table, webSocketUrl } = deployment;
  const env = { HUBCAST_DEPLOYED: front.url, HUBCAST_TABLE: table, HUBCAST_SOCKETS: webSocketUrl, HUBCAST_SERVICES: deployment.ministack.url };
  const folders = { stories: STORIES, conformance: CONFORMANCE, stack: OWN };
  const all = Object.entries(folders).flatMap(([folder, names]) => names.map((name) => `${folder}/${name}.test.js`));
  const files = only.length > 0 ? only : all;
  process.exitCode = await tell(files, env);
  if (only.length === 0) {
    process.exitCode = (await tell([LAST], env)) || process.exitCode;
    const recorded = await record(deployment);
    process.exitCode = (await tell(["stack/permissions.test.js"], { HUBCAST_RECORDED: recorded })) || process.exitCode;
  }
} finally {
  await deployment.stop();
}
