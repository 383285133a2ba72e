// Passes HTTP requests and upgrades on to one address, unchanged but for what `rewrite` makes of the path.

import { createServer, request } from "node:http";
import { once } from "node:events";
import { connect } from "node:net";

/** Listens on a free loopback port; answers its URL. */
export async function listen(server) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
}

/** The whole body of a request. */
export async function bodyOf(incoming) {
  const parts = [];
  for await (const part of incoming) parts.push(part);
  return Buffer.concat(parts);
}

/**
 * Sends a request on, body and all; the host stays what the client signed.
 * `look` sees a refusal, and `edit` makes another body of the answer's.
 */
export function pass(port, path, incoming, body, outgoing, { look = () => {}, edit } = {}) {
  const { method, headers } = incoming;
  // MiniStack ends connections that rest for 5 s; a request that met such an end was not read.
  const isUnread = ({ code }) => code === "ECONNRESET" && onward.reusedSocket && !outgoing.headersSent;
  const onward = request({ host: "127.0.0.1", port, path, method, headers }, (answer) => {
    if (edit) return answerEdited(answer, outgoing, edit);
    outgoing.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(outgoing);
    if (answer.statusCode >= 400) bodyOf(answer).then((text) => look(text.toString()));
  });
  onward.on("error", (error) => {
    if (isUnread(error)) pass(port, path, incoming, body, outgoing, { look, edit });
    else outgoing.destroy();
  });
  onward.end(body);
}

async function answerEdited(answer, outgoing, edit) {
  const text = edit((await bodyOf(answer)).toString());
  outgoing.writeHead(answer.statusCode, { "Content-Type": answer.headers["content-type"] }).end(text);
}

/** Joins a socket that asks for an upgrade with a new one to `port`. */
export function passUpgrade(port, path, incoming, socket, head) {
  const onward = connect(port, "127.0.0.1", () => {
    const headers = [];
    for (let at = 0; at < incoming.rawHeaders.length; at += 2) {
      headers.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    }
    onward.write(`GET ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  for (const [one, other] of [[socket, onward], [onward, socket]]) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}

/** A server that answers by `handle(incoming, outgoing, body)`. */
export function serving(handle) {
  const server = createServer((incoming, outgoing) => {
    bodyOf(incoming)
      .then((body) => handle(incoming, outgoing, body))
      .catch((error) => {
        outgoing.writeHead(500);
        outgoing.end(String(error));
      });
  });
  // Else connections that rest for 5 s end, and a function that posts in that moment cannot know
  // whether its frame was sent: it ends the socket.
  server.keepAliveTimeout = 0;
  return server;
}
