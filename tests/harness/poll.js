// Asks again and again until an answer is the one that a story waits for.

import { setTimeout as pause } from "node:timers/promises";

/** How long a story waits before it fails. Only failures take so long: a slow machine is no failure. */
export const PATIENCE_MS = 60_000;
/** What is asked works on the same cores: a pause leaves it some. */
const PAUSE_MS = 10;

/**
 * Asks until `isWanted` of an answer is true, and answers with it.
 * `describe` turns the last answer into the text of the error when the patience ends.
 */
export async function poll(ask, isWanted, describe, patience = PATIENCE_MS) {
  for (const end = Date.now() + patience; ; await pause(PAUSE_MS)) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
    if (Date.now() > end) throw new Error(describe(answer));
  }
}
