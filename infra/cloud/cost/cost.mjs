// What a deployment costs a month, and what Azure SignalR Service would.
//
//   node infra/cloud/cost/cost.mjs                               the table of docs/OPERATIONS.md
//   node infra/cloud/cost/cost.mjs --connections 5000 --hours 176 --keep-alive 240 --notifications 400
//
// `--traced 0.05` adds X-Ray for one request in twenty, and `--ingress 1` sends all messages by the ingress queue. `--lines 1` has all clients use stateful reconnect. Data transfer, CloudFront and free tiers are left out.
// Prices and their sources stand in prices.mjs, and what fits an account in capacity.mjs.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { AZURE, PRICES, priceTable } from "./prices.mjs";

/** hubcast asks a socket to come back after 1 h 40 m to 1 h 54 m. */
const SOCKET_HOURS = 107 / 60;
const DAYS = 30;

/** What one connect and its disconnect take, by the walkthroughs of docs/ARCHITECTURE.md, rounded up. */
const CONNECT = { httpRequests: 2, invocations: 6, messages: 2, writes: 18, reads: 8 };
export const INVOCATION = { gigabytes: 0.25, seconds: 0.005 };
export const PUBLISHING = { gigabytes: 0.5, seconds: 0.02 };
/** One later ping in sixteen looks its socket up, eventually consistent. */
const READS_OF_PING = 0.5 / 16;
/**
 * From 45 s to 11 min after the connect, each instance looks once whether the socket shook hands (ADR 102), strongly consistent. At the most,
 * each ping of this time meets another instance.
 */
const LOOKING_SECONDS = 11 * 60 - 45;
const READS_OF_LOOK = 1;
/** What a message of the ingress queue takes beside one of the notifications queue (ADR 125). */
const INGRESS = { writes: 3, reads: 1 };

/**
 * What a connection with stateful reconnect takes beside one without (ADR 120, 121); a test counts it. An alarm is a message of a
 * queue, for which the publisher runs. Until its connection is 21 hours old at least, a client comes back in place of a connect.
 */
const LINE = {
  message: { messages: 1, invocations: 1, writes: 3, reads: 3 },
  ping: { reads: 1 },
  connect: { writes: 3, reads: 7, alarms: 1 },
  resume: { messages: 2, invocations: 4, writes: 5, reads: 8, alarms: 3 },
  alarm: { queueRequests: 3, reads: 1 },
};
const LINE_HOURS = 21;

/** What the publisher logs of each invocation: its line of metrics, and its summary. */
export const PUBLISHER_LINES_BYTES = 1200 + 450;
/** API Gateway's line for each request to the HTTP API, which `AccessLogs` leaves on. */
export const ACCESS_LINE_BYTES = 300;
/**
 * One line of the journey of a message, or of a connection, as functions write it: a test measures it.
 * A message that goes through has one. A connection has four: negotiated, connected, ready, closed.
 */
export const JOURNEY_LINE_BYTES = 580;
const LINES_OF_CONNECTION = 4;
/** A line of the log about a connection with stateful reconnect; a cut and a return write one each. */
const LINE_BYTES = 220;
const LINES_OF_RESUME = 2;
const LOG_BYTE = PRICES.logGigabyte / 1e9;
/** What Lambda would log of each invocation as plain text; with JSON and the level WARN nothing of what went well. */
const REQUEST = "RequestId: 8f2a1c3e-0f4b-4c8e-9a3d-2b1c0d9e8f7a";
const LINES_OF_LAMBDA = [
  `START ${REQUEST} Version: 12\n`,
  `END ${REQUEST}\n`,
  `REPORT ${REQUEST}\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 256 MB\tMax Memory Used: 25 MB\t\n`,
];
export const BYTES_OF_LAMBDA = LINES_OF_LAMBDA.join("").length;

/** Dollars for so many times what is counted. Alarms are messages for which the publisher runs. */
function taken(times, { messages = 0, invocations = 0, writes = 0, reads = 0, alarms = 0 }) {
  const table = (writes * PRICES.write + reads * PRICES.read) * times;
  const alarm = LINE.alarm.queueRequests * PRICES.queueRequest + LINE.alarm.reads * PRICES.read + price(1, PUBLISHING);
  return times * messages * PRICES.message + price(times * invocations, INVOCATION) + table + times * alarms * alarm;
}

const price = (invocations, { gigabytes, seconds }) =>
  invocations * (PRICES.invocation + gigabytes * seconds * PRICES.gigabyteSecond);

/** How often a month sockets ping, open, and get a message, and how many messages are enqueued for that. */
function counts({ connections, hours, keepAlive, notifications, audience = 1 }) {
  const deliveries = connections * notifications;
  return {
    pings: (connections * hours * 3600) / keepAlive,
    connects: connections * Math.ceil(hours / SOCKET_HOURS),
    /** So many of these make a new connection, if clients with stateful reconnect come back to theirs. */
    lines: connections * Math.ceil(hours / LINE_HOURS),
    deliveries,
    enqueued: deliveries / audience,
  };
}

