// Commands of the documents that need the programs of the workspace; tests/checks/docs.test.js runs and accounts for
// the others. A name in capitals stands for what a reader puts there.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Backend } from "../harness/backend.js";
import { Condition, signedIn } from "../harness/client.js";
import { block, text } from "../harness/docs.js";
import { poll } from "../harness/poll.js";
import { READER } from "../harness/runtimes.js";
import { startStack } from "../harness/stack.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The demo page is built by `make stories`, and not anew by each `make run`. */
const BUILT = "make -o infra/web/demo/dist/index.html";

/** A command in a process group of its own, as a terminal starts it. */
class Terminal extends Condition {
  output = "";

  constructor(command) {
    super();
    const shell = command.replace(/\bmake\b/, BUILT);
    this.child = spawn("sh", ["-c", shell], { cwd: ROOT, env: READER, detached: true });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (chunk) => {
        this.output += chunk;
        this.notify();
      });
    }
    this.ended = new Promise((resolve) => this.child.once("close", resolve));
  }

  /** Ctrl-C reaches everything that runs in the terminal. */
  async interrupt() {
    process.kill(-this.child.pid, "SIGINT");
    await this.ended;
  }
}

describe("as the documents say it,", () => {
  let stack;
  before(async () => (stack = await startStack()));
  after(() => stack.stop());

  // `make run` alone is the same on a port that may be taken.
  for (const command of ["PORT=0 make run", 'make run ARGS="--port 0"']) {
    it(`\`${command}\` starts everything, and Ctrl-C ends it`, async () => {
      const terminal = new Terminal(command);
      try {
        await terminal.until(() => /^hubcast ready on \S+$/m.test(terminal.output), `a start: ${terminal.output}`);
        const [, url] = terminal.output.match(/^hubcast ready on (\S+)$/m);
        assert.match(await (await fetch(url)).text(), /<html/, "the demo page");
        await terminal.interrupt();
        await assert.rejects(fetch(`${url}/api/health`));
      } finally {
        if (terminal.child.exitCode === null && terminal.child.signalCode === null) await terminal.interrupt();
      }
    });
  }

  it('`make run ARGS="--help"` tells the flags', async () => {
    const terminal = new Terminal('make run ARGS="--help"');
    assert.equal(await terminal.ended, 0);
    assert.match(terminal.output, /--idle-timeout-seconds/);
  });

  it("`make probe URL=http://127.0.0.1:8080` asks the local stack", async () => {
    const terminal = new Terminal(`HUBCAST_TOKEN=${await stack.token("probe")} make probe URL=${stack.url} ARGS="--patience-ms 300"`);
    assert.equal(await terminal.ended, 0);
    assert.match(terminal.output, /^burst +How long/m);
  });

  describe("the command line", () => {
    let backend;
    before(() => (backend = new Backend(stack)));

    /** Runs a command of the guides against this stack; answers what it printed. */
    async function hubcast(command, ...values) {
      const filled = values.reduce((text, value) => text.replace(/\b(ID|COMMAND)\b/, value), command);
      const here = filled.replace(/ --url \S+/, "") + (filled.startsWith("hubcast help") ? "" : ` --local=${stack.url}`);
      const { stdout } = await promisify(execFile)("sh", ["-c", here], { env: READER });
      return stdout;
    }

    /** Makes a dead letter; answers its id. */
    async function letter() {
      await backend.sendBody('{"userId":"alice","tarket":"toast"}', { group: "letters" });
      const listed = async () => (await hubcast("hubcast dlq list --json")).trim();
      return JSON.parse(await poll(listed, Boolean, () => "no dead letter came")).id;
    }

    it("explains its commands by `hubcast help COMMAND`", async () => {
      for (const command of ["send", "listen", "dlq", "doctor"]) assert.match(await hubcast("hubcast help COMMAND", command), /Examples:/);
    });

    it("lists, shows, drops and redrives dead letters as the operations guide does", async () => {
      const id = await letter();
      assert.match(await hubcast("hubcast dlq list"), /UnknownProperty/);
      assert.match(await hubcast("hubcast dlq show ID", id), /tarket/);
      await assert.rejects(hubcast("hubcast dlq redrive --all"), { code: 3 }, "the sender's fault stays");
      await hubcast("hubcast dlq drop ID", id);
      await hubcast("hubcast dlq redrive --all");
      assert.equal(await hubcast("hubcast dlq list --json"), "");
    });

    it("finds no fault by `hubcast doctor --url https://live.example.com`", async () => {
      assert.match(await hubcast("hubcast doctor --url https://live.example.com"), /ok/);
    });

    it("counts and listens as the migration guide does", async () => {
      const tab = await signedIn(stack, "alice");
      assert.match(await hubcast("hubcast connections count"), /[1-9]/);
      const listening = new Terminal(`hubcast listen --user alice --json --local=${stack.url}`);
      await listening.until(() => listening.output.includes("connected"), "the connection");
      await backend.send({ userId: "alice", target: "toast", arguments: [{ id: 7 }] });
      await listening.until(() => listening.output.includes('{"id":7}'), "the call");
      await listening.interrupt();
      await tab.stop();
    });

    it("looks for a client as the page of troubles does", async () => {
      const byHand = block(text("docs/TROUBLESHOOTING.md"), "sh").replaceAll("http://127.0.0.1:8080", stack.url);
      assert.match((await promisify(execFile)("sh", ["-c", byHand])).stdout, /^HTTP\/1.1 200/);
      const tab = await signedIn(stack, "alice", { methods: ["toast"] });
      assert.match(await hubcast("hubcast connections list --user ID", "alice"), new RegExp(tab.id));
      await hubcast("hubcast send --connection=ID toast hello", tab.id);
      await tab.receives("toast");
      await tab.stop();
    });
  });
});
