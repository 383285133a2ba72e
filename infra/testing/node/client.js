// A client that remembers every message, whatever the method, and waits for messages.

import { HubConnectionBuilder, JsonHubProtocol, LogLevel, MessageType } from "@microsoft/signalr";

const PATIENCE_MS = 10_000;

/** The protocol of JSON that notes each call, so that no method has to be named before. */
class NotingProtocol extends JsonHubProtocol {
  constructor(note) {
    super();
    this.note = note;
  }

  parseMessages(input, logger) {
    const messages = super.parseMessages(input, logger);
    for (const message of messages) if (message.type === MessageType.Invocation) this.note(message);
    return messages;
  }
}

export class TestClient {
  /** What came so far, oldest first: `{ target, arguments }`. */
  messages = [];
  #waiting = new Set();
  /** What `waitForMessage` has answered. */
  #taken = new Set();

  /** Connects, and waits until the client hears everything. */
  static async start(url, token) {
    const client = new TestClient();
    const note = ({ target, arguments: args }) => client.#note({ target, arguments: args });
    client.connection = new HubConnectionBuilder()
      .withUrl(url, { accessTokenFactory: token })
      .withHubProtocol(new NotingProtocol(note))
      .withAutomaticReconnect()
      .configureLogging(LogLevel.None)
      .build();
    await client.connection.start();
    // A first answer promises that everything sent from now on is heard.
    await client.connection.invoke("GetConnectionId");
    return client;
  }

  #note(message) {
    this.messages.push(message);
    for (const check of [...this.#waiting]) check();
  }

  /**
   * Answers the arguments of the next message of a method that no earlier call answered. `where` may ask for
   * more of the arguments.
   */
  waitForMessage(target, { timeoutMs = PATIENCE_MS, where = () => true } = {}) {
    return new Promise((resolve, reject) => {
      const end = (settle, value) => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        settle(value);
      };
      const isNext = (message) => message.target === target && !this.#taken.has(message) && where(...message.arguments);
      const check = () => {
        const message = this.messages.find(isNext);
        if (!message) return;
        this.#taken.add(message);
        end(resolve, message.arguments);
      };
      const timer = setTimeout(() => end(reject, new Error(this.#vain(target, timeoutMs))), timeoutMs);
      this.#waiting.add(check);
      check();
    });
  }

  #vain(target, timeoutMs) {
    const came = this.messages.map((message) => message.target).join(", ") || "nothing";
    return `no message of ${target} came within ${timeoutMs} ms; these came: ${came}`;
  }

  /** Disconnects. */
  async stop() {
    await this.connection.stop();
  }
}
