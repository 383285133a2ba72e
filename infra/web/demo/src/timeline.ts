// All that happens on the page in one order: what was sent, the frames of all tabs, and notes.

import type { Envelope, Message } from "../../components/envelope";
import { Observable } from "../../components/observe";
import type { Frame } from "./wire";

const KEPT = 400;

/** One line of the timeline. */
export interface Entry {
  id: number;
  at: Date;
  /** Who: a tab's title, or the backend. */
  who: string;
  /** The tab's user, for the colour. */
  user: string | undefined;
  direction: Frame["direction"] | "queue";
  title: string;
  text: string;
  isRecord: boolean;
  /** From the queue to this tab, in milliseconds. */
  latency: number | undefined;
}

/** Something that was sent, and what is known of it so far. */
export interface Sent {
  /** What clients are called with. */
  calls: { target: string; args: string }[];
  /** When it was sent, by the clock that never jumps. */
  at: number;
  /** The tabs that it reached, with the time that each took. */
  reached: Map<number, number>;
}

let lastId = 0;

class Timeline extends Observable {
  entries: Entry[] = [];
  #sent: Sent[] = [];

  /** Notes that a message leaves for the queue. */
  sends(message: Message): Sent {
    const elements = [message].flat() as Envelope[];
    const calls = elements.flatMap(({ target, arguments: args = [] }) => (target ? [{ target, args: JSON.stringify(args) }] : []));
    const sent = { calls, at: performance.now(), reached: new Map() };
    this.#sent = [...this.#sent, sent].slice(-50);
    const title = elements.map(({ target, action }) => target ?? action ?? "message").join(", ");
    this.#add({ who: "backend", user: undefined, direction: "queue", title, text: JSON.stringify(message), isRecord: false, latency: undefined });
    return sent;
  }

  /** Notes a frame of a tab. */
  notes(tab: { id: number; title: string; user: string }, frame: Frame): void {
    const latency = frame.direction === "in" && frame.isRecord ? this.#arrived(tab.id, frame.text) : undefined;
    this.#add({ who: tab.title, user: tab.user, ...frame, latency });
  }

  clear(): void {
    this.entries = [];
    this.changed();
  }

  /** How long a call took from the queue to the tab, if this page sent it. */
  #arrived(tab: number, record: string): number | undefined {
    const { type, target, arguments: args } = JSON.parse(record);
    if (type !== 1) return undefined;
    const text = JSON.stringify(args);
    const isOwn = ({ calls, reached }: Sent) => !reached.has(tab) && calls.some((call) => call.target === target && call.args === text);
    const sent = this.#sent.find(isOwn);
    if (!sent) return undefined;
    const took = Math.max(1, Math.round(performance.now() - sent.at));
    sent.reached.set(tab, took);
    return took;
  }

  #add(entry: Omit<Entry, "id" | "at"> & { at?: Date }): void {
    this.entries = [...this.entries, { at: new Date(), ...entry, id: ++lastId }].slice(-KEPT);
    this.changed();
  }
}

export const timeline = new Timeline();
