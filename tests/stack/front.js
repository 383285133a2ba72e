// One host in front of a deployment, as CloudFront is in AWS, with the development endpoints of the
// local stack beside it, so that the stories find what they know.

import { listen, pass, passUpgrade, serving } from "./proxy.js";

/** Where the deployment calls with events of clients. */
export const WEBHOOK = "/dev/webhook";
const RAW_PATH = "x-hubcast-raw-path";

export class Front {
  #server;
  /** The port of the endpoint that a story has; without one every event is taken. */
  #webhook;
  /** Set by whoever deployed: `port`, `httpApi`, `webSocketApi`, `issuer`, `reset`, `fail`, `moveKeys`. */
  deployment;

  async start() {
    this.#server = serving((incoming, outgoing, body) => this.#answer(incoming, outgoing, body));
    this.#server.on("upgrade", (incoming, socket, head) => {
      const { port, webSocketApi } = this.deployment;
      passUpgrade(port, `/_aws/execute-api/${webSocketApi}/${stagePath(incoming.url)}`, incoming, socket, head);
    });
    this.url = await listen(this.#server);
    return this.url;
  }

  async #answer(incoming, outgoing, body) {
    const { port, httpApi, issuer } = this.deployment;
    const { pathname } = new URL(incoming.url, this.url);
    if (incoming.headers["x-amz-target"]) return pass(port, incoming.url, incoming, body, outgoing);
    if (pathname === "/dev/reset") return this.#done(outgoing, this.deployment.reset());
    if (pathname === WEBHOOK) return this.#webhookAnswers(incoming, outgoing, body);
    if (pathname === "/dev/fault") return this.#done(outgoing, this.deployment.fail(JSON.parse(body)));
    if (pathname === "/dev/access-keys") return this.#done(outgoing, this.deployment.moveKeys(body.toString()));
    if (pathname === "/dev/restored-table") return this.#done(outgoing, this.deployment.restoreTable(body.toString()));
    if (pathname === "/dev/table") return this.#done(outgoing, this.deployment.useTable(body.toString()));
    const document = issuer.answer(pathname, body);
    if (document) return outgoing.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(document));
    // As viewer-request.js writes it.
    delete incoming.headers[RAW_PATH];
    if (pathname.startsWith("/api/")) incoming.headers[RAW_PATH] = incoming.url.split("?")[0];
    return pass(port, `/_aws/execute-api/${httpApi}/$default${incoming.url}`, incoming, body, outgoing);
  }

  /** PUT says which port has the endpoint; whatever else comes is for it. */
  #webhookAnswers(incoming, outgoing, body) {
    if (incoming.method === "PUT") this.#webhook = JSON.parse(body).port;
    else if (this.#webhook) return pass(this.#webhook, incoming.url, incoming, body, outgoing);
    return this.#done(outgoing);
  }

  async #done(outgoing, work) {
    await work;
    outgoing.writeHead(204).end();
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** `/hubs/{hub}` becomes `?hub=`, and both paths of sockets become the stage. */
function stagePath(url) {
  const { pathname, search } = new URL(url, "http://front");
  const [, hub] = /^\/hubs\/([^/]+)\/?$/.exec(pathname) ?? [];
  if (hub === undefined) return `prod${search}`;
  return `prod?hub=${hub}${search.replace("?", "&")}`;
}
