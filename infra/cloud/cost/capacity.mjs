// How many sockets fit the quotas of an account: docs/CAPACITY.md, which `make capacity` writes.
//
//   node infra/cloud/cost/capacity.mjs                                        the page
//   node infra/cloud/cost/capacity.mjs --quota 10000 --keep-alive 15 --posts 5000
//
// The figures rest on API Gateway's and Lambda's pages of quotas:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { INVOCATION } from "./cost.mjs";

/** API Gateway's default quota of requests a second, for all APIs of an account and Region, and where it is lower. */
export const QUOTAS = { usual: 10_000, newer: 2_500 };
const NEWER = "Cape Town, Milan, Jakarta, UAE, Hyderabad, Melbourne, Spain, Zurich, Tel Aviv, Calgary, Malaysia, Thailand and Mexico";
/** New WebSocket connections a second, for an account and Region. */
export const CONNECTS = 500;
/** Lambda lets each unit of concurrency answer so many requests a second, however short they are. */
export const REQUESTS_OF_UNIT = 10;
/** What a new socket asks of the APIs: negotiation twice, $connect, and the handshake. */
const REQUESTS_OF_CONNECT = 4;
/** A socket comes back after 100 to 114 minutes. */
const SOCKET_SECONDS = 107 * 60;

/** The most sockets that stay open beside `posts` a second, and what they need. */
export function capacity({ quota, keepAlive, posts = 0 }) {
  const pings = Math.max(0, quota - posts);
  const sockets = pings * keepAlive;
  return {
    sockets,
    pings,
    renewals: (sockets / SOCKET_SECONDS) * REQUESTS_OF_CONNECT,
    concurrency: concurrency(pings),
    minutesToReturn: sockets / CONNECTS / 60,
  };
}

/** The concurrency that `message` needs for so many frames a second: their time, and Lambda's ten a second. */
export function concurrency(frames) {
  return Math.ceil(Math.max(frames * INVOCATION.seconds, frames / REQUESTS_OF_UNIT));
}

/** Quota of requests a second, seconds between pings, posts a second. */
const CASES = [
  [QUOTAS.usual, 15, 0],
  [QUOTAS.usual, 15, 5000],
  [QUOTAS.usual, 240, 5000],
  [QUOTAS.newer, 15, 0],
  [QUOTAS.newer, 15, 1250],
  [QUOTAS.newer, 240, 1250],
];
const SOCKETS = [1000, 10_000, 100_000];

const whole = (number) => Math.round(number).toLocaleString("en-US");
/** Small figures with one digit behind the point. */
const cell = (number) => (number < 10 ? String(Number(number.toFixed(1))) : whole(number));
const table = (head, lines) =>
  [`| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...lines.map((cells) => `| ${cells.join(" | ")} |`)].join("\n");

/** Sockets by quota, keep-alive and posts. */
export function socketTable() {
  const line = ([quota, keepAlive, posts]) => {
    const found = capacity({ quota, keepAlive, posts });
    const { sockets, pings, renewals, minutesToReturn } = found;
    return [cell(quota), cell(posts), cell(keepAlive), `**${cell(sockets)}**`, ...[pings, found.concurrency, renewals, minutesToReturn].map(cell)];
  };
  const head = ["quota, requests a second", "posts a second", "keep-alive, s", "**sockets at most**", "pings a second", "concurrency of `message`", "requests a second for renewals", "minutes until all are back"];
  return table(head, CASES.map(line));
}

/** What so many sockets need. */
export function needTable() {
  const line = ([sockets, keepAlive]) => {
    const pings = sockets / keepAlive;
    return [sockets, keepAlive, pings, concurrency(pings), sockets / CONNECTS / 60].map(cell);
  };
  const cases = SOCKETS.flatMap((sockets) => [[sockets, 15], [sockets, 240]]);
  return table(["sockets", "keep-alive, s", "pings a second", "concurrency of `message`", "minutes until all are back"], cases.map(line));
}

/** The page: its text with the tables filled in. */
export function page() {
  const text = readFileSync(new URL("./capacity.md", import.meta.url), "utf8");
  const filled = {
    sockets: socketTable(),
    needs: needTable(),
    usual: whole(QUOTAS.usual),
    newer: whole(QUOTAS.newer),
    regions: NEWER,
    connects: whole(CONNECTS),
    ofUnit: whole(REQUESTS_OF_UNIT),
    milliseconds: whole(1000 * INVOCATION.seconds),
    plain: whole(capacity({ quota: QUOTAS.usual, keepAlive: 15 }).sockets),
    beside: whole(capacity({ quota: QUOTAS.usual, keepAlive: 15, posts: 5000 }).sockets),
    small: whole(capacity({ quota: QUOTAS.newer, keepAlive: 15 }).sockets),
  };
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name) => filled[name]);
}

function main() {
  const { values } = parseArgs({ options: { quota: { type: "string" }, "keep-alive": { type: "string", default: "15" }, posts: { type: "string", default: "0" } } });
  if (values.quota === undefined) return process.stdout.write(page());
  const found = capacity({ quota: Number(values.quota), keepAlive: Number(values["keep-alive"]), posts: Number(values.posts) });
  for (const [name, value] of Object.entries(found)) console.log(`${name.padEnd(16)} ${whole(value)}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
