// @hubcast/client as npm publishes it, each time over another version of the official client.

import { execFile } from "node:child_process";
import { mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const FOLDER = path("../../infra/web/client-js");

/** An app that installed the packed package and an official client, which is one of tests/node_modules. */
export async function installed(official) {
  const app = path(`../artefacts/over-${official}`);
  const ours = join(app, "node_modules/@hubcast/client");
  await rm(app, { recursive: true, force: true });
  await mkdir(ours, { recursive: true });
  await mkdir(join(app, "node_modules/@microsoft"));
  await symlink(path(`../node_modules/${official}`), join(app, "node_modules/@microsoft/signalr"));
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", app], { cwd: FOLDER });
  const [{ filename, files }] = JSON.parse(stdout);
  await run("tar", ["-xzf", join(app, filename), "-C", ours, "--strip-components=1"]);
  const manifest = JSON.parse(await readFile(join(ours, "package.json"), "utf8"));
  return { app, ours, manifest, files: files.map((file) => file.path).sort(), load: () => import(join(ours, manifest.exports["."].default)) };
}
