// What became of something that somebody did, told where they pressed the button, since that is where they look.

import type { Message } from "./envelope";

/** Sends a message, shows it and tells what becomes of it. */
export type Sender = (message: Message) => Promise<void>;

/** What became of a message, in a sentence. */
export interface Fate {
  tone: "wait" | "good" | "plain" | "bad";
  text: string;
}

export function Outcome({ fate }: { fate: Fate | undefined }) {
  return (
    <p role="status" class="outcome" data-tone={fate?.tone ?? "wait"}>
      {fate?.text ?? ""}
    </p>
  );
}
