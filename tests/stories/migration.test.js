// Moving clients between two services, as docs/MIGRATION.md says: a second stack stands in for Azure.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { HubConnectionBuilder, LogLevel } from "@microsoft/signalr";
import { Backend } from "../harness/backend.js";
import { Condition } from "../harness/client.js";
import { block, section, text } from "../harness/docs.js";
import { poll } from "../harness/poll.js";
import { startStack } from "../harness/stack.js";

const guide = section(text("docs/MIGRATION.md"), "Going back");
/** The envelope that the guide sends. */
const [, close] = guide.match(/`(\{"action":"close".*?\})`/);

/** The official builder, without its logs. */
class Builder extends HubConnectionBuilder {
  build() {
    return this.configureLogging(LogLevel.None) && super.build();
  }
}

/** A user's page that runs the guide's code; beside it is only what the guide leaves to the app. */
class Page extends Condition {
  connections = [];
  ends = [];
  texts = [];
  tokens = {};

  /** `flag.stack` is where the app's configuration points. */
  constructor(user, flag) {
    super();
    this.app = {
      HubConnectionBuilder: Builder,
      fetch: async () => {
        this.stack = flag.stack;
        return { json: async () => ({ hubUrl: `${flag.stack.url}/hubs/notifications` }) };
      },
      // The token of one log-in, again and again: the guide says that moving logs nobody out.
      accessTokenFactory: () => (this.tokens[this.stack.url] ??= this.stack.token(user)),
      addHandlers: (connection) => {
        this.connections.push(connection);
        connection.on("notify", (words) => this.#note(this.texts, words));
      },
      signedOut: (error) => this.#note(this.ends, error?.message),
      // Nobody waits for half a minute here.
      Math: { random: () => 0 },
    };
    this.user = user;
  }

  #note(list, value) {
    list.push(value);
    this.notify();
  }

  get connection() {
    return this.connections.at(-1);
  }

  async open() {
    const code = block(guide, "js").replace(/^import .*\n/gm, "");
    const run = new Function(...Object.keys(this.app), `return (async () => {\n${code}\n})()`);
    await run(...Object.values(this.app));
    await this.connection.invoke("GetConnectionId");
    return this;
  }

  /** Waits until the page hears what is sent at `stack`; what came too early is sent again. */
  async hearsFrom(stack) {
    const words = `from ${stack.url}, ${this.texts.length}`;
    const heard = () => this.texts.includes(words);
    const sendAgain = async () => {
      await new Backend(stack).send({ userId: this.user, target: "notify", arguments: [words] });
      await this.until(heard, words, 1000).catch(() => "too early");
    };
    await poll(sendAgain, heard, () => `never heard: ${words}`);
  }
}

describe("going back", () => {
  let azure, hubcast;
  before(async () => ([azure, hubcast] = await Promise.all([startStack(), startStack()])));
  after(() => Promise.all([azure.stop(), hubcast.stop()]));

  it("by the guide's envelope moves a page with the guide's code to where the flag points, and forth again", async () => {
    const flag = { stack: hubcast };
    const page = await new Page("alice", flag).open();
    for (const [from, to] of [[hubcast, azure], [azure, hubcast]]) {
      await page.hearsFrom(from);
      flag.stack = to;
      await new Backend(from).send(JSON.parse(close));
      await page.hearsFrom(to);
    }
    assert.deepEqual(page.connections.map(({ state }) => state), ["Disconnected", "Disconnected", "Connected"]);
    assert.deepEqual(page.ends, []);
    await page.connection.stop();
  });

  it("does not happen with allowReconnect: the client comes back to the URL that it was built with", async () => {
    const flag = { stack: hubcast };
    const page = await new Page("bob", flag).open();
    const returned = new Promise((resolve) => page.connection.onreconnected(resolve));
    flag.stack = azure;
    await new Backend(hubcast).send({ ...JSON.parse(close), allowReconnect: true });
    await returned;
    await page.hearsFrom(hubcast);
    assert.equal(page.connections.length, 1);
    await page.connection.stop();
  });

  for (const reason of [{}, { reason: "You have been signed out." }]) {
    it(`is nothing that a log-out does ${reason.reason ? "with" : "without"} a reason: the page signs out`, async () => {
      const page = await new Page("carol", { stack: hubcast }).open();
      await new Backend(hubcast).send({ action: "close", userId: "carol", ...reason });
      await page.until(() => page.ends.length === 1, "the log-out");
      assert.equal(page.connections.length, 1);
    });
  }
});
