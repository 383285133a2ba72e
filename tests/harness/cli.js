// The command line against a stack of a story.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { poll } from "./poll.js";
import { PROGRAMS } from "./stack.js";

/** The timeline of thousands of connections is long. */
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

export class Cli {
  constructor(stack, { env = {}, place = [`--local=${stack.url}`] } = {}) {
    Object.assign(this, { env, place });
  }

  /** Runs the program; answers its exit code and its output. */
  async run(...flags) {
    const options = { env: this.env, maxBuffer: OUTPUT_MAX_BYTES };
    const run = promisify(execFile)(join(PROGRAMS, "hubcast"), [...this.place, ...flags], options);
    return run.then((out) => ({ code: 0, ...out }), (failed) => failed);
  }

  /** What `hubcast why` says, once it says what is wanted: a line may come a moment after its message. */
  async why(wanted, ...flags) {
    const ask = async () => {
      const { code, stdout, stderr } = await this.run("why", ...flags, "--json");
      return code === 0 ? JSON.parse(stdout) : { sentence: stderr };
    };
    return poll(ask, ({ sentence }) => wanted.test(sentence), ({ sentence }) => `why says: ${sentence}`);
  }

  /** The entries of the audit that `isWanted` accepts, once there are so many. */
  async audit(isWanted, count = 1, ...flags) {
    const ask = async () => {
      const { stdout, stderr } = await this.run("audit", ...flags, "--json");
      const lines = (stdout ?? "").split("\n").filter(Boolean).map((line) => JSON.parse(line).entry);
      return { found: lines.filter(isWanted), all: lines, stderr };
    };
    const enough = ({ found }) => found.length >= count;
    return (await poll(ask, enough, ({ all, stderr }) => `the audit says: ${stderr} ${JSON.stringify(all)}`)).found;
  }
}
