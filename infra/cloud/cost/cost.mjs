// What a deployment costs a month, and what Azure SignalR Service would.
//
//   node infra/cloud/cost/cost.mjs                               the table of docs/OPERATIONS.md
//   node infra/cloud/cost/cost.mjs --connections 5000 --hours 176 --keep-alive 240 --notifications 400
//
// Data transfer, metrics, access logs, CloudFront and free tiers are left out.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** US dollars in us-east-1, and where the figure is from. */
export const PRICES = {
  message: 1.0 / 1e6, // API Gateway WebSocket, each way, up to 32 KB
  connectionMinute: 0.25 / 1e6, // API Gateway WebSocket
  httpRequest: 1.0 / 1e6, // API Gateway HTTP API
  invocation: 0.2 / 1e6, // Lambda
  gigabyteSecond: 0.0000133334, // Lambda, arm64
  write: 0.625 / 1e6, // DynamoDB on demand, 1 KB
  read: 0.125 / 1e6, // DynamoDB on demand, 4 KB strongly consistent
  queueRequest: 0.5 / 1e6, // SQS FIFO
  logByte: 0.5 / 1e9, // CloudWatch Logs, ingestion
};

/** Azure SignalR Service, Standard: a secondary source (plavos.com), since Azure's own page could not be read. */
export const AZURE = { unitMonth: 49.1, connectionsOfUnit: 1000, messagesOfUnitDay: 1e6, millionMessages: 1.0 };

/** hubcast asks a socket to come back after 1 h 40 m to 1 h 54 m. */
const SOCKET_HOURS = 107 / 60;
const DAYS = 30;

/** What one connect and its disconnect take, by the walkthroughs of docs/ARCHITECTURE.md, rounded up. */
const CONNECT = { httpRequests: 2, invocations: 6, messages: 2, writes: 18, reads: 8 };
export const INVOCATION = { gigabytes: 0.25, seconds: 0.005 };
export const PUBLISHING = { gigabytes: 0.5, seconds: 0.02 };
/** One later ping in sixteen looks its socket up, eventually consistent. */
const READS_OF_PING = 0.5 / 16;

/** The publisher's line of metrics for each invocation. */
const METRICS_LINE_BYTES = 1200;
/** What Lambda would log of each invocation as plain text; with JSON and the level WARN nothing of what went well. */
const REQUEST = "RequestId: 8f2a1c3e-0f4b-4c8e-9a3d-2b1c0d9e8f7a";
const LINES_OF_LAMBDA = [
  `START ${REQUEST} Version: 12\n`,
  `END ${REQUEST}\n`,
  `REPORT ${REQUEST}\tDuration: 1.23 ms\tBilled Duration: 2 ms\tMemory Size: 256 MB\tMax Memory Used: 25 MB\t\n`,
];
export const BYTES_OF_LAMBDA = LINES_OF_LAMBDA.join("").length;

const price = (invocations, { gigabytes, seconds }) =>
  invocations * (PRICES.invocation + gigabytes * seconds * PRICES.gigabyteSecond);

/** How often a month sockets ping, open, and get a message, and how many messages are enqueued for that. */
function counts({ connections, hours, keepAlive, notifications, audience = 1 }) {
  const deliveries = connections * notifications;
  return {
    pings: (connections * hours * 3600) / keepAlive,
    connects: connections * Math.ceil(hours / SOCKET_HOURS),
    deliveries,
    enqueued: deliveries / audience,
  };
}

/** Dollars a month that START, END and REPORT lines would cost, if functions logged text as is usual. */
export function linesOfLambda(one) {
  const { pings, connects, enqueued } = counts(one);
  return (pings + connects * CONNECT.invocations + enqueued) * BYTES_OF_LAMBDA * PRICES.logByte;
}

/**
 * Dollars a month, by what they pay for. `connections` are open at once for `hours` a month, ping every
 * `keepAlive` seconds, and get `notifications` each, of which one enqueued message reaches `audience`.
 */
export function cost(one) {
  const { connections, hours } = one;
  const { pings, connects, deliveries, enqueued } = counts(one);
  return {
    minutes: connections * hours * 60 * PRICES.connectionMinute,
    pings: pings * (2 * PRICES.message + READS_OF_PING * PRICES.read) + price(pings, INVOCATION),
    connects:
      connects *
        (CONNECT.httpRequests * PRICES.httpRequest +
          CONNECT.messages * PRICES.message +
          CONNECT.writes * PRICES.write +
          CONNECT.reads * PRICES.read) +
      price(connects * CONNECT.invocations, INVOCATION),
    notifications:
      deliveries * PRICES.message + enqueued * (3 * PRICES.queueRequest + PRICES.read) + price(enqueued, PUBLISHING),
    logs: enqueued * METRICS_LINE_BYTES * PRICES.logByte,
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

const CASES = [
  ["office hours", 176],
  ["always on", 720],
].flatMap(([online, hours]) =>
  [1000, 10_000, 100_000].flatMap((connections) =>
    [15, 240].map((keepAlive) => ({ online, hours, connections, keepAlive, notifications: 400 })),
  ),
);

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

function main() {
  const names = { connections: {}, hours: {}, "keep-alive": {}, notifications: {}, audience: { default: "1" } };
  const options = Object.fromEntries(Object.entries(names).map(([name, more]) => [name, { type: "string", ...more }]));
  const { values } = parseArgs({ options });
  if (values.connections === undefined) return console.log(table());
  const { connections, hours = 720, notifications = 0, audience, "keep-alive": keepAlive = 15 } = values;
  const one = { connections, hours, notifications, audience, keepAlive };
  const numbers = Object.fromEntries(Object.entries(one).map(([name, value]) => [name, Number(value)]));
  const parts = cost(numbers);
  for (const [part, amount] of Object.entries(parts)) console.log(`${part.padEnd(14)} ${dollars(amount)}`);
  console.log(`${"spared logs".padEnd(14)} ${dollars(linesOfLambda(numbers))}`);
  console.log(`${"hubcast".padEnd(14)} ${dollars(total(parts))}\n${"Azure".padEnd(14)} ${dollars(azure(numbers))}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
