// What an app's own backend does: it hands out tokens, enqueues envelopes and looks at the counts.
// In production none of this runs in a browser.

import { messageGroup, type Message } from "../../components/envelope";

export const HUB = "notifications";
export const QUEUE_URL = `${location.origin}/000000000000/hubcast-notifications.fifo`;

/** A token and when it ends, in milliseconds. */
export interface Token {
  text: string;
  expires: number;
}

/** Who is connected, and what waits. */
export interface Counts {
  sockets: number;
  hubs: Record<string, { connections: number; users: Record<string, number>; groups: Record<string, number> }>;
  queues: { notifications: number; deliveries: number; dlq: number };
}

/** Asks the stack. Browsers say only that they failed to fetch. */
async function ask(path: string, request?: RequestInit): Promise<Response> {
  return fetch(path, request).catch(() => {
    throw new Error("the local stack does not answer");
  });
}

async function answered<T>(answer: Response): Promise<T> {
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? body.message ?? `the local stack answered ${answer.status}`);
  return body;
}

/** Signs in: a token of the development issuer. */
export async function signIn(user: string, groups: string[]): Promise<Token> {
  const request = { method: "POST", body: JSON.stringify({ sub: user, groups }) };
  const answer = await answered<{ access_token: string; expires_in: number }>(await ask("/dev/token", request));
  return { text: answer.access_token, expires: Date.now() + answer.expires_in * 1000 };
}

/** Calls SQS by its protocol. */
async function sqs<T>(operation: string, body: object): Promise<T> {
  const answer = await ask(import.meta.env.DEV ? "/aws" : "/", {
    method: "POST",
    headers: { "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": `AmazonSQS.${operation}` },
    body: JSON.stringify(body),
  });
  return answered<T>(answer);
}

/** Enqueues a message; answers its id. */
export async function send(message: Message): Promise<string> {
  const sent = await sqs<{ MessageId: string }>("SendMessage", {
    QueueUrl: QUEUE_URL,
    MessageGroupId: await messageGroup(message, HUB),
    MessageDeduplicationId: uniqueId(),
    MessageBody: JSON.stringify(message),
  });
  return sent.MessageId;
}

/** What the log tells of a message on one hub. */
export interface Told {
  outcome: "done" | "kept" | "underway" | "expired" | "undeliverable" | "rejected";
  sentence: string;
  timeline: { step: string; fields: { element?: number; reached?: number } }[];
}

/** Asks for the fate of a message by the REST API; answers why, where no line tells of the message. */
export async function told(hub: string, id: string, token: string): Promise<Told | string> {
  const path = `/api/hubs/${encodeURIComponent(hub)}/messages/${encodeURIComponent(id)}?api-version=2026-07-01`;
  const answer = await ask(path, { headers: { Authorization: `Bearer ${token}` } });
  return answer.status === 404 ? (await answer.json()).message : answered<Told>(answer);
}

/** A token of a backend. */
export async function restToken(): Promise<string> {
  const answer = await ask("/dev/rest-token", { method: "POST" });
  if (!answer.ok) throw new Error(`the local stack answered ${answer.status}`);
  return answer.text();
}

/** A dead letter. */
export interface Letter {
  id: string;
  body: string;
  reason: string;
  detail: string;
  /** Begins with the id of the message that the letter comes from. */
  progressKey: string;
}

interface Received {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  MessageAttributes?: Record<string, { StringValue?: string }>;
}

/** Takes the letters that the queue shows, has each looked at, and gives back those that stay. */
async function look(goes: (letter: Letter) => boolean = () => false): Promise<Letter[]> {
  const QueueUrl = QUEUE_URL.replace("notifications", "dlq");
  const query = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 20, MessageAttributeNames: ["All"] };
  const held: [Letter, string][] = [];
  try {
    for (;;) {
      const { Messages: messages = [] } = await sqs<{ Messages?: Received[] }>("ReceiveMessage", query);
      if (messages.length === 0) break;
      for (const message of messages) {
        const letter = read(message);
        if (goes(letter)) await sqs("DeleteMessage", { QueueUrl, ReceiptHandle: message.ReceiptHandle });
        else held.push([letter, message.ReceiptHandle]);
      }
    }
  } finally {
    // The first of each message group last, as they were.
    for (const [, ReceiptHandle] of [...held].reverse()) await sqs("ChangeMessageVisibility", { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
  }
  return held.map(([letter]) => letter);
}

function read({ MessageId: id, Body: body, MessageAttributes: attributes = {} }: Received): Letter {
  const text = (name: string, otherwise: string) => attributes[name]?.StringValue ?? otherwise;
  const detail = text("RejectDetail", "SQS moved the letter here, after too many receives.");
  return { id, body, reason: text("RejectReason", "ReceivedTooOften"), detail, progressKey: text("ProgressKey", id) };
}

/** One look at a time: letters that one look hides, another would miss. */
let looking: Promise<unknown> = Promise.resolve();
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const turn = looking.then(work, work);
  looking = turn.catch(() => undefined);
  return turn;
}

/** The first dead letters of each message group. */
export const letters = (): Promise<Letter[]> => inTurn(() => look());
/** Deletes a dead letter for good; answers those that are left. */
export const dropLetter = (id: string): Promise<Letter[]> => inTurn(() => look((letter) => letter.id === id));

/** A page that came from another machine by plain HTTP has no crypto.randomUUID. */
function uniqueId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Logs a user out of all tabs: they are told, and then closed, in this order. */
export function logOut(user: string): Message {
  return [
    { userId: user, target: "log_off_initiated" },
    { userId: user, action: "close", reason: "You have been signed out." },
  ];
}

export async function counts(): Promise<Counts> {
  return answered(await ask("/dev/counts"));
}
