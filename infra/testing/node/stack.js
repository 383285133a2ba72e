// A running stack: its URLs, its tokens, what a backend does, and clients.

const HUB = "notifications";
const VERSION = "2024-12-01";

/** What each audience is called in a path of the REST API. */
const PLACES = { userId: "users", groupName: "groups", connectionId: "connections" };

export class Stack {
  #program;

  constructor(url, program) {
    this.url = url;
    this.#program = program;
  }

  /** The queue that backends send to. */
  get queueUrl() {
    return this.queue("notifications");
  }

  /** The queue of dead letters. */
  get dlqUrl() {
    return this.queue("dlq");
  }

  queue(name) {
    return `${this.url}/000000000000/hubcast-${name}.fifo`;
  }

  /** The URL for `withUrl` of a SignalR client. */
  hubUrl(hub = HUB) {
    return `${this.url}/hubs/${hub}`;
  }

  /** An app token of a user. `more` holds groups, ttlSeconds, audience and claims. */
  async token(user, more = {}) {
    const answer = await this.#post("/dev/token", JSON.stringify({ sub: user, ...more }));
    return (await answer.json()).access_token;
  }

  /** A token of a backend for the REST API. */
  async restToken() {
    return (await this.#post("/dev/rest-token")).text();
  }

  /** Sends as a backend does: `{ target, arguments }`, and one of userId, groupName and connectionId, or nobody for all. */
  async send({ hub = HUB, target, arguments: args = [], ...audience }) {
    const [[name, value] = [], ...more] = Object.entries(audience);
    if (more.length > 0 || (name && !PLACES[name])) {
      throw new TypeError(`send takes one of ${Object.keys(PLACES).join(", ")}, and not ${Object.keys(audience).join(", ")}`);
    }
    const place = name ? `/${PLACES[name]}/${encodeURIComponent(value)}` : "";
    const authorization = `Bearer ${await this.restToken()}`;
    const path = `/api/hubs/${encodeURIComponent(hub)}${place}/:send?api-version=${VERSION}`;
    await this.#post(path, JSON.stringify({ target, arguments: args }), { authorization, "content-type": "application/json" });
  }

  /** A client of a user that hears everything from now on. Needs `@microsoft/signalr`. */
  async connect(user, { hub = HUB, ...more } = {}) {
    // Whoever connects with a client of their own needs no package for this one.
    const { TestClient } = await import("./client.js");
    return TestClient.start(this.hubUrl(hub), () => this.token(user, more));
  }

  /** Closes all sockets, and empties the table and the queues: for tests that share a stack. */
  async reset() {
    await this.#post("/dev/reset");
  }

  async #post(path, body, headers = {}) {
    const answer = await fetch(this.url + path, { method: "POST", body, headers });
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
    return answer;
  }

  /** What the stack wrote to standard error; empty for a stack that somebody else started. */
  get logs() {
    return this.#program?.logs ?? "";
  }

  get greeting() {
    return this.#program?.greeting ?? "";
  }

  get pid() {
    return this.#program?.pid;
  }

  /** Stops the stack; answers its exit code, or 0 for a stack that somebody else started. */
  async stop(signal = "SIGINT") {
    return this.#program ? this.#program.stop(signal) : 0;
  }

  async [Symbol.asyncDispose]() {
    await this.stop();
  }
}
