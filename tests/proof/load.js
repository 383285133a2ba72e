// Opens many sockets to a deployment, sends to all of them and to single users, and measures how long messages take.
//
//   HUBCAST_ACCESS_KEY=.. node proof/load.js --sockets 2500 --rounds 20 --sockets-url wss://.. --rest-url https://..
//
// One machine sends and receives, so one clock measures. `make proof` runs this against a deployment of its own, and
// a story runs this against the local stack. Prints one JSON object.

import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import WebSocket from "ws";
import { jwt } from "../harness/jwt.js";

const SEPARATOR = "\x1e";
const HANDSHAKE = `{"protocol":"json","version":1}${SEPARATOR}`;
const TARGET = "proof";
/** New sockets a second: an account lets 500 in. */
const CONNECT_RATE = 400;
/** A socket that is refused for the rate is tried again so often, after so long. */
const TRIES = 10;
const PAUSE_MS = 1000;
/** What has not arrived by then is counted as missed. */
const ROUND_MS = 60_000;
const VERSION = "2024-12-01";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The middle, the 99th of a hundred, and the longest, in milliseconds. */
export function spread(millis) {
  const sorted = [...millis].sort((a, b) => a - b);
  const at = (part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] * 10) / 10;
  return sorted.length === 0 ? undefined : { p50: at(0.5), p99: at(0.99), most: at(1) };
}

/** A client that only listens. */
class Listener {
  #hears = () => {};

  constructor(user) {
    this.user = user;
  }

  /** Connects and shakes hands; answers how long that took, and the status of a refusal otherwise. */
  connect(url) {
    const begin = performance.now();
    return new Promise((resolve) => {
      const socket = new WebSocket(url);
      this.socket = socket;
      socket.once("unexpected-response", (_, { statusCode }) => resolve({ status: statusCode }));
      socket.once("error", () => resolve({ status: 0 }));
      socket.once("open", () => socket.send(HANDSHAKE));
      socket.on("message", (data) => {
        for (const record of String(data).split(SEPARATOR).filter(Boolean)) this.#read(JSON.parse(record), () => resolve({ took: performance.now() - begin }));
      });
    });
  }

  #read(message, isReady) {
    if (message.type === undefined) isReady();
    if (message.type === 1 && message.target === TARGET) this.#hears(message.arguments[0]);
  }

  /** When the message of a round arrives; `undefined` when it does not in time. */
  arrival(round) {
    return new Promise((resolve) => {
      const last = setTimeout(() => resolve(undefined), ROUND_MS);
      this.#hears = (heard) => {
        if (heard !== round) return;
        clearTimeout(last);
        resolve(performance.now());
      };
    });
  }
}

/** The load on one deployment. */
export class Load {
  /** `socketsUrl` is where clients connect, `restUrl` where backends call; tokens of clients are for `audience`. */
  constructor({ socketsUrl, restUrl, audience = restUrl, hub = "notifications", key }) {
    Object.assign(this, { socketsUrl, restUrl, audience, hub, key });
    this.statuses = {};
  }

  #token(aud, more = {}) {
    const now = Math.floor(Date.now() / 1000);
    return jwt({ aud, iat: now, exp: now + 3600, ...more }, { alg: "HS256", key: this.key });
  }

  #url(user) {
    const token = this.#token(`${this.audience}/client/?hub=${this.hub}`, { nameid: user });
    return `${this.socketsUrl}?hub=${this.hub}&access_token=${token}`;
  }

  /** What comes of one try to connect. */
  async tried(user) {
    const listener = new Listener(user);
    const outcome = await listener.connect(this.#url(user));
    listener.socket.terminate();
    return outcome;
  }

  /** Opens one socket, and tries again when the rate of new sockets is too high. */
  async #open(listener, refusals) {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { took, status } = await listener.connect(this.#url(listener.user));
      if (took !== undefined) return took;
      refusals[status] = (refusals[status] ?? 0) + 1;
      await pause(PAUSE_MS);
    }
    return undefined;
  }

  /** Sends by REST; counts the statuses. */
  async #send(path, round) {
    const url = `${this.restUrl}/api/hubs/${this.hub}${path}`;
    const headers = { authorization: `Bearer ${this.#token(url)}`, "content-type": "application/json" };
    const body = JSON.stringify({ target: TARGET, arguments: [round] });
    const { status } = await fetch(`${url}?api-version=${VERSION}`, { method: "POST", headers, body });
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
  }

  /** Sends once, and waits for all of these listeners. */
  async #round(path, listeners, round) {
    const arrivals = listeners.map((listener) => listener.arrival(round));
    const begin = performance.now();
    await this.#send(path, round);
    return (await Promise.all(arrivals)).map((at) => (at === undefined ? undefined : at - begin));
  }

  /** Opens sockets, sends `rounds` messages to all and to single users, and closes. */
  async run({ sockets, rounds }) {
    const begin = performance.now();
    const all = Array.from({ length: sockets }, (_, n) => new Listener(`proof-${n}`));
    const [refusals, opening] = [{}, []];
    for (const [n, listener] of all.entries()) {
      if (n > 0 && n % CONNECT_RATE === 0) await pause(1000);
      opening.push(this.#open(listener, refusals));
    }
    const connects = await Promise.all(opening);
    const listeners = all.filter((_, n) => connects[n] !== undefined);
    const [everybody, single] = [[], []];
    for (let n = 0; n < rounds; n += 1) {
      everybody.push(...(await this.#round("/:send", listeners, `all-${n}`)));
      const one = listeners[n % listeners.length];
      single.push(...(await this.#round(`/users/${one.user}/:send`, [one], `one-${n}`)));
    }
    for (const { socket } of listeners) socket.close();
    const socketMinutes = (listeners.length * (performance.now() - begin)) / 60_000;
    return { sockets, opened: listeners.length, refusals, connect: spread(connects.filter((took) => took !== undefined)), ...told(everybody, single), rest: this.statuses, socketMinutes };
  }
}

/** What was measured of deliveries, to all and to single users. */
function told(everybody, single) {
  const of = (took) => {
    const arrived = took.filter((one) => one !== undefined);
    return { deliveries: arrived.length, missed: took.length - arrived.length, ...spread(arrived) };
  };
  return { everybody: of(everybody), single: of(single) };
}

async function main() {
  const named = (name, more = {}) => [name, { type: "string", ...more }];
  const options = Object.fromEntries([named("sockets"), named("rounds", { default: "20" }), named("sockets-url"), named("rest-url"), named("audience"), named("hub", { default: "notifications" })]);
  const { values } = parseArgs({ options });
  const load = new Load({ socketsUrl: values["sockets-url"], restUrl: values["rest-url"], audience: values.audience, hub: values.hub, key: process.env.HUBCAST_ACCESS_KEY });
  console.log(JSON.stringify(await load.run({ sockets: Number(values.sockets), rounds: Number(values.rounds) })));
  // Sockets that the other side still holds do not keep the program.
  process.exit(0);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
