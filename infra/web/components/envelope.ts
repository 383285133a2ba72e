// Envelopes, and the form that makes them.

/** What goes to the queue; docs/envelope.schema.json has all of it. */
export interface Envelope {
  hub?: string;
  connectionId?: string;
  userId?: string;
  userIds?: string[];
  groupName?: string;
  groupNames?: string[];
  everyone?: boolean;
  target?: string;
  arguments?: unknown[];
  action?: Action;
  ttlSeconds?: number;
  reason?: string;
  allowReconnect?: boolean;
  expiresAt?: string;
  retain?: string;
  keepSeconds?: number;
}

/** One envelope, or several that stay in order. */
export type Message = Envelope | Envelope[];

export type Action = "add" | "remove" | "removeAll" | "close" | "block" | "unblock";
export type Audience = "user" | "group" | "connection" | "everyone";

/** What the form holds, as it was typed. */
export interface Form {
  audience: Audience;
  names: string;
  what: "call" | Action;
  target: string;
  args: string;
  groups: string;
  ttl: string;
  reason: string;
  allowReconnect: boolean;
  expiresIn: string;
  retain: string;
  keep: string;
}

/** Whom each kind of envelope may name. */
export const AUDIENCES: Record<Form["what"], Audience[]> = {
  call: ["user", "group", "connection", "everyone"],
  add: ["user", "connection"],
  remove: ["user", "connection"],
  removeAll: ["user", "connection"],
  close: ["user", "group", "connection", "everyone"],
  block: ["user"],
  unblock: ["user"],
};

/** A field that cannot stay as it is, and why. */
export class Fault extends Error {
  constructor(
    readonly field: keyof Form,
    text: string,
  ) {
    super(text);
  }
}

/** The envelope that the form describes; throws a `Fault`. */
export function toEnvelope(form: Form, now = Date.now()): Envelope {
  const expiresIn = seconds(form, "expiresIn");
  const expiry = expiresIn === undefined ? {} : { expiresAt: new Date(now + expiresIn * 1000).toISOString() };
  return { ...audience(form), ...content(form), ...expiry };
}

function audience(form: Form): Envelope {
  const names = list(form.names);
  const [name = ""] = names;
  if (form.audience === "everyone") return { everyone: true };
  if (name === "") throw new Fault("names", `Name the ${form.audience}.`);
  if (form.audience === "connection") return { connectionId: name };
  if (form.audience === "user") return names.length > 1 ? { userIds: names } : { userId: name };
  return names.length > 1 ? { groupNames: names } : { groupName: name };
}

function content(form: Form): Envelope {
  const { what, reason } = form;
  const ttl = (): Envelope => {
    const ttlSeconds = seconds(form, "ttl");
    return ttlSeconds === undefined ? {} : { ttlSeconds };
  };
  switch (what) {
    case "call":
      return { target: method(form), arguments: args(form), ...kept(form) };
    case "add":
      return { action: what, ...groups(form), ...ttl() };
    case "remove":
      return { action: what, ...groups(form) };
    case "block":
      return { action: what, ...ttl() };
    case "close":
      return { action: what, ...(reason && { reason }), ...(form.allowReconnect && { allowReconnect: true }) };
    case "removeAll":
    case "unblock":
      return { action: what };
  }
}

/** What stays for who comes later. */
function kept(form: Form): Envelope {
  const keepSeconds = seconds(form, "keep");
  const retain = form.retain.trim();
  if (keepSeconds !== undefined && list(form.names).length > 1) throw new Fault("keep", "A message waits for one user.");
  if (keepSeconds !== undefined && retain !== "") throw new Fault("keep", "A message waits, or is retained: not both.");
  return { ...(retain && { retain }), ...(keepSeconds !== undefined && { keepSeconds }) };
}

function method({ target }: Form): string {
  if (target.trim() === "") throw new Fault("target", "Name the client's method.");
  return target.trim();
}

function args({ args }: Form): unknown[] {
  const read = json(args.trim() || "[]", (text) => new Fault("args", text));
  if (!Array.isArray(read)) throw new Fault("args", "The arguments are an array, with one element for each argument.");
  return read;
}

/** The message that was typed as JSON. */
export function toMessage(text: string): Message {
  const read = json(text, (text) => new Error(text));
  const elements: unknown[] = Array.isArray(read) ? read : [read];
  const isObject = (each: unknown) => typeof each === "object" && each !== null && !Array.isArray(each);
  if (elements.length === 0 || !elements.every(isObject)) throw new Error("A message is an object, or an array of objects.");
  return read as Message;
}

/** Reads JSON of which nothing is lost on the way: a browser knows no numbers but doubles. */
function json(text: string, fault: (text: string) => Error): unknown {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw fault(`This is not JSON: ${(error as Error).message}`);
  }
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[-+.\deE]*/g)) {
    const sent = token.startsWith('"') ? token : JSON.stringify(Number(token));
    if (sent !== token) throw fault(`${token} would be sent as ${sent}: write it so, or as a text.`);
  }
  return read;
}

function groups(form: Form): Envelope {
  const names = list(form.groups);
  const [groupName] = names;
  if (groupName === undefined) throw new Fault("groups", "Name the group.");
  return names.length > 1 ? { groupNames: names } : { groupName };
}

function seconds(form: Form, field: "ttl" | "expiresIn" | "keep"): number | undefined {
  const text = form[field].trim();
  if (text === "") return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Fault(field, "Whole seconds, or nothing.");
  return Number(text);
}

/** Names between commas. */
export function list(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ""))];
}

/** The MessageGroupId: what must stay in order shares one. */
export async function messageGroup(message: Message, hub: string): Promise<string> {
  const { connectionId, userId, groupName, hub: own } = Array.isArray(message) ? (message[0] ?? {}) : message;
  if (own) hub = own.toLowerCase();
  if (connectionId) return sqsName(`${hub}:connection:${connectionId}`);
  if (userId) return sqsName(`${hub}:user:${userId}`);
  if (groupName) return sqsName(`${hub}:group:${groupName}`);
  return `${hub}:hub`;
}

/** SQS takes 128 characters of ASCII for a message group; any other name goes as its digest. */
async function sqsName(name: string): Promise<string> {
  if (/^[!-~]{1,128}$/.test(name)) return name;
  // A page that came from another machine by plain HTTP cannot make one.
  if (!crypto.subtle) return encodeURIComponent(name).slice(0, 128);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(name));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
