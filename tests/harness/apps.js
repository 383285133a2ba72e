// Apps of others that a test makes: installed and built by their own tools, and served from an origin of their own.

import { execFile } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const NPM = ["install", "--install-links", "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"];
const KINDS = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };

/** The sample app of docs/examples/angular, whose packages make has installed. */
export const ANGULAR = path("../../docs/examples/angular");
const VITE = path("../../infra/web/node_modules/vite/bin/vite.js");

/** An empty app with these files, in tests/artefacts. */
export async function app(name, files) {
  const folder = path(`../artefacts/${name}`);
  await rm(folder, { recursive: true, force: true });
  await add(folder, files);
  return folder;
}

/** Puts files into an app. */
export async function add(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** A copy of the sample app of Angular, with its packages. */
export async function angularApp(name) {
  const folder = await app(name, {});
  const built = ["dist", ".angular"].map((name) => join(ANGULAR, name));
  await cp(ANGULAR, folder, { recursive: true, filter: (source) => !built.includes(source), verbatimSymlinks: true });
  return folder;
}

/** Installs a package, as its reader does. */
export const install = (folder, what) => run("npm", [...NPM, what], { cwd: folder });
export const viteBuild = (folder) => run(process.execPath, [VITE, "build", "--logLevel", "error"], { cwd: folder });
export const ngBuild = (folder) =>
  run(process.execPath, [join(folder, "node_modules/@angular/cli/bin/ng.js"), "build"], { cwd: folder, env: { ...process.env, NG_CLI_ANALYTICS: "false", CI: "1" } });

/** Serves a folder; `changed` may change its texts. */
export async function serve(folder, changed = (text) => text) {
  const server = createServer(async ({ url }, answer) => {
    const { pathname } = new URL(url, "http://localhost");
    const file = pathname === "/" ? "index.html" : pathname.slice(1);
    try {
      const text = await readFile(join(folder, file), "utf8");
      answer.writeHead(200, { "content-type": `${KINDS[extname(file)] ?? "text/plain"}; charset=utf-8` }).end(changed(text));
    } catch {
      answer.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
