// A backend that calls the REST API as Azure's management SDK does, byte for byte where it matters:
// PascalCase bodies without a Content-Length, tokens signed for the very URL.

import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { ACCESS_KEY, jwt } from "./jwt.js";

export const NEWEST = "2026-07-01";

/** What `Uri.EscapeDataString` makes of a text. */
export const escaped = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** The two audiences that versions of the SDK sign. */
export const audiences = {
  /** The host without its port, and the path with the part of the query that names the version. */
  older: (url, path, query) => `${url.protocol}//${url.hostname}${path}${query ? `?${query}` : ""}`,
  /** The URL that is called, up to its query. */
  newer: (url, path) => `${url.protocol}//${url.host}${path}`,
};

export class Rest {
  constructor(stack, { hub = "notifications", version = NEWEST, audience = audiences.newer, key = ACCESS_KEY, claims = {}, application } = {}) {
    Object.assign(this, { stack, hub, version, audience, key, claims, application });
  }

  /** A request; `path` follows the hub's. `query` is what the SDK does not sign. */
  call(method, path, options = {}) {
    return this.callPath(method, `/api/hubs/${escaped(this.hub.toLowerCase())}${path}`, options);
  }

  /** A request of any path. Answers status, headers, text and what the text is as JSON. */
  async callPath(method, path, { query = {}, body, type, headers = {}, version = this.version, token } = {}) {
    const url = new URL(this.stack.url);
    const named = this.application === undefined ? [] : [`application=${escaped(this.application.toLowerCase())}`];
    const signed = version === null ? "" : [...named, `api-version=${version}`].join("&");
    const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => `${name}=${escaped(String(one))}`));
    const all = [signed, ...pairs].filter(Boolean).join("&");
    const bearer = token ?? this.token(this.audience(url, path, signed));
    const own = { authorization: `Bearer ${bearer}`, "Asrs-User-Agent": "Microsoft.Azure.SignalR.Management/1.30.0" };
    const contentType = body === undefined ? {} : { "content-type": type ?? "application/json; charset=utf-8" };
    return send({ host: url.hostname, port: url.port, method, path: all ? `${path}?${all}` : path, headers: { ...own, ...contentType, ...headers } }, body);
  }

  token(aud) {
    const now = Math.floor(Date.now() / 1000);
    const nameid = `backend_${randomBytes(16).toString("hex")}`;
    const header = { kid: "s-1234567890" };
    return jwt({ nameid, nbf: now, exp: now + 3600, iat: now, aud, ...this.claims }, { alg: "HS256", key: this.key, header });
  }

  /** The body that the SDK writes. */
  static message(target, ...args) {
    return JSON.stringify({ Target: target, Arguments: args });
  }

  /** A token of an app, by the development issuer. */
  static async appToken(stack, { roles = ["hubcast.rest"], audience = "hubcast-rest", claims = {} } = {}) {
    return stack.token("backend-app", { audience, claims: { roles, idtyp: "app", ...claims } });
  }
}

/** Sends without a Content-Length, so chunk by chunk. */
function send(options, body) {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, agent: false }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        // A gateway may name a type where nothing follows.
        const isJson = text !== "" && /json/.test(answer.headers["content-type"] ?? "");
        resolve({ status: answer.statusCode, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined });
      });
    });
    sent.on("error", reject);
    if (body !== undefined) sent.write(body);
    sent.end();
  });
}
