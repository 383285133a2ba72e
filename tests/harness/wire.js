// The sockets that a client opens, seen from outside: where they go, what they carry, and how the network drops them.

import WebSocket from "ws";

/** A tap for one client: give it `options: { WebSocket: tap.WebSocket }`. */
export function tapped() {
  const opened = [];
  const sent = [];
  class Tapped extends WebSocket {
    constructor(url, protocols, options) {
      super(url, protocols, options);
      opened.push({ url: new URL(url), headers: options?.headers ?? {}, socket: this });
    }

    send(frame, ...more) {
      sent.push(frame);
      super.send(frame, ...more);
    }
  }
  return {
    WebSocket: Tapped,
    opened,
    sent,
    get last() {
      return opened.at(-1);
    },
    /** Drops the newest socket as a network does: without a word. */
    cut() {
      opened.at(-1).socket.terminate();
    },
  };
}