/** Dollars a month that START, END and REPORT lines would cost, if functions logged text as is usual. */
export function linesOfLambda(one) {
  const { pings, connects, enqueued } = counts(one);
  return (pings + connects * CONNECT.invocations + enqueued) * BYTES_OF_LAMBDA * LOG_BYTE;
}

/**
 * Dollars a month, by what they pay for. `connections` are open at once for `hours` a month, ping every
 * `keepAlive` seconds, and get `notifications` each, of which one enqueued message reaches `audience`. X-Ray, which
 * the template leaves off, records the share `traced` of all invocations. Of `sample` messages in a hundred the journey
 * is logged (`LogSamplePercent`). The share `ingress` of the messages comes by the ingress queue, whose requests cost
 * less than those of a FIFO queue and count as much here.
 */
export function cost(one) {
  const { connections, hours, keepAlive, traced = 0, sample = 100, ingress = 0 } = one;
  const { pings, connects, deliveries, enqueued } = counts(one);
  return {
    minutes: connections * hours * 60 * PRICES.connectionMinute,
    pings: pings * (2 * PRICES.message + READS_OF_PING * PRICES.read) + price(pings, INVOCATION),
    connects:
      connects *
        (CONNECT.httpRequests * PRICES.httpRequest +
          CONNECT.messages * PRICES.message +
          CONNECT.writes * PRICES.write +
          (CONNECT.reads + (LOOKING_SECONDS / keepAlive) * READS_OF_LOOK) * PRICES.read) +
      price(connects * CONNECT.invocations, INVOCATION),
    notifications:
      deliveries * PRICES.message +
      enqueued * (3 * PRICES.queueRequest + PRICES.read) +
      enqueued * ingress * (INGRESS.writes * PRICES.write + INGRESS.reads * PRICES.read) +
      price(enqueued, PUBLISHING),
    logs:
      (enqueued * (PUBLISHER_LINES_BYTES + (JOURNEY_LINE_BYTES * sample) / 100) +
        connects * (CONNECT.httpRequests * ACCESS_LINE_BYTES + LINES_OF_CONNECTION * JOURNEY_LINE_BYTES)) *
      LOG_BYTE,
    traces: traced * (pings + connects * CONNECT.invocations + enqueued) * PRICES.trace,
  };
}

/** The same of clients with stateful reconnect, which come back in place of a connect. Cuts by networks are not counted. */
export function costOfLines(one) {
  const { pings, connects, deliveries, lines } = counts(one);
  const plain = cost(one);
  const share = lines / connects;
  return {
    ...plain,
    pings: plain.pings + taken(pings, LINE.ping),
    connects: plain.connects * share + taken(lines, LINE.connect) + taken(connects - lines, LINE.resume),
    notifications: plain.notifications + taken(deliveries, LINE.message),
    logs: plain.logs + (connects - lines) * (LINES_OF_RESUME * LINE_BYTES - CONNECT.httpRequests * ACCESS_LINE_BYTES - LINES_OF_CONNECTION * JOURNEY_LINE_BYTES) * LOG_BYTE,
  };
}

export const total = (parts) => Object.values(parts).reduce((sum, part) => sum + part, 0);

/** Dollars a month in Azure: units for the most connections at once; pings are free. */
export function azure({ connections, notifications }) {
  const needed = Math.ceil(connections / AZURE.connectionsOfUnit);
  // There are 1 to 10 units, then tens.
  const units = needed <= 10 ? needed : Math.ceil(needed / 10) * 10;
  const beyond = connections * notifications - units * AZURE.messagesOfUnitDay * DAYS;
  return units * AZURE.unitMonth + (Math.max(0, beyond) / 1e6) * AZURE.millionMessages;
}

/** The functions that use the table or a queue, and the services that ask KMS in the name of each. */
const KEY_USERS = { functions: 10, services: 3 };
/** DynamoDB and SQS keep a key for five minutes. */
const KEY_REQUESTS_MONTH = (DAYS * 24 * 60) / 5;
/** One flight of the canary: a connect, one message out, five requests to the APIs, ten seconds of a function at most. */
const FLIGHT = { httpRequests: 3, invocations: 9, messages: 5, writes: 20, reads: 10, queueRequests: 3 };

/** What infra/cloud/observability.yaml has of what CloudWatch bills by the month. */
export const COUNTED = { metrics: 28, alarmMetrics: 49, composites: 1, dashboards: 1 };
/** The metrics of stateful reconnect, each reason counted as one, where any client uses it. */
export const METRICS_OF_LINES = 17;

/**
 * Dollars a month, whether anybody is connected or not. `hasKey` says whether there is a KMS key of one's own,
 * `canaryMinutes` how often the canary flies; 0 for no canary. `hasLines` says whether clients have stateful reconnect.
 */
