// What the backends and the operator do: counts, the four jobs, any envelope.

import { useState } from "preact/hooks";
import { send } from "./backend";
import { Builder } from "./builder";
import { LiveCounts } from "./counts";
import type { Message } from "./envelope";
import { Jobs } from "./jobs";
import { Preview, type Shown } from "./preview";

/** Sends a message, shows it and tells what becomes of it. */
export type Sender = (message: Message) => Promise<void>;

export function Operator() {
  const [shown, show] = useState<Shown>();
  const [last, setLast] = useState({ place: "form", isGood: true, text: "" });
  // What becomes of a message is told where somebody pressed the button, since that is where they look.
  const sender =
    (place: string, title: string): Sender =>
    async (message) => {
      const tell = (isGood: boolean, text: string) => setLast({ place, isGood, text });
      show({ title, message });
      tell(true, "");
      try {
        tell(true, `Enqueued as ${(await send(message)).slice(0, 8)}.`);
      } catch (error) {
        tell(false, `Not sent: ${(error as Error).message}`);
      }
    };
  const ofJob = (job: string) => ({ send: sender(job, `Sent by the button: ${job}`), outcome: outcomeAt(job) });
  const outcomeAt = (place: string) => (
    <p role="status" class="outcome" data-good={last.isGood}>
      {last.place === place ? last.text : ""}
    </p>
  );
  return (
    <section class="operator" id="operator" aria-labelledby="operator-title" tabIndex={-1}>
      <div class="section-head">
        <h2 id="operator-title">Operator</h2>
        <p class="muted">Backends put one JSON message on a queue.</p>
      </div>
      <LiveCounts />
      <Jobs of={ofJob} />
      <section class="card" aria-labelledby="envelope-title">
        <h3 id="envelope-title">Any message</h3>
        <Builder send={sender("form", "As sent")} edited={(message) => show({ title: "As the form says", message })} />
        {outcomeAt("form")}
        {shown ? <Preview shown={shown} show={show} send={sender("json", "As edited")} outcome={outcomeAt("json")} /> : null}
      </section>
    </section>
  );
}
