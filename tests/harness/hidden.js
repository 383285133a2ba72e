// Tabs that nobody looks at. Playwright makes every page believe that it is in front, so that its timers
// are never throttled; here a browser is steered by its own protocol, and shows one tab at a time.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { FLAGS, executable } from "./browser.js";
import { poll } from "./poll.js";

/** A browser with its tabs; `flags` are added to its command line. */
export async function launchWithTabs(...flags) {
  const folder = await mkdtemp(join(tmpdir(), "hubcast-browser-"));
  const args = [...FLAGS, ...flags, "--remote-debugging-port=0", `--user-data-dir=${folder}`, "about:blank"];
  const child = spawn(executable(), args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const url = new Promise((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk) => {
      const [found] = /ws:\/\/\S+/.exec((said += chunk)) ?? [];
      if (found) resolve(found);
    });
    ended.then(() => reject(new Error(`the browser did not start: ${said}`)));
  });
  return new Browser(await connected(await url), async () => {
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
}

async function connected(url) {
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  return socket;
}

class Browser {
  #socket;
  #ended;
  #waiting = new Map();

  constructor(socket, ended) {
    this.#socket = socket;
    this.#ended = ended;
    socket.on("message", (text) => {
      const { id, result, error } = JSON.parse(text);
      const { resolve, reject } = this.#waiting.get(id) ?? {};
      if (error) reject?.(new Error(error.message));
      else resolve?.(result);
    });
  }

  send(method, params = {}, sessionId = undefined) {
    const id = this.#waiting.size + 1;
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** Opens a tab in front of all others. */
  async tab(url) {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const tab = new Tab((method, params) => this.send(method, params, sessionId));
    await this.send("Target.activateTarget", { targetId });
    await tab.send("Page.navigate", { url });
    await tab.until("document.readyState === 'complete' && location.protocol !== 'about:'");
    return tab;
  }

  async stop() {
    this.send("Browser.close");
    await this.#ended();
  }
}

class Tab {
  constructor(send) {
    this.send = send;
  }

  /** The value of an expression in the page. */
  async value(expression) {
    const asked = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", asked);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Asks until the expression is true: from outside, since the page's own timers may rest. */
  until(expression) {
    return poll(() => this.value(expression), Boolean, () => `waited in vain for ${expression}`);
  }

  /** Stops everything in the page, as browsers do with tabs in the background; `active` lets it go on. */
  lifecycle(state) {
    return this.send("Page.setWebLifecycleState", { state });
  }
}
