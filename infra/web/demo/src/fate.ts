// What becomes of a message, as far as the stack and the tabs of this page know.

import { HUB, letters, send } from "./backend";
import type { Envelope, Message } from "./envelope";
import { stack } from "./stack";
import { timeline, type Sent } from "./timeline";

/** What became of a message, in a sentence. */
export interface Fate {
  tone: "wait" | "good" | "plain" | "bad";
  text: string;
}

const PAUSE_MILLISECONDS = 60;
/** A frame that left the publisher is on its way for a moment more. */
const ON_ITS_WAY_MILLISECONDS = 250;

/** Sends a message, and tells what becomes of it until that is known. */
export async function follow(message: Message, tell: (fate: Fate) => void): Promise<void> {
  tell({ tone: "wait", text: "Sending" });
  const sent = timeline.sends(message);
  try {
    const id = await send(message);
    tell({ tone: "wait", text: "In the queue" });
    tell(await settled(id, sent, [message].flat()));
  } catch (error) {
    tell({ tone: "bad", text: `Not sent: ${(error as Error).message}` });
  }
}

/** Waits until the publisher has handled the message; answers what is known then. */
async function settled(id: string, sent: Sent, elements: Envelope[]): Promise<Fate> {
  do {
    await pause(PAUSE_MILLISECONDS);
    await stack.look();
    if (stack.isDown) throw new Error("the local stack does not answer");
  } while ((stack.now?.queues.notifications ?? 0) + (stack.now?.queues.deliveries ?? 0) > 0);
  const rejected = (await letters()).find(({ progressKey }) => progressKey === id || progressKey.startsWith(`${id}/`));
  if (rejected) return { tone: "bad", text: `Rejected: ${rejected.detail}` };
  if (sent.calls.length === 0) return { tone: "good", text: "Done" };
  if (sent.reached.size === 0) await pause(ON_ITS_WAY_MILLISECONDS);
  return sent.reached.size > 0 ? reached([...sent.reached.values()]) : unseen(elements);
}

/** What can be said of a message that no tab of this page got. */
function unseen(elements: Envelope[]): Fate {
  if (elements.some(mayBeElsewhere)) return { tone: "plain", text: "No tab of this page got this; other windows may have" };
  if (elements.some(({ keepSeconds }) => keepSeconds)) return { tone: "plain", text: "Nobody is connected: the message waits" };
  if (elements.some(({ retain }) => retain)) return { tone: "plain", text: "Nobody is connected: the message is retained for who comes" };
  return { tone: "plain", text: "Nobody is connected who would get this" };
}

/** Whether somebody of the audience is connected, as the stack counts. */
function mayBeElsewhere({ hub = HUB, connectionId, userId, userIds = [], groupName, groupNames = [], target }: Envelope): boolean {
  const now = stack.now?.hubs[hub.toLowerCase()];
  if (!target || !now) return false;
  const [users, groups] = [[userId ?? [], userIds].flat(), [groupName ?? [], groupNames].flat()];
  if (users.length + groups.length === 0) return connectionId !== undefined || now.connections > 0;
  return users.some((user) => now.users[user]) || groups.some((group) => now.groups[group]);
}

function reached(times: number[]): Fate {
  const [tabs, last] = [times.length === 1 ? "1 tab" : `${times.length} tabs`, Math.max(...times)];
  return { tone: "good", text: `Reached ${tabs} in ${last} ms` };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
