// Clients with stateful reconnect, each behind a network of its own that can be cut.

import signalr80 from "signalr-8.0.0";
import signalr8 from "signalr-8";
import signalr9 from "signalr-9";
import signalr10 from "signalr-10";
import { client, isBrief } from "./client.js";
import { startNetwork } from "./network.js";

const all = { "8.0.0": signalr80, "8.0.29": signalr8, "9.0.19": signalr9, "10.0.11": signalr10 };
/** The versions that know stateful reconnect: the first and the last of 8, and the last of 9 and 10. */
export const statefulVersions = isBrief ? { "10.0.11": signalr10 } : all;

const RECONNECT = [0, 100, 500, 2000];

/**
 * Keeps a client on its network: a deployment has one public URL, and redirects every client to it.
 * The local stack redirects to the host that a client called.
 */
function throughNetwork(signalR, stack, network) {
  class Redirecting extends signalR.DefaultHttpClient {
    async send(request) {
      const { statusCode, statusText, content } = await super.send(request);
      return new signalR.HttpResponse(statusCode, statusText, content.replaceAll(stack.url, network.url));
    }
  }
  return { httpClient: new Redirecting(signalR.NullLogger.instance) };
}

/** A client of a user behind a network, not started. `path` is that of the hub, or of the client endpoint. */
export function stateful(stack, user, { signalR = signalr10, network, path = "/hubs/notifications", ...more }) {
  const build = (builder) => builder.withStatefulReconnect();
  const token = () => stack.token(user);
  const options = throughNetwork(signalR, stack, network);
  return client({ url: network.url + path, token, signalR, build, options, reconnect: RECONNECT, ...more });
}

/** A tab of a user, ready, and its network. */
export async function statefulTab(stack, user, { network, ...more } = {}) {
  network ??= await startNetwork(stack);
  const tab = await stateful(stack, user, { network, ...more }).ready();
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
