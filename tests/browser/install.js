// Installs a Chromium where there is none: Debian's, or else the one that Playwright downloads.

import { spawnSync } from "node:child_process";
import { getuid } from "node:process";
import { executable } from "../harness/browser.js";

function run(command, ...args) {
  return spawnSync(command, args, { stdio: ["ignore", "ignore", "inherit"] }).status === 0;
}

function installed() {
  try {
    return executable();
  } catch {
    return undefined;
  }
}

if (!installed() && getuid?.() === 0 && run("apt-get", "update", "-qq")) {
  run("apt-get", "install", "-qq", "--yes", "--no-install-recommends", "chromium");
}
if (!installed()) run("npx", "playwright-core", "install", "chromium");
// Says what to do if all that did not help.
executable();
