// The process of a stack.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const FIRST_LINE = /^hubcast ready on (http:\S+)$/;

export class Program {
  /** What the stack wrote to standard error. */
  logs = "";
  /** What the stack wrote to standard output. */
  greeting = "";
  #child;
  #exit;

  constructor(path, flags) {
    this.#child = spawn(path, flags, { stdio: ["ignore", "pipe", "pipe"] });
    this.#exit = new Promise((resolve) => {
      this.#child.once("close", (code) => resolve({ code }));
      this.#child.once("error", (error) => resolve({ error }));
    });
    this.#child.stderr.on("data", (chunk) => (this.logs += chunk));
    /** Where the stack is, as soon as everything answers. */
    this.url = this.#announced(path);
    // Nobody may be waiting yet.
    this.url.catch(() => {});
  }

  async #announced(path) {
    const lines = createInterface({ input: this.#child.stdout });
    lines.on("line", (line) => (this.greeting += `${line}\n`));
    const first = new Promise((resolve) => lines.once("line", (line) => resolve({ line })));
    const { line = "", error } = await Promise.race([first, this.#exit]);
    if (error?.code === "ENOENT") {
      throw new Error(`there is no program ${path}: put hubcast-local on the PATH, or set HUBCAST_LOCAL to the path of the program`);
    }
    const [, url] = FIRST_LINE.exec(line) ?? [];
    if (url === undefined) throw new Error(`the stack did not start: ${error?.message ?? ""}${line} ${this.logs}`);
    return url;
  }

  get pid() {
    return this.#child.pid;
  }

  /** Ends the program as Ctrl-C does, or by another signal; answers the exit code. */
  async stop(signal) {
    this.#child.kill(signal);
    return (await this.#exit).code;
  }
}
