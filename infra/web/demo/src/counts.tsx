// Live counts of the local stack.

import { HUB } from "./backend";
import { Count, Shares } from "../../components/count";
import { DeadLetters } from "./dead-letters";
import { useChanges } from "../../components/observe";
import { stack } from "./stack";

export function LiveCounts() {
  useChanges(stack);
  const { now } = stack;
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
      <DeadLetters count={now?.queues.dlq ?? 0} />
    </section>
  );
}
