// What becomes of a message, as the log tells it.

import type { Message } from "../../components/envelope";
import type { Fate } from "../../components/outcome";
import { ask, change, type Failure, type Journey } from "./api";

const PAUSE_MILLISECONDS = 500;
const PATIENCE_MILLISECONDS = 60_000;
const TONES: Record<NonNullable<Journey["outcome"]>, Fate["tone"]> = {
  underway: "wait",
  done: "good",
  kept: "good",
  expired: "plain",
  undeliverable: "plain",
  rejected: "bad",
};

/** A failure as one line. */
export const sentence = ({ text, advice }: Failure): string => (advice ? `${text}; ${advice}` : text);

/** Sends a message, and tells its fate and its journey until the log knows the fate. */
export async function follow(message: Message, tell: (fate: Fate, journey?: Journey) => void): Promise<void> {
  tell({ tone: "wait", text: "Sending" });
  const sent = await change<{ ids: string[] }>("messages", message);
  const id = sent.results[0]?.ids[0];
  if (sent.failure || id === undefined) {
    tell({ tone: "bad", text: sent.failure ? `Not sent: ${sentence(sent.failure)}` : "Not sent" });
    return;
  }
  tell({ tone: "wait", text: `In the queue as ${id}` });
  for (const end = Date.now() + PATIENCE_MILLISECONDS; Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    const { results } = await ask<Journey>("why", { message: id, since: "15m" });
    const journey = results[0];
    if (journey?.outcome) tell({ tone: TONES[journey.outcome], text: journey.sentence }, journey);
    if (journey?.outcome && journey.outcome !== "underway") return;
  }
  tell({ tone: "plain", text: `The log tells no fate of ${id} yet; its journey may tell later.` });
}
