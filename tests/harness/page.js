// The browser bundles of the official clients, run as a page runs them: no `process`, no headers on
// sockets, an `Origin` on everything, and answers that are only readable when CORS says so.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createContext, runInContext } from "node:vm";
import WebSocket from "ws";

const BUNDLES = { "8.0.29": "signalr-8", "10.0.11": "signalr-10" };
/** The versions that a page can load. 3.1.31 does in Node what it does in a browser. */
export const pageVersions = Object.keys(BUNDLES);

/** The `signalR` of a page of `origin`; `tap.opened` gets what its sockets do. */
export function page(version, { origin = "http://localhost:4200", tap = { opened: [] } } = {}) {
  class PageSocket extends WebSocket {
    constructor(url, protocols, ...more) {
      if (more.length > 0) throw new Error("a browser's WebSocket takes no headers");
      super(url, protocols, { origin });
      tap.opened.push({ url: new URL(url), socket: this });
    }
  }
  const document = { addEventListener() {}, removeEventListener() {} };
  const { AbortController, URL, URLSearchParams, setTimeout, clearTimeout, setInterval, clearInterval, console } = globalThis;
  const context = { document, console, WebSocket: PageSocket, fetch: fetchOf(origin) };
  Object.assign(context, { AbortController, URL, URLSearchParams });
  Object.assign(context, { setTimeout, clearTimeout, setInterval, clearInterval });
  context.window = context.self = context;
  const path = createRequire(import.meta.url).resolve(`${BUNDLES[version]}/dist/browser/signalr.js`);
  runInContext(readFileSync(path, "utf8"), createContext(context));
  return context.signalR;
}

/** `fetch` as a page of `origin` has it, with credentials: preflight first, then the request. */
function fetchOf(origin) {
  return async (url, { method, headers, body, signal }) => {
    const wanted = Object.keys(headers).map((name) => name.toLowerCase());
    const preflight = await fetch(url, {
      method: "OPTIONS",
      headers: {
        Origin: origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": wanted.join(","),
      },
    });
    const allowed = list(preflight, "access-control-allow-headers");
    const methods = list(preflight, "access-control-allow-methods");
    const passes = preflight.ok && methods.includes(method.toLowerCase()) && wanted.every((name) => allowed.includes(name));
    if (!passes || !isReadable(preflight, origin)) throw new TypeError("Failed to fetch");
    const answer = await fetch(url, { method, headers: { ...headers, Origin: origin }, body, signal });
    if (!isReadable(answer, origin)) throw new TypeError("Failed to fetch");
    return answer;
  };
}

function isReadable(answer, origin) {
  const to = answer.headers.get("access-control-allow-origin");
  return to === origin && answer.headers.get("access-control-allow-credentials") === "true";
}

function list(answer, name) {
  return (answer.headers.get(name) ?? "").toLowerCase().split(/\s*,\s*/);
}
