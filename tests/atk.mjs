// temporary attack script
import { startStack } from "./harness/stack.js";
import { tryOpen, opened, records, record, frameOf, RS, PING } from "./harness/raw.js";
import { Backend } from "./harness/backend.js";
import { statefulTab } from "./harness/stateful.js";
import { rows } from "./harness/table.js";
const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
const H2 = `{"protocol":"json","version":2}${RS}`;
const stack = await startStack("--stateful-reconnect", "on", "--client-joinable-groups", "*", "--upstream");
let err = "";
const backend = new Backend(stack);
export async function nego(user, hub = "notifications") {
  const token = await stack.token(user);
  const a = await (await fetch(`${stack.url}/hubs/${hub}/negotiate?negotiateVersion=1&useStatefulReconnect=true`, { method: "POST", headers: { authorization: `Bearer ${token}` } })).json();
  const u = new URL(a.url);
  const q = new URLSearchParams(u.search);
  q.set("negotiateVersion", "1"); q.set("useStatefulReconnect", "true");
  const b = await (await fetch(`${stack.url}/client/negotiate?${q}`, { method: "POST", headers: { authorization: `Bearer ${a.accessToken}` } })).json();
  return { hub, token: a.accessToken, id: b.connectionToken, cid: b.connectionId };
}
export const url = (n, o = {}) => `${stack.url}/client/?${new URLSearchParams({ hub: o.hub ?? n.hub, id: o.id ?? n.id, access_token: o.token ?? n.token })}`;
export async function live(user, hub) {
  const n = await nego(user, hub);
  const s = await opened(url(n));
  s.send(H2); await s.frame(1); s.send(PING); await s.frame(2);
  return { n, s };
}
const call = (id, target = "GetConnectionId", args = []) => record({ type: 1, invocationId: String(id), target, arguments: args });
const ackOf = (s) => Math.max(0, ...s.records.filter((r) => r.type === 8).map((r) => r.sequenceId));
const tests = {
  async ids() {
    for (const t of [8, 9]) for (const v of ["-1", "1.5", "1e3", "1e400", "18446744073709551615", "18446744073709551616", "99999999999999999999999999", "null", '"1"', "true", "[]", "0", "-0", "1.0"]) {
      const { n, s } = await live("u" + Math.random());
      s.send(`{"type":${t},"sequenceId":${v}}${RS}`);
      await s.until(() => s.closed || s.frames.length > 2, "x", 2500).catch(() => {});
      console.log(t, v, JSON.stringify(s.frames.slice(2)).slice(0, 140), JSON.stringify(s.closed));
      s.destroy();
    }
  },
  async foreign() {
    const a = await live("alice"), m = await nego("mallory"), o = await nego("alice", "other");
    console.log("other user", (await tryOpen(url(m, { id: a.n.id }))).status);
    console.log("other hub", (await tryOpen(url(o, { id: a.n.id }))).status);
    console.log("forged id", (await tryOpen(url(a.n, { id: "~" + a.n.id.slice(1, 5) + "AAAA" + a.n.id.slice(9) }))).status);
    console.log("tilde to plain", (await tryOpen(url(a.n, { id: a.n.id.slice(1) }))).status);
    console.log("id twice", (await tryOpen(url(a.n) + "&id=" + a.n.id)).status);
    console.log("alive", await a.s.isAlive());
  },
  async twoResumes() {
    const { n, s } = await live("bob");
    s.destroy(); await sleep(50);
    const tried = await Promise.all([1, 2, 3, 4].map(() => tryOpen(url(n))));
    console.log(tried.map((t) => t.status ?? "open"));
    for (const t of tried) t.socket?.send(record({ type: 9, sequenceId: 1 }));
    await sleep(2500);
    console.log(tried.map((t) => t.socket && [t.socket.frames, t.socket.closed]));
    for (const t of tried) t.socket?.destroy();
  },
  async early() {
    const n = await nego("carol");
    const s = await opened(url(n));
    s.send(record({ type: 9, sequenceId: 1 })); await sleep(800);
    console.log("seq before handshake", s.frames, s.closed);
    const { n: n2, s: s2 } = await live("carol2");
    s2.send(record({ type: 9, sequenceId: 1 }) + record({ type: 9, sequenceId: 5 })); await sleep(800);
    console.log("seq twice live", s2.frames.slice(2), s2.closed);
    const r = await tryOpen(url(n2)); console.log("resume after", r.status ?? "open");
    if (r.socket) { r.socket.send(H2); await sleep(1500); console.log("handshake on resume", r.socket.frames, r.socket.closed); }
    const { n: n3, s: s3 } = await live("carol3"); s3.destroy(); await sleep(50);
    const r3 = (await tryOpen(url(n3))).socket;
    r3.send(call(5)); r3.send(record({ type: 9, sequenceId: 1 })); r3.send(record({ type: 9, sequenceId: 1 })); await sleep(1500);
    console.log("call before sequence, sequence twice", r3.frames, r3.closed);
    const n4 = await nego("carol4"); const s4 = await opened(url(n4));
    s4.send(H2 + PING + call(1) + record({ type: 8, sequenceId: 0 })); await sleep(1500);
    console.log("all in one frame", s4.frames, s4.closed);
    await backend.send({ userId: "carol4", target: "x" }); await sleep(1500);
    console.log("then message", s4.frames, s4.closed);
    const n5 = await nego("carol5"); const s5 = await opened(url(n5));
    s5.send(H2); s5.send(PING); s5.send(call(1)); s5.send(call(2)); await sleep(2000);
    console.log("not waiting for the answer", s5.frames, s5.closed);
    await backend.send({ userId: "carol5", target: "x" }); await sleep(1500);
    console.log("then message", s5.frames, s5.closed);
  },
  async neverAcks() {
    const { n, s } = await live("dave");
    const big = "x".repeat(30000);
    for (let i = 0; i < 12; i++) await backend.send({ userId: "dave", target: "t", arguments: [i, big] });
    await s.until(() => s.records.filter((r) => r.type === 1).length >= 12 || s.closed, "12", 15000).catch((e) => console.log(String(e)));
    console.log("never acks got", s.records.filter((r) => r.type === 1).length, s.closed);
    s.destroy(); await sleep(100);
    console.log("resume", (await tryOpen(url(n))).status ?? "open");
  },
  async burst() {
    for (const count of [50, 200, 450]) {
      const tab = await statefulTab(stack, "erin" + count);
      const t = Date.now();
      const r = await Promise.allSettled(Array.from({ length: count }, () => tab.invoke("GetConnectionId")));
      console.log("burst", count, Date.now() - t, "ms", r.filter((x) => x.status === "fulfilled").length, tab.events, tab.network.open?.length);
      await tab.leave();
    }
  },
  async upload() {
    const { s } = await live("fay");
    s.send(record({ type: 1, invocationId: "0", target: "Up", arguments: [], streamIds: ["1"] }));
    for (let i = 0; i < 5; i++) s.send(record({ type: 2, invocationId: "1", item: i }));
    s.send(record({ type: 3, invocationId: "1" }));
    await sleep(1500);
    console.log("upload", s.frames.slice(2), s.closed);
  },
  async ackFuture() {
    const { n, s } = await live("gil");
    s.destroy(); await sleep(100);
    for (let i = 0; i < 3; i++) await backend.send({ userId: "gil", target: "t", arguments: [i] });
    await sleep(300);
    const r = (await tryOpen(url(n))).socket;
    r.send(record({ type: 9, sequenceId: 1 }) + record({ type: 8, sequenceId: 2 }));
    await sleep(1000);
    console.log("ack with sequence", r.frames, r.closed);
  },
  async dup() {
    const { s } = await live("hal");
    s.send(call(1) + call(1) + call(1)); await sleep(600);
    console.log("same id in a frame", s.frames.slice(2), s.closed);
    s.send("\x1e\x1e" + call(2)); s.send(call(3).slice(0, -1)); await sleep(600);
    console.log("broken", s.frames.slice(3), s.closed);
  },
};
const which = process.argv.slice(2);
for (const name of which.length ? which : Object.keys(tests)) {
  console.log("==", name);
  try { await tests[name](); } catch (e) { console.log("ERR", e); }
}
await sleep(500);
console.log("counts", JSON.stringify(await (await fetch(stack.url + "/dev/counts")).json()));
await stack.stop();
