import { startStack } from "./harness/stack.js";
import { tryOpen, opened, records, record, RS, PING } from "./harness/raw.js";
const H2 = `{"protocol":"json","version":2}${RS}`;
const stack = await startStack("--stateful-reconnect", "on");
async function nego(user, hub = "notifications") {
  const token = await stack.token(user);
  const a = await (await fetch(`${stack.url}/hubs/${hub}/negotiate?negotiateVersion=1&useStatefulReconnect=true`, { method: "POST", headers: { authorization: `Bearer ${token}` } })).json();
  const q = new URLSearchParams(new URL(a.url).search); q.set("negotiateVersion", "1"); q.set("useStatefulReconnect", "true");
  const b = await (await fetch(`${stack.url}/client/negotiate?${q}`, { method: "POST", headers: { authorization: `Bearer ${a.accessToken}` } })).json();
  return { hub, token: a.accessToken, id: b.connectionToken };
}
const url = (n) => `${stack.url}/client/?${new URLSearchParams({ hub: n.hub, id: n.id, access_token: n.token })}`;
const call = (id) => record({ type: 1, invocationId: String(id), target: "GetConnectionId", arguments: [] });
for (const count of process.argv.slice(2).map(Number)) {
  const n = await nego("u" + count);
  const s = await opened(url(n));
  s.send(H2); await s.frame(1); s.send(PING); await s.frame(2);
  const t = Date.now();
  for (let i = 0; i < count; i++) s.send(call(i));
  const done = () => new Set(s.records.filter((r) => r.type === 3).map((r) => r.invocationId)).size;
  await s.until(() => s.closed || done() >= count, "x", 20000).catch(() => {});
  console.log(count, Date.now() - t, "ms done", done(), "ack", Math.max(0, ...s.records.filter((r) => r.type === 8).map((r) => r.sequenceId)), s.closed);
  s.destroy();
}
await stack.stop();
