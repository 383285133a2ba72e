// The official SignalR clients, three versions of them, with a memory of what they were called with.

import signalr3 from "signalr-3";
import signalr8 from "signalr-8";
import signalr10 from "signalr-10";
import { PATIENCE_MS } from "./poll.js";

export const newest = "10.0.11";
/** Each differs in timers, framing or where it puts its token. */
const all = { "3.1.31": signalr3, "8.0.29": signalr8, [newest]: signalr10 };
/** What all clients do is told on the local stack; a deployment hears the newest, or all with HUBCAST_CLIENTS=all. */
export const isBrief = process.env.HUBCAST_DEPLOYED && process.env.HUBCAST_CLIENTS !== "all";
export const versions = isBrief ? { [newest]: signalr10 } : all;

/** Waits for something to become true; whoever may make it so calls `notify`. */
export class Condition {
  #waiting = new Set();

  notify() {
    for (const check of [...this.#waiting]) check();
  }

  until(predicate, what, patience = PATIENCE_MS) {
    return new Promise((resolve, reject) => {
      const done = (settle, value) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        settle(value);
      };
      const check = () => {
        const value = predicate();
        if (value) done(resolve, value);
      };
      const timer = setTimeout(() => done(reject, new Error(`waited in vain for ${what}`)), patience);
      this.#waiting.add(check);
      check();
    });
  }
}

/** One connection, as one tab has it. */
export class Client extends Condition {
  constructor(connection, methods) {
    super();
    this.connection = connection;
    this.calls = [];
    this.events = [];
    for (const method of methods) {
      connection.on(method, (...args) => {
        this.calls.push({ method, args });
        this.notify();
      });
    }
    const note = (event) => (detail) => {
      this.events.push({ event, detail: detail?.message ?? detail });
      this.notify();
    };
    connection.onclose(note("closed"));
    connection.onreconnecting?.(note("reconnecting"));
    connection.onreconnected?.(note("reconnected"));
  }

  get id() {
    return this.connection.connectionId;
  }

  /** The id that a backend names; a client that skipped negotiation has to ask for it. */
  async ownId() {
    return this.id ?? this.invoke("GetConnectionId");
  }

  /** The arguments of all calls of a method so far. */
  received(method) {
    return this.calls.filter((call) => call.method === method).map((call) => call.args);
  }

  /** Waits until a method was called `times` times; answers the arguments of all those calls. */
  async receives(method, times = 1) {
    await this.until(() => this.received(method).length >= times, `${times} call(s) of ${method}`);
    return this.received(method);
  }

  /** Waits until the connection was closed, reconnecting or reconnected `times` times. */
  async meets(event, times = 1, patience) {
    const met = () => this.events.filter((entry) => entry.event === event);
    await this.until(() => met().length >= times, `${times} time(s) ${event}`, patience);
    return met().at(-1).detail;
  }

  invoke(...args) {
    return this.connection.invoke(...args);
  }

  async start() {
    await this.connection.start();
    return this;
  }

  /** Starts, and waits until everything that is sent from now on is heard: a first answer promises that. */
  async ready() {
    await this.start();
    await this.invoke("GetConnectionId");
    return this;
  }

  /** Waits until the client came back `times` times and hears everything again; answers its new id. */
  async returns(times = 1) {
    await this.meets("reconnected", times);
    return this.invoke("GetConnectionId");
  }

  stop() {
    return this.connection.stop();
  }
}

/** The methods that clients listen to unless they say otherwise. `fence` ends a wait for nothing. */
const METHODS = ["notify", "fence"];

/**
 * A client that is not started.
 * `url` is the hub's; `token` a text or a function; `reconnect` the delays of automatic reconnect;
 * `build` may add to the builder.
 */
export function client({
  url,
  token,
  version = newest,
  signalR = versions[version],
  methods = METHODS,
  reconnect,
  build = (builder) => builder,
  options = {},
  settings = {},
}) {
  const accessTokenFactory = typeof token === "function" ? token : token && (() => token);
  let builder = new signalR.HubConnectionBuilder()
    .withUrl(url, { ...(accessTokenFactory && { accessTokenFactory }), ...options })
    .configureLogging(signalR.LogLevel.None);
  if (reconnect) builder = builder.withAutomaticReconnect(reconnect);
  return new Client(Object.assign(build(builder).build(), settings), METHODS === methods ? METHODS : [...METHODS, ...methods]);
}

/** Options of a client that opens its socket right away. */
export function skipping(signalR = versions[newest]) {
  return { skipNegotiation: true, transport: signalR.HttpTransportType.WebSockets };
}

/** A client of a user, ready to hear, by the redirect of `/hubs/{hub}` and a fresh app token for each try. */
export async function signedIn(stack, user, { groups = [], hub = "notifications", ...more } = {}) {
  const token = () => stack.token(user, { groups });
  return client({ url: `${stack.url}/hubs/${hub}`, token, ...more }).ready();
}
