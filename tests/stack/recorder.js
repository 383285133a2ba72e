// Between the functions and the emulated services: notes which IAM actions each function's calls need
// and which kinds of rows they touch, and makes posts to one socket fail when a story asks for it.

import { listen, pass, serving } from "./proxy.js";

const SERVICES = {
  AmazonSQS: "sqs",
  AmazonSSM: "ssm",
  DynamoDB_20120810: "dynamodb",
  Logs_20140328: "logs",
  secretsmanager: "secretsmanager",
};
/** Calls that have no action of their own, or not one of the same name. */
const RENAMED = { "sqs:SendMessageBatch": ["sqs:SendMessage"] };

const GET_CONNECTION = "execute-api:ManageConnections GET";

/** A connection as API Gateway describes one: MiniStack writes other names, and seconds in place of ISO 8601. */
function asGateway(text) {
  const { ConnectedAt: connected, LastActiveAt: active, Identity: identity, ...other } = JSON.parse(text || "{}");
  if (connected === undefined) return text;
  const date = (seconds) => new Date(seconds * 1000).toISOString();
  return JSON.stringify({ ...other, connectedAt: date(connected), lastActiveAt: date(active), identity });
}

export class Recorder {
  /** Function name to the actions that its calls needed. */
  actions = new Map();
  /** Function name to the kinds of rows that it touched, such as `TOKEN`. */
  rows = new Map();
  /** Calls that were refused for want of permission. */
  denied = [];
  /** `{socket, status}`: what every post to the socket is answered for now. */
  fault;
  #servers = [];

  /** A URL for one function, which leads to `port`. */
  async endpoint(name, port) {
    const [seen, rows] = [new Set(), new Set()];
    this.actions.set(name, seen);
    this.rows.set(name, rows);
    const server = serving((incoming, outgoing, body) => {
      const actions = actionsOf(incoming, body);
      for (const action of actions) seen.add(action);
      for (const [, kind] of body.toString().matchAll(/":?pk":\{"S":"([A-Z]+)/g)) rows.add(kind);
      if (this.#fails(incoming)) return outgoing.writeHead(this.fault.status).end();
      const look = (refusal) => {
        if (/AccessDenied|not authorized/.test(refusal)) this.denied.push(`${name}: ${actions}: ${refusal}`);
      };
      const edit = actions.includes(GET_CONNECTION) ? asGateway : undefined;
      return pass(port, incoming.url, incoming, body, outgoing, { look, edit });
    });
    this.#servers.push(server);
    return listen(server);
  }

  #fails({ url, method }) {
    return this.fault !== undefined && method === "POST" && url.endsWith(`/@connections/${this.fault.socket}`);
  }

  stop() {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

function actionsOf({ headers, method, url }, body) {
  if (url.includes("/@connections/")) return [`execute-api:ManageConnections ${method}`];
  const [service, operation] = (headers["x-amz-target"] ?? "").split(".");
  if (!SERVICES[service]) throw new Error(`a call that nobody knows: ${method} ${url} ${headers["x-amz-target"]}`);
  const action = `${SERVICES[service]}:${operation}`;
  if (operation === "TransactWriteItems") return ofTransaction(JSON.parse(body));
  return RENAMED[action] ?? [action];
}

/** A transaction needs the actions of its parts. */
function ofTransaction({ TransactItems: items }) {
  const NAMES = { Put: "PutItem", Update: "UpdateItem", Delete: "DeleteItem", ConditionCheck: "ConditionCheckItem" };
  return items.flatMap((item) => Object.keys(item)).map((kind) => `dynamodb:${NAMES[kind]}`);
}
