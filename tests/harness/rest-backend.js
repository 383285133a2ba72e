// A backend with the interface of `Backend` that says everything by the REST API, as a management SDK does.
//
// What REST has no words for is told by SQS only: `block` and `unblock`, `retain`, `keepSeconds` and
// `expiresAt`, answers to clients, several elements in one message, and what `WORDS` lacks of each
// audience. An envelope with any of it throws; an array is said element by element.

import { Backend } from "./backend.js";
import { escaped, Rest } from "./rest.js";

/** What REST can say beside the audience, by what is done and with whom. */
const WORDS = {
  send: { connections: [], users: [], groups: ["excludedConnectionIds"], hub: ["excludedConnectionIds"], several: [] },
  close: {
    connections: ["reason", "allowReconnect"],
    users: ["reason", "allowReconnect", "revoke", "excludedConnectionIds"],
    groups: ["reason", "allowReconnect", "excludedConnectionIds"],
    hub: ["reason", "allowReconnect", "excludedConnectionIds"],
  },
  add: { connections: [], users: ["ttlSeconds"], several: ["ttlSeconds"] },
  remove: { connections: [], users: [], several: [] },
  removeAll: { connections: [], users: [] },
};
const AUDIENCE = ["hub", "everyone", "connectionId", "userId", "userIds", "groupName", "groupNames"];

/** An envelope's connections, users and groups as places, which paths begin with. */
function read(envelope) {
  const { connectionId, userId, userIds = [], groupName, groupNames = [] } = envelope;
  const place = (kind) => (name) => ({ kind, name, path: `/${kind}/${escaped(name)}` });
  const places = (kind, ...names) => names.filter((name) => name !== undefined).map(place(kind));
  const subjects = [...places("connections", connectionId), ...places("users", userId, ...userIds)];
  return { subjects, groups: places("groups", groupName, ...groupNames) };
}

/** Refuses to leave out what an envelope says. */
function check({ target, arguments: _, action, ...envelope }, verb, places) {
  const kind = places.length > 1 ? "several" : (places[0]?.kind ?? "hub");
  const words = WORDS[verb]?.[kind];
  const unsaid = Object.keys(envelope).filter((name) => !AUDIENCE.includes(name) && !words?.includes(name));
  if (!words || unsaid.length > 0) throw new Error(`REST cannot say ${verb} of ${kind} with ${unsaid}`);
}

// The calls of an envelope. `behind` names what they stay in order with; `isAtOnce` says that they also
// read or write what is not in the queue.
const calls = {
  /** Several names are a filter, so that who has two of them hears it once. */
  send({ target, arguments: args = [], excludedConnectionIds: excluded }, places) {
    const body = Rest.message(target, ...args);
    const [{ path } = { path: "" }, ...more] = places;
    if (more.length === 0) return [{ method: "POST", path: `${path}/:send`, query: { excluded }, body, behind: path }];
    const query = { filter: places.map(meaning).join(" or ") };
    const commands = JSON.stringify([{ type: "SendMessage", message: JSON.parse(body) }]);
    return [{ method: "POST", path: "/:execute", query, body: commands, behind: "", isAtOnce: true }];
  },

  /** An envelope's close is final, and of a user a log-out, unless it says otherwise; Azure's call is neither. */
  close({ reason, allowReconnect = false, revoke = !allowReconnect, excludedConnectionIds: excluded }, [place]) {
    const behind = place?.path ?? "";
    if (place?.kind === "connections") return [{ method: "DELETE", path: behind, query: { reason, allowReconnect }, behind }];
    const query = { reason, excluded, allowReconnect, revoke: place?.kind === "users" ? revoke : undefined };
    return [{ method: "POST", path: `${behind}/:closeConnections`, query, behind }];
  },

  add: ({ ttlSeconds: ttl }, subjects, groups) =>
    memberships("PUT", subjects, groups).map((call) => ({ ...call, query: { ttl }, isAtOnce: true })),

  remove: (_, subjects, groups) => memberships("DELETE", subjects, groups),

  removeAll(_, subjects) {
    const paths = subjects.map(({ path }) => `${path}/groups`);
    return paths.map((path) => ({ method: "DELETE", path, behind: path, isAtOnce: true }));
  },
};

/** A call for each subject and group, which stays in order with what the group gets. */
function memberships(method, subjects, groups) {
  return groups.flatMap((group) =>
    subjects.map(({ kind, path }) => {
      const way = kind === "users" ? [path, group.path] : [group.path, path];
      return { method, path: way.join(""), behind: group.path };
    }),
  );
}

/** A place as a condition of a filter. */
function meaning({ kind, name }) {
  const quoted = `'${name.replaceAll("'", "''")}'`;
  if (kind === "groups") return `${quoted} in groups`;
  return `${kind === "users" ? "userId" : "connectionId"} eq ${quoted}`;
}

export class RestBackend extends Backend {
  /** What may still be in the queue. */
  #underWay = new Set();

  /**
   * Says an envelope. REST keeps no order between audiences: with a `group` it waits for what was said
   * before, unless that is in the same audience's order.
   */
  async send(envelope, { group } = {}) {
    for (const element of [envelope].flat()) await this.#say(element, group !== undefined);
  }

  async #say(envelope, isInOrder) {
    const verb = envelope.action ?? "send";
    const { subjects, groups } = read(envelope);
    const places = verb === "add" || verb === "remove" ? subjects : [...subjects, ...groups];
    check(envelope, verb, places);
    const rest = new Rest(this.stack, { hub: envelope.hub ?? this.hub });
    for (const call of calls[verb](envelope, places, groups)) {
      if (isInOrder) await this.#follow(call);
      await this.#perform(rest, call);
    }
  }

  async #follow({ behind, isAtOnce }) {
    const others = [...this.#underWay].filter((place) => isAtOnce || place !== behind);
    if (others.length > 0) await this.quiet();
  }

  async #perform(rest, { method, path, query = {}, body, behind }) {
    const said = Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
    const { status, text } = await rest.call(method, path, { query: said, body });
    if (status < 200 || status > 299) throw new Error(`${method} ${path} was answered ${status}: ${text}`);
    this.#underWay.add(behind);
  }

  async quiet() {
    await super.quiet();
    this.#underWay.clear();
  }

  /** One call for each. */
  async sendBatch(envelopes, options) {
    for (const envelope of envelopes) await this.send(envelope, options);
  }

  /** Nothing goes by SQS. */
  async sendBody() {
    throw new Error("REST has envelopes only");
  }
}
