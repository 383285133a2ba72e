// What becomes of a message: the stack's log tells the fate, and the tabs of this page tell what they got.

import type { Envelope, Message } from "../../components/envelope";
import type { Fate } from "../../components/outcome";
import { HUB, letters, restToken, send, told, type Told } from "./backend";
import { stack } from "./stack";
import { timeline, type Sent } from "./timeline";

type Tell = (fate: Fate) => void;

const PAUSE_MILLISECONDS = 60;
/** A frame that left the publisher is on its way for a moment more. */
const ON_ITS_WAY_MILLISECONDS = 250;
/** A message waits longer on the queue only when something is wrong, which its lines tell. */
const PATIENCE_MILLISECONDS = 2000;

const TONES: Record<Told["outcome"], Fate["tone"]> = {
  done: "good",
  kept: "plain",
  underway: "wait",
  expired: "plain",
  undeliverable: "plain",
  rejected: "bad",
};

/** Sends a message, and tells what becomes of the message until its fate is known. */
export async function follow(message: Message, tell: Tell): Promise<void> {
  tell({ tone: "wait", text: "Sending" });
  const sent = timeline.sends(message);
  const id = await send(message).catch((error: Error) => tell({ tone: "bad", text: `Not sent: ${error.message}` }));
  if (!id) return;
  tell({ tone: "wait", text: "In the queue" });
  try {
    tell(await settled(id, [message].flat(), sent, tell));
  } catch (error) {
    tell({ tone: "bad", text: `Sent, but the fate is not known: ${(error as Error).message}` });
  }
}

/** Waits until each element has an end. An element that the publisher cannot read has no hub, and only a letter tells its end. */
async function settled(id: string, elements: Envelope[], sent: Sent, tell: Tell): Promise<Fate> {
  const token = await restToken();
  const hubs = [...new Set(elements.map(({ hub }) => String(hub || HUB)))];
  let quietSince = performance.now();
  for (;; await pause(PAUSE_MILLISECONDS)) {
    const quietFor = performance.now() - quietSince;
    // What is on the queue has no line yet, as a rule, and browsers note each 404.
    if ((await isQueued()) && quietFor < PATIENCE_MILLISECONDS) continue;
    const letter = (stack.now?.queues.dlq ?? 0) > 0 && (await letterOf(id));
    if (letter) return { tone: "bad", text: `Rejected: ${letter.detail}` };
    const answers = await Promise.all(hubs.map((hub) => told(hub, id, token)));
    const known = answers.filter((answer) => typeof answer !== "string");
    const underway = known.find(({ outcome }) => outcome === "underway");
    if (underway) tell({ tone: "wait", text: underway.sentence });
    else if (countElements(known) >= Math.max(1, elements.length)) return ended(known, sent);
    if (underway) quietSince = performance.now();
    else if (quietFor > 2 * PATIENCE_MILLISECONDS) throw new Error(answers.find((answer) => typeof answer === "string"));
  }
}

async function isQueued(): Promise<boolean> {
  await stack.look();
  if (stack.isDown) throw new Error("the local stack does not answer");
  const { notifications = 0, deliveries = 0 } = stack.now?.queues ?? {};
  return notifications + deliveries > 0;
}

async function letterOf(id: string) {
  return (await letters()).find(({ progressKey }) => progressKey === id || progressKey.startsWith(`${id}/`));
}

const countElements = (known: Told[]) =>
  new Set(known.flatMap(({ timeline }) => timeline.flatMap(({ fields }) => fields.element ?? []))).size;

/** The fate, with the tabs of this page where these got the message. */
async function ended(known: Told[], sent: Sent): Promise<Fate> {
  const delivered = known.flatMap(({ timeline }) => timeline.filter(({ step }) => step === "delivered"));
  const connections = delivered.reduce((sum, { fields }) => sum + (fields.reached ?? 0), 0);
  const until = performance.now() + ON_ITS_WAY_MILLISECONDS;
  while (sent.calls.length > 0 && sent.reached.size < connections && performance.now() < until) await pause(PAUSE_MILLISECONDS);
  const tones = known.map(({ outcome }) => TONES[outcome]);
  const tone = (["bad", "plain"] as const).find((tone) => tones.includes(tone)) ?? "good";
  const times = [...sent.reached.values()];
  if (tone === "good" && times.length > 0 && times.length >= connections) return { tone, text: `Reached ${tabs(times.length)} in ${Math.max(...times)} ms` };
  const sentences = known.map(({ sentence }) => sentence).join(" ");
  return { tone, text: connections > 0 ? `${sentences} ${capital(tabs(times.length))} of this page got it.` : sentences };
}

const tabs = (count: number) => (count === 1 ? "1 tab" : `${count || "no"} tabs`);
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
