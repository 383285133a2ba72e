// Whether the local stack answers, who is connected, and what waits: asked twice a second, and more seldom while
// nothing answers.

import { counts, type Counts } from "./backend";
import { Observable } from "../../components/observe";

const EVERY_MILLISECONDS = 500;
const LONGEST_MILLISECONDS = 10_000;

class StackState extends Observable {
  now: Counts | undefined;
  /** When the next try is, in milliseconds; nothing while the stack answers. */
  nextTry: number | undefined;
  #timer = 0;
  #failures = 0;

  get isDown(): boolean {
    return this.nextTry !== undefined;
  }

  /** Asks now, and from now on. */
  async look(): Promise<void> {
    window.clearTimeout(this.#timer);
    try {
      if (!document.hidden) this.now = await counts();
      this.#failures = 0;
      this.nextTry = undefined;
    } catch {
      this.#failures += 1;
      this.nextTry = Date.now() + this.#pause;
    }
    this.#timer = window.setTimeout(() => void this.look(), this.#pause);
    this.changed();
  }

  get #pause(): number {
    return Math.min(LONGEST_MILLISECONDS, EVERY_MILLISECONDS * 2 ** this.#failures);
  }
}

export const stack = new StackState();
