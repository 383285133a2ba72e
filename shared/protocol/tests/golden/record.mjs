// Records what the official clients send, one file for each version and case. README.md says how to run it.

import { once } from "node:events";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(new URL("../../../../tests/package.json", import.meta.url));
const { WebSocketServer } = require("ws");
const versions = {
  "3.1.31": require("signalr-3"),
  "8.0.29": require("signalr-8"),
  "10.0.11": require("signalr-10"),
};
const all = Object.keys(versions);
const since8 = all.slice(1);

const RS = "\u001e";
const PING = `{"type":6}${RS}`;
const texts = ["hello", "你好，世界", "ありがとう", "안녕", "😀", 'quote " slash \\ / tab\t line\n', "\u2028\u0001"];
const values = [null, true, 0, -1.5, 1e21, 9007199254740991, [], {}, { a: { b: [1, { c: null }] }, "": "" }];

/** What each case makes a started client do, and how many records it takes. */
const cases = {
  "send-without-arguments": { run: (hub) => hub.send("Nothing") },
  "send-texts": { run: (hub) => hub.send("Texts", ...texts) },
  "send-values": { run: (hub) => hub.send("Values", ...values) },
  "send-lone-surrogate": { run: (hub) => hub.send("Text", "\ud83d") },
  "send-undefined": { run: (hub) => hub.send("Values", undefined, 1) },
  "send-to-target-in-cjk": { run: (hub) => hub.send("発表", "発") },
  "three-sends-in-one-frame": { run: (hub) => [1, 2, 3].forEach((n) => hub.send("Count", n)), records: 3, frames: 1 },
  "invoke": { run: (hub) => void hub.invoke("Echo", "你好", 7).catch(() => {}) },
  "stream": { run: (hub) => void subscribe(hub) },
  "stream-and-cancel": { run: (hub) => subscribe(hub).dispose(), records: 2 },
  "upload": { run: (hub, signalR) => upload(hub, signalR, (subject) => subject.complete()), records: 4 },
  "upload-that-fails": { run: (hub, signalR) => upload(hub, signalR, (subject) => subject.error(new Error("broken"))), records: 4 },
  "ping": { settings: { keepAliveIntervalInMilliseconds: 20 }, run: () => {}, keepPing: true },
  "result-of-the-client": { run: (_, __, server) => server.ask("answer"), versions: since8 },
  "error-of-the-client": { run: (_, __, server) => server.ask("fail"), versions: since8 },
  "no-result-of-the-client": { run: (_, __, server) => server.ask("nothing"), versions: since8 },
  "stop": { run: (hub) => hub.stop(), versions: since8 },
};

function subscribe(hub) {
  return hub.stream("Counter", 10, 5).subscribe({ next() {}, complete() {}, error() {} });
}

function upload(hub, signalR, end) {
  const subject = new signalR.Subject();
  hub.send("Upload", "label", subject);
  subject.next("一");
  subject.next({ n: 2 });
  end(subject);
}

/** A server that answers negotiations, handshakes and pings, and remembers frames. */
class Server {
  frames = [];
  #http = createServer((request, response) => {
    const version = Number(new URL(request.url, "http://h").searchParams.get("negotiateVersion") ?? 0);
    response.end(JSON.stringify({
      negotiateVersion: version,
      connectionId: "c",
      connectionToken: "t",
      availableTransports: [{ transport: "WebSockets", transferFormats: ["Text"] }],
      ...(this.stateful && { useStatefulReconnect: true }),
    }));
  });
  #sockets = new WebSocketServer({ server: this.#http });
  #heard = () => {};

  constructor(stateful = false) {
    this.stateful = stateful;
    this.#sockets.on("connection", (socket) => {
      this.socket = socket;
      socket.on("message", (data) => this.#hear(data.toString()));
    });
  }

  async listen() {
    await once(this.#http.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${this.#http.address().port}/hub`;
  }

  #hear(frame) {
    this.frames.push(frame);
    if (frame.includes('"protocol"')) this.socket.send(`{}${RS}`);
    if (frame === PING) this.socket.send(PING);
    this.#heard();
  }

  /** Calls a method of the client and wants its result. */
  ask(target) {
    this.socket.send(`{"type":1,"invocationId":"s1","target":"${target}","arguments":["请"]}${RS}`);
  }

  /** What the case is about: without the handshake, and with the first ping or with none. */
  recorded(keepPing) {
    const kept = this.frames.filter((frame) => !frame.includes('"protocol"') && (keepPing || frame !== PING));
    return kept.slice(0, keepPing ? 1 : undefined);
  }

  async until(done) {
    while (!done()) await new Promise((resolve) => (this.#heard = resolve));
  }

  close() {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.close();
  }
}

function build(signalR, url, settings = {}, stateful = false) {
  let builder = new signalR.HubConnectionBuilder().withUrl(url).configureLogging(signalR.LogLevel.None);
  if (stateful) builder = builder.withStatefulReconnect();
  const hub = Object.assign(builder.build(), settings);
  hub.on("answer", (text) => `答 ${text}`);
  hub.on("fail", () => {
    throw new Error("no");
  });
  hub.on("nothing", () => {});
  return hub;
}

function save(version, name, frames) {
  writeFileSync(new URL(`${version}/${name}.frame`, import.meta.url), frames.join(""));
}

async function record(version, name, { run, settings, keepPing, records = 1, frames }) {
  const server = new Server();
  const hub = build(versions[version], await server.listen(), settings);
  await hub.start();
  if (name === "send-without-arguments") save(version, "handshake", server.frames.slice(0, 1));
  run(hub, versions[version], server);
  const count = () => server.recorded(keepPing).join("").split(RS).length - 1;
  await server.until(() => count() >= records);
  const sent = server.recorded(keepPing);
  if (frames && sent.length !== frames) throw new Error(`${name}: ${sent.length} frames`);
  save(version, name, sent);
  await hub.stop();
  server.close();
}

/** Stateful reconnect, which hubcast never offers: version 2, then an Ack and a Sequence. */
async function recordStateful(version) {
  const server = new Server(true);
  const hub = build(versions[version], await server.listen(), {}, true);
  await hub.start();
  save(version, "handshake-stateful", server.frames.slice(0, 1));
  const sent = (type) => server.frames.filter((frame) => frame.includes("sequenceId") && frame.includes(`"type":${type}`));
  server.ask("answer");
  await server.until(() => sent(8).length > 0);
  save(version, "ack", sent(8).slice(0, 1));
  server.socket.terminate();
  await server.until(() => sent(9).length > 0);
  save(version, "sequence", sent(9).slice(0, 1));
  server.close();
  await hub.stop();
}

for (const version of all) {
  const folder = new URL(`${version}/`, import.meta.url);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, recipe] of Object.entries(cases)) {
    if ((recipe.versions ?? all).includes(version)) await record(version, name, recipe);
  }
}
for (const version of since8) await recordStateful(version);
process.exit();