export function fixed({ hasKey = false, canaryMinutes = 0, hasLines = false } = {}) {
  const { metrics, alarmMetrics, composites, dashboards } = COUNTED;
  const flights = canaryMinutes > 0 ? (DAYS * 24 * 60) / canaryMinutes : 0;
  const flight =
    FLIGHT.httpRequests * PRICES.httpRequest +
    FLIGHT.messages * PRICES.message +
    FLIGHT.writes * PRICES.write +
    FLIGHT.reads * PRICES.read +
    FLIGHT.queueRequests * PRICES.queueRequest +
    price(FLIGHT.invocations, INVOCATION) +
    price(1, { gigabytes: INVOCATION.gigabytes, seconds: 2 });
  const keyRequests = KEY_USERS.functions * KEY_USERS.services * KEY_REQUESTS_MONTH;
  return {
    metrics: (metrics + (hasLines ? METRICS_OF_LINES : 0)) * PRICES.metricMonth,
    alarms: alarmMetrics * PRICES.alarmMonth + composites * PRICES.compositeMonth,
    dashboard: dashboards * PRICES.dashboardMonth,
    secret: PRICES.secretMonth,
    key: hasKey ? PRICES.keyMonth + keyRequests * PRICES.keyRequest : 0,
    canary: flights * flight,
  };
}

const CASES = [
  ["office hours", 176],
  ["always on", 720],
].flatMap(([online, hours]) =>
  [1000, 10_000, 100_000].flatMap((connections) =>
    [15, 240].map((keepAlive) => ({ online, hours, connections, keepAlive, notifications: 400 })),
  ),
);

const signed = (amount) => `${amount < 0 ? "-" : "+"}${dollars(Math.abs(amount))}`;
const dollars = (amount) => (amount < 10 ? amount.toFixed(2) : Math.round(amount).toLocaleString("en-US"));

/** The worked table, in Markdown. */
export function table() {
  const lines = CASES.map((one) => {
    const parts = cost(one);
    const columns = [total(parts), parts.pings, parts.minutes, parts.connects, parts.notifications, parts.logs, linesOfLambda(one), azure(one)];
    const keepAlive = one.keepAlive === 15 ? "15 s" : "4 min";
    return `| ${one.connections.toLocaleString("en-US")} | ${one.online} | ${keepAlive} | ${columns.map(dollars).join(" | ")} |`;
  });
  const head = ["connections", "online", "keep-alive", "**hubcast**", "pings", "minutes", "connects", "notifications", "logs", "spared logs", "Azure"];
  return [`| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...lines].join("\n");
}

/** What stateful reconnect costs and saves, in Markdown. */
export function lineTable() {
  const shown = CASES.filter(({ connections }) => connections === 10_000);
  const lines = shown.map((one) => {
    const [plain, lined] = [cost(one), costOfLines(one)];
    const parts = ["pings", "connects", "notifications", "logs"].map((part) => signed(lined[part] - plain[part]));
    const keepAlive = one.keepAlive === 15 ? "15 s" : "4 min";
    return `| ${one.online} | ${keepAlive} | ${[total(plain), total(lined)].map(dollars).join(" | ")} | ${parts.join(" | ")} |`;
  });
  const head = ["online", "keep-alive", "without", "**with stateful reconnect**", "pings", "connects", "notifications", "logs"];
  return [`| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...lines].join("\n");
}

/** What is paid in any month, in Markdown. */
export function fixedTable() {
  const cases = [
    ["as the templates are", {}],
    ["with `KmsKeyArn`", { hasKey: true }],
    ["with `CanaryMinutes=5`", { canaryMinutes: 5 }],
    ["with `StatefulReconnect=on`", { hasLines: true }],
  ];
  const lines = cases.map(([what, more]) => {
    const parts = fixed(more);
    return `| ${what} | ${[total(parts), ...Object.values(parts)].map(dollars).join(" | ")} |`;
  });
  const head = ["deployment", "**dollars**", "metrics", "alarms", "dashboard", "secret", "KMS", "canary"];
  return [`| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...lines].join("\n");
}

function main() {
  const names = { connections: {}, hours: {}, "keep-alive": {}, notifications: {}, audience: { default: "1" }, traced: { default: "0" }, sample: { default: "100" }, ingress: { default: "0" }, lines: { default: "0" } };
  const options = Object.fromEntries(Object.entries(names).map(([name, more]) => [name, { type: "string", ...more }]));
  const { values } = parseArgs({ options });
  if (values.connections === undefined) return console.log([table(), lineTable(), fixedTable(), priceTable()].join("\n\n"));
  const { connections, hours = 720, notifications = 0, audience, traced, sample, ingress, lines, "keep-alive": keepAlive = 15 } = values;
  const one = { connections, hours, notifications, audience, traced, sample, ingress, keepAlive };
  const numbers = Object.fromEntries(Object.entries(one).map(([name, value]) => [name, Number(value)]));
  const parts = lines === "0" ? cost(numbers) : costOfLines(numbers);
  for (const [part, amount] of Object.entries(parts)) console.log(`${part.padEnd(14)} ${dollars(amount)}`);
  console.log(`${"spared logs".padEnd(14)} ${dollars(linesOfLambda(numbers))}`);
  console.log(`${"hubcast".padEnd(14)} ${dollars(total(parts))}\n${"Azure".padEnd(14)} ${dollars(azure(numbers))}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
