// `hubcast console`, running: the page of the command line.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PROGRAMS } from "./stack.js";

/** A console of a stack. Its `entrance` lets one browser in. */
export async function startConsole(stack, { flags = [], env = {}, place = [`--local=${stack.url}`] } = {}) {
  const child = spawn(join(PROGRAMS, "hubcast"), [...place, "console", "--json", ...flags], { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const first = createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
  const { value, done } = await Promise.race([first, ended.then(() => ({ done: true }))]);
  if (done) throw new Error("the console ended at once");
  const { url: entrance } = JSON.parse(value);
  return {
    entrance,
    url: new URL("/", entrance).href,
    /** Lets the caller in, as a browser is let in; answers how to ask what the page asks. */
    async enter() {
      const { headers } = await fetch(entrance, { redirect: "manual" });
      const [cookie] = headers.get("set-cookie").split(";");
      return async (path) => (await fetch(new URL(path, entrance), { headers: { cookie } })).json();
    },
    async stop() {
      child.kill("SIGINT");
      await ended;
    },
  };
}
