import { startStack } from "./harness/stack.js";
import { statefulTab } from "./harness/stateful.js";
import { signedIn } from "./harness/client.js";
const count = Number(process.argv[2] ?? 450);
const stack = await startStack("--stateful-reconnect", "on", "--log", "warn,line=info");
{ const tab = await signedIn(stack, "plain"); const t = Date.now();
  const r = await Promise.allSettled(Array.from({ length: count }, () => tab.invoke("GetConnectionId")));
  console.log("plain", count, Date.now() - t, "ms", r.filter((x) => x.status === "fulfilled").length, tab.events); await tab.stop(); }
const tab = await statefulTab(stack, "erin");
const t = Date.now();
const timer = setInterval(() => console.log(Date.now() - t, "done", done, tab.events.length, tab.network.open.length), 1000);
let done = 0;
const calls = Array.from({ length: count }, () => tab.invoke("GetConnectionId").then(() => done++));
const r = await Promise.race([Promise.allSettled(calls), new Promise((r) => setTimeout(r, 25000))]);
clearInterval(timer);
console.log("burst", count, Date.now() - t, "ms", done, tab.events);
console.log("LOGS", (stack.logs ?? "none").slice(0, 3000)); for (const w of tab.network.wires) { console.log("WIRE", w.isOpen); for (const e of w.events.slice(0, 40)) console.log(" ", e.kind, e.isUp ? "up" : "down", (e.text ?? e.status ?? "").toString().slice(0, 120), e.text?.length); console.log(w.events.length, "up", w.events.filter((e) => e.isUp).length, "acks", Math.max(...w.events.filter((e) => !e.isUp).flatMap((e) => e.records).filter((r) => r.type === 8).map((r) => r.sequenceId))); }
await tab.leave();
await stack.stop();
