// Clients with stateful reconnect, each behind a network of its own that can be cut.

import signalr80 from "signalr-8.0.0";
import signalr8 from "signalr-8";
import signalr9 from "signalr-9";
import signalr10 from "signalr-10";
import { client } from "./client.js";
import { startNetwork } from "./network.js";

/** The versions that know stateful reconnect: the first and the last of 8, and the last of 9 and 10. */
export const statefulVersions = { "8.0.0": signalr80, "8.0.29": signalr8, "9.0.19": signalr9, "10.0.11": signalr10 };

const RECONNECT = [0, 100, 500, 2000];

/** A tab of a user, ready, and its network. `path` is that of the hub, or of the client endpoint. */
export async function statefulTab(stack, user, { signalR = signalr10, network, path = "/hubs/notifications", ...more } = {}) {
  network ??= await startNetwork(stack);
  const build = (builder) => builder.withStatefulReconnect();
  const token = () => stack.token(user);
  const tab = await client({ url: network.url + path, token, signalR, build, reconnect: RECONNECT, ...more }).ready();
  return Object.assign(tab, {
    network,
    firstId: tab.id,
    /** Cuts the socket that the tab has now. */
    cut: (how) => network.open.at(-1).cut(how),
    async leave() {
      await tab.stop();
      await network.stop();
    },
  });
}
