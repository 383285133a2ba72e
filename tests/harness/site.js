// A web site of its own origin with a bare page: the browser bundle of an official client, and nothing else.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";

/** The official browser bundles, by version. */
export const BUNDLES = { "3.1.31": "signalr-3", "8.0.29": "signalr-8", "10.0.11": "signalr-10" };

const require = createRequire(import.meta.url);
const PAGE = new URL("../browser/page.js", import.meta.url);

async function file(path) {
  if (path === "/page.js") return ["text/javascript", await readFile(PAGE)];
  const bundle = Object.values(BUNDLES).find((name) => path === `/${name}.js`);
  if (bundle) return ["text/javascript", await readFile(require.resolve(`${bundle}/dist/browser/signalr.js`))];
  const scripts = [path.slice(1), "page"].map((name) => `<script src="/${name}.js"></script>`);
  return ["text/html", `<!doctype html><meta charset="utf-8"><title>bare</title>${scripts.join("")}`];
}

/** Starts the site; `at(version)` is the page with that version's bundle. */
export async function startSite() {
  const server = createServer(async ({ url }, answer) => {
    const [kind, body] = await file(url);
    answer.writeHead(200, { "content-type": `${kind}; charset=utf-8` }).end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  return {
    at: (version, host = "localhost") => `http://${host}:${port}/${BUNDLES[version]}`,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
