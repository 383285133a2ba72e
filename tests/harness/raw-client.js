// A client that speaks SignalR by hand, frame by frame, for what the official ones hide or never do.

import WebSocket from "ws";
import { Condition } from "./client.js";

export const RS = "\u001e";
const HANDSHAKE = { protocol: "json", version: 1 };

/** One socket, with every frame that came. */
export class RawClient extends Condition {
  /** `options` are those of `ws`: headers, origin. */
  constructor(url, options) {
    super();
    this.frames = [];
    this.ended = undefined;
    this.socket = new WebSocket(url.replace(/^http/, "ws"), options);
    this.opened = new Promise((resolve, reject) => {
      this.socket.once("open", resolve);
      this.socket.once("unexpected-response", (request, { statusCode }) => {
        reject(new Error(`status ${statusCode}`));
        request.destroy();
      });
      this.socket.on("error", reject);
    });
    this.socket.on("message", (data) => {
      this.frames.push(data.toString());
      this.notify();
    });
    this.socket.on("close", (code) => {
      this.ended = { code };
      this.notify();
    });
  }

  /** Everything received, record by record. A frame that ends in no separator is a defect. */
  get records() {
    return this.frames.flatMap((frame) => {
      if (!frame.endsWith(RS)) throw new Error(`a frame without a separator at its end: ${frame}`);
      return frame.slice(0, -1).split(RS).map((record) => JSON.parse(record));
    });
  }

  /** Sends records, all in one frame. */
  send(...records) {
    this.socket.send(records.map((record) => JSON.stringify(record) + RS).join(""));
  }

  /** Waits for so many records; answers all. */
  async receives(count) {
    await this.until(() => this.records.length >= count, `${count} record(s)`);
    return this.records;
  }

  close() {
    this.socket.close();
  }
}

/** A raw client that is open; the handshake is not done. */
export async function opened(url, options) {
  const raw = new RawClient(url, options);
  await raw.opened;
  return raw;
}

/** A raw client past its handshake, ready to hear; what it heard so far is forgotten. */
export async function ready(url, options) {
  const raw = await opened(url, options);
  raw.send(HANDSHAKE, { type: 1, invocationId: "ready", target: "GetConnectionId", arguments: [] });
  await raw.receives(2);
  raw.frames.length = 0;
  return raw;
}
