// The journey of a message, a user or a connection: what became of it, and the lines of the log that tell so.

import { useState } from "preact/hooks";
import { Moment, Moments } from "../../components/moments";
import type { Journey, Line } from "./api";
import { Again, Results } from "./answer-view";
import { useAnswer } from "./asked";
import { href } from "./route";

const KINDS = ["message", "user", "connection"] as const;
type Kind = (typeof KINDS)[number];
const TIMES: Record<string, string> = { "15m": "15 minutes", "3h": "3 hours", "1d": "a day", "7d": "a week" };
/** The fields that a timeline leaves out, since other columns have them. */
const KNOWN = ["message", "step", "hub", "message_group", "function"];

/** What the address names, as `message ID`. */
function parsed(subject: string): { kind: Kind; id: string } {
  const [word = "", ...rest] = subject.split(" ");
  const kind = KINDS.find((kind) => kind === word);
  return kind ? { kind, id: rest.join(" ") } : { kind: "message", id: "" };
}

export function JourneyView({ subject }: { subject: string }) {
  const named = parsed(subject);
  const [kind, setKind] = useState<Kind>(named.kind);
  const [id, setId] = useState(named.id);
  const go = (event: Event) => {
    event.preventDefault();
    location.hash = href("journey", `${kind} ${id.trim()}`);
  };
  return (
    <>
      <form class="row card" aria-label="What to tell of" onSubmit={go}>
        <label>
          Kind
          <select value={kind} onChange={({ currentTarget }) => setKind(currentTarget.value as Kind)}>
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {kind}
              </option>
            ))}
          </select>
        </label>
        <label class="grow">
          Id or name
          <input required value={id} autocomplete="off" spellcheck={false} onInput={({ currentTarget }) => setId(currentTarget.value)} />
        </label>
        <button type="submit" class="primary">
          Tell
        </button>
      </form>
      {named.id ? <JourneyOf kind={named.kind} id={named.id} /> : <p class="muted">SQS and the REST API answer the id of a message; connections and users are in the lists.</p>}
    </>
  );
}

export function JourneyOf({ kind, id }: { kind: Kind; id: string }) {
  const [since, setSince] = useState("3h");
  const asked = useAnswer<Journey>("why", { [kind]: id, since });
  return (
    <section class="card" aria-label="Journey">
      <div class="part-head">
        <h3>Journey</h3>
        <label class="beside">
          Since
          <select value={since} onChange={({ currentTarget }) => setSince(currentTarget.value)}>
            {Object.entries(TIMES).map(([time, name]) => (
              <option key={time} value={time}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <Again asked={asked} name="Journey" />
      </div>
      <Results asked={asked}>{([journey]) => (journey ? <Told journey={journey} /> : null)}</Results>
    </section>
  );
}

export function Told({ journey }: { journey: Journey }) {
  return (
    <>
      <p class="sentence">{journey.sentence}</p>
      <Moments label="Timeline">
        {journey.timeline.map((line, at) => (
          <Moment key={at} at={new Date(line.at)} who={line.function} mark={{ sign: "\u00b7", word: "noted" }} title={line.step}>
            {fields(line)}
          </Moment>
        ))}
      </Moments>
    </>
  );
}

function fields({ fields }: Line): string {
  const told = Object.entries(fields).filter(([name]) => !KNOWN.includes(name));
  return told.map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
}
