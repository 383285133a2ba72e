// A network between clients and the stack that is cut at a chosen frame, as networks are: without a word.
//
// TCP passes as it is. On sockets the network reads along, and tells what passes: the request for an upgrade,
// its answer, and each frame. A rule may lose what passes, or cut the socket before or after.

import { connect, createServer } from "node:net";
import { Condition } from "./client.js";
import { records } from "./raw.js";
import { reset } from "./reset.js";
import { Frames, textOf } from "./websocket.js";

const HEAD_END = "\r\n\r\n";

/** What passes is a request for an upgrade, or its answer. */
export const upgrade = (event) => event.kind === "request";
export const accepted = (event) => event.kind === "answer" && event.status === 101;
export const refused = (event) => event.kind === "answer" && event.status !== 101;

/** What passes is a frame of the client, or of the stack, with a record that `matches`. */
export const up = (matches) => (event) => event.isUp && event.records.some(matches);
export const down = (matches) => (event) => event.kind === "frame" && !event.isUp && event.records.some(matches);

/** A head that offers no compression: nobody could read along in what is compressed. */
const plain = (head) => Buffer.from(head.toString("latin1").replace(/^sec-websocket-extensions:.*\r\n/im, ""), "latin1");

/** One side of a socket's way: bytes in, events out. */
class Lane {
  #head = Buffer.alloc(0);
  #frames;

  constructor(isUp) {
    this.isUp = isUp;
  }

  /** What passes with these bytes, in order: each has its own `bytes`. */
  *pass(chunk) {
    if (!this.#frames) {
      this.#head = Buffer.concat([this.#head, chunk]);
      const end = this.#head.indexOf(HEAD_END);
      if (end < 0) return;
      const head = this.#head.subarray(0, end + HEAD_END.length);
      this.#frames = new Frames();
      chunk = this.#head.subarray(head.length);
      yield { ...this.#headEvent(head), isUp: this.isUp, records: [], bytes: plain(head) };
    }
    for (const frame of this.#frames.read(chunk)) {
      const text = textOf(frame);
      yield { kind: "frame", isUp: this.isUp, text, records: records(text), bytes: frame.bytes };
    }
  }

  #headEvent(bytes) {
    const [first] = bytes.toString("latin1").split("\r\n");
    if (this.isUp) return { kind: "request", target: first.split(" ")[1] };
    return { kind: "answer", status: Number(first.split(" ")[1]) };
  }
}

/** A socket on its way through the network. */
class Wire {
  isOpen = true;
  #held = undefined;

  constructor(network, near, far) {
    Object.assign(this, { network, near, far, events: [] });
    this.#carry(near, far, new Lane(true));
    this.#carry(far, near, new Lane(false));
    near.on("close", () => this.#follow(far));
    far.on("close", () => this.#follow(near));
  }

  /** Ends the other side too, once everything for it has passed. */
  #follow(other) {
    if (!this.isOpen) return;
    this.isOpen = false;
    other.destroySoon();
    this.network.notify();
  }

  #carry(from, to, lane) {
    from.on("data", (chunk) => {
      if (!this.isOpen) return;
      // An answer that is no upgrade has a body, which passes as it is.
      if (this.status && this.status !== 101) return void to.write(chunk);
      for (const event of lane.pass(chunk)) {
        if (!this.isOpen) return;
        this.#meet(event, to);
      }
    });
  }

  #meet(event, to) {
    event.wire = this;
    if (event.kind === "answer") this.status = event.status;
    const rule = this.network.ruleOf(event);
    this.events.push(event);
    if (rule?.hold) this.hold();
    if (rule?.cut === "before") this.cut(rule);
    else if (rule?.drop) this.network.dropped.push(event);
    else if (this.#held) this.#held.push([to, event.bytes]);
    else to.write(event.bytes);
    if (rule?.cut === "after") this.cut(rule);
    this.network.notify();
  }

  /**
   * Ends the connection without a close of WebSocket: `by` "rst" or "fin".
   * With `side` "near" only the client notices, and the stack still believes in the socket.
   */
  cut({ by = "rst", side = "both" } = {}) {
    this.isOpen = false;
    for (const end of side === "near" ? [this.near] : [this.near, this.far]) {
      if (by === "rst") reset(end);
      else end.destroySoon();
    }
    this.network.notify();
  }

  /** Keeps everything that should pass from now on. */
  hold() {
    this.#held ??= [];
  }

  /** Lets what was kept pass, and the rest after. */
  release() {
    for (const [to, bytes] of this.#held ?? []) to.write(bytes);
    this.#held = undefined;
  }
}

/** A running network; `url` stands for the stack's. */
export class Network extends Condition {
  /** The sockets so far, the oldest first. */
  wires = [];
  /** What never arrived, although later frames did. */
  dropped = [];
  #rules = [];
  #open = new Set();

  constructor(stack) {
    super();
    this.stack = stack;
    const port = Number(new URL(stack.url).port);
    this.server = createServer((near) => this.#welcome(near, connect(port, "127.0.0.1")));
  }

  async listen() {
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  #welcome(near, far) {
    for (const end of [near, far]) {
      this.#open.add(end);
      end.setNoDelay(true);
      end.on("error", () => {});
      end.on("close", () => this.#open.delete(end));
    }
    near.once("data", (first) => {
      near.pause();
      if (/^upgrade: websocket/im.test(first.toString("latin1"))) this.wires.push(new Wire(this, near, far));
      else pipe(near, far);
      near.emit("data", first);
      near.resume();
    });
  }

  /** A token of the stack's issuer: to clients the network is the stack. */
  token(...args) {
    return this.stack.token(...args);
  }

  /** The rule for an event; each rule is good for one event. */
  ruleOf(event) {
    const at = this.#rules.findIndex((rule) => rule.when(event));
    if (at < 0) return undefined;
    const [rule] = this.#rules.splice(at, 1);
    rule.event = event;
    return rule;
  }

  /**
   * At the next event that `when` takes, does what `act` says: `{ hold: true }`, `{ drop: true }`,
   * or `{ cut: "before", by: "fin" }` with what else a cut takes. Answers a function that waits for it.
   */
  next(when, act) {
    const rule = { when, ...act };
    this.#rules.push(rule);
    return () => this.until(() => rule.event, `the event of a rule: ${when}`);
  }

  /** What passed on all sockets so far. */
  get events() {
    return this.wires.flatMap((wire) => wire.events);
  }

  /** The sockets that are open. */
  get open() {
    return this.wires.filter((wire) => wire.isOpen);
  }

  /** Waits until so many events passed that `when` takes; answers them. */
  async sees(when, times = 1) {
    const seen = () => this.events.filter(when);
    await this.until(() => seen().length >= times, `${times} event(s): ${when}`);
    return seen();
  }

  stop() {
    for (const end of this.#open) reset(end);
    return new Promise((resolve) => this.server.close(resolve));
  }
}

function pipe(near, far) {
  for (const [one, other] of [[near, far], [far, near]]) {
    one.pipe(other);
    one.on("close", () => other.destroy());
  }
}

/** Starts a network in front of a stack. */
export function startNetwork(stack) {
  return new Network(stack).listen();
}
