// What the backends and the operator do: counts, the four jobs, any envelope.

import { useState } from "preact/hooks";
import { send } from "./backend";
import { Builder } from "./builder";
import { LiveCounts } from "./counts";
import type { Message } from "./envelope";
import { Jobs } from "./jobs";
import { Preview } from "./preview";

/** Sends a message that `title` describes. */
export type Sender = (title: string, message: Message) => Promise<void>;

interface Shown {
  title: string;
  message: Message;
}

export function Operator() {
  const [shown, show] = useState<Shown>();
  const [outcome, setOutcome] = useState({ isGood: true, text: "" });
  const sender: Sender = async (title, message) => {
    show({ title, message });
    try {
      const id = await send(message);
      setOutcome({ isGood: true, text: `Enqueued as ${id.slice(0, 8)}.` });
    } catch (error) {
      setOutcome({ isGood: false, text: (error as Error).message });
    }
  };
  return (
    <section class="operator" id="operator" aria-labelledby="operator-title" tabIndex={-1}>
      <div class="section-head">
        <h2 id="operator-title">Operator</h2>
        <p class="muted">Backends put one JSON message on a queue.</p>
      </div>
      <LiveCounts />
      <Jobs send={sender} />
      <section class="card" aria-labelledby="envelope-title">
        <h3 id="envelope-title">Any message</h3>
        <Builder send={sender} edited={(message) => show({ title: "As the form says", message })} />
        <p role="status" class="outcome" data-good={outcome.isGood}>
          {outcome.text}
        </p>
        {shown ? <Preview title={shown.title} message={shown.message} /> : null}
      </section>
    </section>
  );
}
