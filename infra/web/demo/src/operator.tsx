// What the backends and the operator do: counts, the four jobs, any envelope.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Builder } from "../../components/builder";
import { LiveCounts } from "./counts";
import { Outcome, type Fate, type Sender } from "../../components/outcome";
import { useChanges } from "../../components/observe";
import { follow } from "./fate";
import { Jobs } from "./jobs";
import type { Shown } from "./preview";
import { tabs } from "./tabs";

/** What has been told at a place where somebody pressed a button, and how to send from there. */
export type At = (place: string, title: string) => { send: Sender; outcome: ComponentChildren };

/** What becomes of messages, each told where somebody pressed the button, since that is where they look. */
export function useFates(show: (shown: Shown) => void): At {
  const [fates, setFates] = useState<Record<string, Fate>>({});
  return (place, title) => ({
    send: async (message) => {
      show({ title, message });
      await follow(message, (fate) => setFates((fates) => ({ ...fates, [place]: fate })));
    },
    outcome: <Outcome fate={fates[place]} />,
  });
}

export function Operator({ at, show }: { at: At; show: (shown: Shown) => void }) {
  useChanges(tabs);
  const form = at("form", "As sent");
  const connections = tabs.all.flatMap((tab) => tab.connectionId ?? []);
  const known = { user: tabs.users, group: tabs.groups, connection: connections };
  return (
    <section class="operator" id="operator" aria-labelledby="operator-title" tabIndex={-1}>
      <div class="section-head">
        <h2 id="operator-title">Operator</h2>
        <p class="muted">Backends put one JSON message on a queue.</p>
      </div>
      <Jobs of={(job) => at(job, `Sent by the button: ${job}`)} />
      <section class="card" aria-labelledby="envelope-title">
        <h3 id="envelope-title">Any message</h3>
        <Builder known={known} send={form.send} outcome={form.outcome} edited={(message) => show({ title: "As the form says", message })} />
      </section>
      <LiveCounts />
    </section>
  );
}
