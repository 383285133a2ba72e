// A change of the deployment by an envelope: shown first, sent after a second look, and followed.

import { useState } from "preact/hooks";
import { Outcome, type Fate } from "../../components/outcome";
import type { Envelope } from "../../components/envelope";
import { change, type Place } from "./api";
import { sentence } from "./fate";

interface ChangingProps {
  here: Place;
  /** What the button says, such as `Block`. */
  name: string;
  /** What the change is about, where the button does not say so to those who see the page. */
  about?: string;
  envelope: Envelope;
  /** Told once the change is under way. */
  done?: () => void;
}

export function Changing({ here, name, about, envelope, done }: ChangingProps) {
  const [isOpen, setOpen] = useState(false);
  const [fate, setFate] = useState<Fate>();
  if (!here.allowsChanges) return null;
  const send = async () => {
    setOpen(false);
    setFate({ tone: "wait", text: "Sending" });
    const answer = await change("messages", envelope);
    setFate(answer.failure ? { tone: "bad", text: sentence(answer.failure) } : { tone: "good", text: "Queued; the publisher does it" });
    done?.();
  };
  return (
    <span class="changing">
      <button type="button" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {name}
        {about ? <span class="hidden"> {about}</span> : null}
      </button>
      {isOpen ? (
        <span class="second-look" role="group" aria-label={`${name}: what would be sent`}>
          <code>{JSON.stringify(envelope)}</code>
          <button type="button" class="primary" onClick={() => void send()}>
            {name} now
          </button>
        </span>
      ) : null}
      <Outcome fate={fate} />
    </span>
  );
}
