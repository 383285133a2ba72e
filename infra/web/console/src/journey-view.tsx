// The journey of a message, a user or a connection: what became of it, and the lines of the log that tell so.

import { useState } from "preact/hooks";
import { Moment, Moments } from "../../components/moments";
import type { Journey, Line } from "./api";
import { Again, Results } from "./answer-view";
import { useAnswer } from "./asked";
import { href } from "./route";
import { LOG_TIMES, parsed, Since, SubjectForm } from "./subject";

const KINDS = ["message", "user", "connection"] as const;
type Kind = (typeof KINDS)[number];
/** The fields that a timeline leaves out, since other columns have them. */
const KNOWN = ["message", "step", "hub", "message_group", "function"];

export function JourneyView({ subject }: { subject: string }) {
  const named = parsed(KINDS, subject);
  return (
    <>
      <SubjectForm view="journey" name="What to tell of" kinds={KINDS} named={named} />
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
        <Since times={LOG_TIMES} since={since} setSince={setSince} />
        <Again asked={asked} name="Journey" />
      </div>
      {kind === "connection" ? null : (
        <p class="small">
          <a href={href("audit", `${kind} ${id}`)}>Who had what changed</a>
        </p>
      )}
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
