// What an app's own backend does: it hands out tokens, enqueues envelopes and looks at the counts.
// In production none of this runs in a browser.

import { messageGroup, type Message } from "./envelope";

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

async function answered<T>(answer: Response): Promise<T> {
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? body.message ?? `the local stack answered ${answer.status}`);
  return body;
}

/** Signs in: a token of the development issuer. */
export async function signIn(user: string, groups: string[]): Promise<Token> {
  const request = { method: "POST", body: JSON.stringify({ sub: user, groups }) };
  const answer = await answered<{ access_token: string; expires_in: number }>(await fetch("/dev/token", request));
  return { text: answer.access_token, expires: Date.now() + answer.expires_in * 1000 };
}

/** Enqueues a message by the protocol of SQS; answers its id. */
export async function send(message: Message): Promise<string> {
  const answer = await fetch(import.meta.env.DEV ? "/aws" : "/", {
    method: "POST",
    headers: { "Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS.SendMessage" },
    body: JSON.stringify({
      QueueUrl: QUEUE_URL,
      MessageGroupId: await messageGroup(message, HUB),
      MessageDeduplicationId: uniqueId(),
      MessageBody: JSON.stringify(message),
    }),
  });
  return (await answered<{ MessageId: string }>(answer)).MessageId;
}

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
  return answered(await fetch("/dev/counts"));
}
