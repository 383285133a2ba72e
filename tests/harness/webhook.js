// A backend as Azure SignalR calls one: an HTTP endpoint that checks signatures as Azure Functions does.

import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { Condition } from "./client.js";

/** The access key of the local stack. */
const KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH";
const hex = (text) => createHmac("sha256", KEY).update(text).digest("hex");

/** Header values are UTF-8; Node reads them as Latin-1. */
const utf8 = (value) => value && Buffer.from(value, "latin1").toString();

/** Headers as pairs of a name in lower case and a value. */
const pairs = ([name, value, ...rest]) => (name === undefined ? [] : [[name.toLowerCase(), utf8(value)], ...pairs(rest)]);

/** The extension's own check: the connection id, hex digits of either case, any of the signatures. */
function isAzureSignature({ connectionId, signature = "" }) {
  const expected = `sha256=${hex(connectionId)}`.toUpperCase();
  return signature.toUpperCase().split(",").includes(expected);
}

/** The headers that `v2` covers, as lines. Node joins headers of one name, so the raw ones are read. */
function signedLines({ headers }) {
  const isSigned = (name) => /^x-(asrs|hubcast)-/.test(name) && name !== "x-hubcast-signature";
  return headers.filter(([name]) => isSigned(name)).map(([name, value]) => `${name}:${value}`).sort();
}

/** What PROTOCOL.md tells backends to check: the whole request as signed, and lately. */
function isOwnSignature(request) {
  const { hub, connectionId, userId = "", method, path, body, ownSignature = "" } = request;
  const [[, time], ...signatures] = ownSignature.split(",").map((part) => part.split("="));
  const digest = createHash("sha256").update(body).digest("hex");
  const expected = {
    v1: hex(["v1", time, hub, connectionId, userId, body].join("\n")),
    v2: hex([time, method, path, ...signedLines(request), digest].join("\n")),
  };
  const isRecent = Math.abs(Date.now() / 1000 - Number(time)) < 300;
  return isRecent && ["v1", "v2"].every((one) => signatures.some(([version, value]) => version === one && value === expected[one]));
}

/**
 * An endpoint on a free port. `answer` makes `{status, body, headers}` of a request; 200 without it.
 * With `{cert, key}` the endpoint is called by https.
 */
export class WebhookServer extends Condition {
  constructor(answer = () => undefined, tls = undefined) {
    super();
    this.answer = answer;
    this.requests = [];
    const take = (request, response) => this.#take(request, response);
    this.scheme = tls ? "https" : "http";
    this.server = tls ? createSecureServer(tls, take) : createServer(take);
  }

  async start() {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.url = `${this.scheme}://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  async #take(message, response) {
    const chunks = [];
    for await (const chunk of message) chunks.push(chunk);
    const header = (name) => utf8(message.headers[name]);
    const request = {
      path: message.url,
      method: message.method,
      type: message.headers["content-type"],
      connectionId: header("x-asrs-connection-id"),
      hub: header("x-asrs-hub"),
      category: header("x-asrs-category"),
      event: header("x-asrs-event"),
      userId: header("x-asrs-user-id"),
      claims: header("x-asrs-user-claims"),
      allClaims: header("x-hubcast-user-claims"),
      query: header("x-asrs-client-query"),
      signature: header("x-asrs-signature"),
      ownSignature: header("x-hubcast-signature"),
      eventId: header("x-hubcast-event-id"),
      time: header("x-hubcast-event-time"),
      attempt: Number(header("x-hubcast-attempt")),
      headers: pairs(message.rawHeaders),
      body: Buffer.concat(chunks).toString(),
    };
    request.isSigned = isAzureSignature(request) && isOwnSignature(request);
    this.requests.push(request);
    this.notify();
    const { status = 200, body = "", headers = {} } = (await this.answer(request)) ?? {};
    response.writeHead(status, headers).end(body);
  }

  /** The requests about a connection so far. */
  of(connectionId) {
    return this.requests.filter((request) => request.connectionId === connectionId);
  }

  /** Waits for `count` requests about a connection; answers all of them. */
  async hears(connectionId, count) {
    await this.until(() => this.of(connectionId).length >= count, `${count} request(s) about ${connectionId}`);
    return this.of(connectionId);
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}
