// Live counts of the local stack.

import { useEffect, useState } from "preact/hooks";
import { HUB, counts, type Counts } from "./backend";

const EVERY_MILLISECONDS = 500;

export function LiveCounts() {
  const [now, setNow] = useState<Counts>();
  const [fault, setFault] = useState("");
  useEffect(() => {
    let timer = 0;
    const look = async () => {
      try {
        if (!document.hidden) setNow(await counts());
        setFault("");
      } catch (error) {
        setFault((error as Error).message);
      }
      timer = window.setTimeout(look, EVERY_MILLISECONDS);
    };
    void look();
    return () => window.clearTimeout(timer);
  }, []);
  const hub = now?.hubs[HUB];
  const [users, groups] = [Object.entries(hub?.users ?? {}), Object.entries(hub?.groups ?? {})];
  return (
    <section class="card counts" aria-label="Live counts">
      <dl>
        <Count name="Connections" value={hub?.connections ?? 0} />
        <Count name="Users" value={users.length} />
        <Count name="Groups" value={groups.length} />
        <Count name="Queued" value={(now?.queues.notifications ?? 0) + (now?.queues.deliveries ?? 0)} />
        <Count name="Dead letters" value={now?.queues.dlq ?? 0} isBad={(now?.queues.dlq ?? 0) > 0} />
      </dl>
      <Shares name="Connections of users" of={users} />
      <Shares name="Connections in groups" of={groups} />
      {fault ? (
        <p class="fault" role="alert">
          The local stack does not answer: {fault}
        </p>
      ) : null}
    </section>
  );
}

function Count({ name, value, isBad = false }: { name: string; value: number; isBad?: boolean }) {
  return (
    <div class="count" data-bad={isBad}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Shares({ name, of }: { name: string; of: [string, number][] }) {
  if (of.length === 0) return null;
  return (
    <div class="shares">
      <p class="caption">{name}</p>
      <ul class="chips" aria-label={name}>
        {of.map(([each, count]) => (
          <li key={each} class="chip">
            {each} <span class="number">{count}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
