// A WebSocket without a SignalR client around it: frames as they are on the wire.

import { WebSocket } from "ws";
import { Condition } from "./client.js";

export const RS = "\x1e";
export const HANDSHAKE = `{"protocol":"json","version":1}${RS}`;
export const PING = `{"type":6}${RS}`;

/** The id of the calls by which a story looks whether a socket is open. */
const ALIVE = "is-alive";

/** One record of a JSON value. */
export const record = (value) => JSON.stringify(value) + RS;

/** One frame of several records. */
export const frameOf = (...values) => values.map(record).join("");

/** The records of a frame, read; a frame that does not end in a separator has none. */
export const records = (frame) =>
  frame.endsWith(RS) ? frame.split(RS).slice(0, -1).map((text) => JSON.parse(text)) : [];

/** An open socket with a memory of its frames. */
export class RawSocket extends Condition {
  constructor(socket) {
    super();
    this.socket = socket;
    this.frames = [];
    this.closed = undefined;
    this.answered = 0;
    socket.on("message", (body) => {
      const frame = body.toString();
      // The answers of `isAlive` are no business of a story.
      if (frame.includes(`"invocationId":"${ALIVE}`)) this.answered += 1;
      else this.frames.push(frame);
      this.notify();
    });
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.notify();
    });
    // Whatever goes wrong ends in a close, which is what stories look at.
    socket.on("error", () => {});
  }

  /** All records so far. */
  get records() {
    return this.frames.flatMap(records);
  }

  send(frame, options) {
    this.socket.send(frame, options);
  }

  /** Sends one message in several WebSocket frames. */
  sendInPieces(text, pieceBytes) {
    for (let at = 0; at < text.length; at += pieceBytes) {
      this.send(text.slice(at, at + pieceBytes), { fin: at + pieceBytes >= text.length });
    }
  }

  /** Waits until `count` frames came; answers the last of them. */
  async frame(count = this.frames.length + 1) {
    await this.until(() => this.frames.length >= count || this.closed, `frame ${count}`);
    if (this.frames.length < count) throw new Error(`closed before frame ${count}: ${JSON.stringify(this.closed)}`);
    return this.frames[count - 1];
  }

  /** Waits until `count` records came; answers all so far. */
  async hears(count) {
    await this.until(() => this.records.length >= count, `${count} record(s)`);
    return this.records;
  }

  /** Waits for a call of a client method; answers its arguments. */
  async receives(target) {
    const call = () => this.records.find((message) => message.type === 1 && message.target === target);
    await this.until(call, `a call of ${target}`);
    return call().arguments;
  }

  /** Waits for the end; answers its close code. */
  async ends() {
    await this.until(() => this.closed, "the end of the socket");
    return this.closed.code;
  }

  /** Goes on sending until the socket is cut off; answers its close code. */
  async insists() {
    while (!this.closed) {
      this.send(PING);
      await this.until(() => this.closed, "the end of the socket", 300).catch(() => {});
    }
    return this.closed.code;
  }

  /** Makes a call, to know that the socket is open and that everything before was read. */
  async isAlive() {
    const before = this.answered;
    this.send(record({ type: 1, invocationId: ALIVE, target: "GetConnectionId", arguments: [] }));
    await this.until(() => this.closed || this.answered > before, "an answer");
    return this.closed === undefined;
  }

  close() {
    this.socket.close();
    return this.ends();
  }

  /** Is gone without a word, as a laptop is whose lid was shut. */
  destroy() {
    this.socket.terminate();
  }
}

/** Tries to open a socket: `{socket}`, or `{status, body}` of the answer that refused it. */
export function tryOpen(url, options = {}) {
  const socket = new WebSocket(url.replace(/^http/, "ws"), { perMessageDeflate: false, ...options });
  // Listens before it is open, so that no frame can be missed.
  const raw = new RawSocket(socket);
  return new Promise((resolve, reject) => {
    socket.once("open", () => resolve({ socket: raw }));
    socket.once("unexpected-response", (_request, answer) => {
      let body = "";
      answer.on("data", (chunk) => (body += chunk));
      answer.on("end", () => resolve({ status: answer.statusCode, body }));
    });
    socket.once("error", reject);
  });
}

/** An open socket; a refusal is an error that names the status. */
export async function opened(url, options) {
  const { socket, status } = await tryOpen(url, options);
  if (!socket) throw new Error(`the upgrade was refused: status ${status}`);
  return socket;
}

/** A socket of a user that has not shaken hands, by the app token, as clients that skip negotiation have it. */
export async function connected(stack, user, { hub = "notifications", ...more } = {}) {
  const token = await stack.token(user, more);
  const query = new URLSearchParams({ hub, access_token: token });
  return opened(`${stack.url}/client/?${query}`);
}

/** A socket of a user that shook hands and is ready: its first call was answered. */
export async function ready(stack, user, more) {
  return shakenHands(await connected(stack, user, more));
}

/** A socket at any URL, ready. */
export async function readyAt(url, options) {
  return shakenHands(await opened(url, options));
}

/** Shakes hands on an open socket and forgets the answers. */
async function shakenHands(socket) {
  socket.send(HANDSHAKE);
  const answer = await socket.frame(1);
  if (answer !== `{}${RS}`) throw new Error(`the handshake was answered by ${answer}`);
  if (!(await socket.isAlive())) throw new Error(`closed after the handshake: ${JSON.stringify(socket.closed)}`);
  socket.frames.length = 0;
  return socket;
}
