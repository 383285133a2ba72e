// The timeline on the screen, newest last.

import { useEffect, useRef } from "preact/hooks";
import { Moment, Moments } from "../../components/moments";
import { useChanges } from "../../components/observe";
import { tabs } from "./tabs";
import { timeline, type Entry } from "./timeline";

const ARROWS: Record<Entry["direction"], [sign: string, word: string]> = {
  queue: ["\u21e2", "enqueued"],
  out: ["\u2191", "sent"],
  in: ["\u2193", "received"],
  note: ["\u00b7", "noted"],
};

export function Timeline() {
  useChanges(timeline);
  const log = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
  }, [timeline.entries]);
  return (
    <div class="timeline">
      <div class="drawer-tools">
        <p class="muted small">All frames of all tabs, and all messages that were sent, in one order. The time in ms is from the queue to the tab.</p>
        <button type="button" class="quiet" onClick={() => timeline.clear()}>
          Clear
        </button>
      </div>
      <Moments label="Timeline" list={log}>
        {timeline.entries.map((entry) => (
          <Line key={entry.id} entry={entry} />
        ))}
      </Moments>
    </div>
  );
}

function Line({ entry }: { entry: Entry }) {
  const [sign, word] = ARROWS[entry.direction];
  return (
    <Moment
      at={entry.at}
      who={entry.who}
      mark={{ sign, word, direction: entry.direction }}
      title={entry.title}
      figure={entry.latency === undefined ? "" : `${entry.latency} ms`}
      hue={entry.user === undefined ? "none" : tabs.hueOf(entry.user)}
    >
      {entry.text ? (
        <>
          {entry.text}
          {entry.isRecord ? <abbr title="Record separator, 0x1E">RS</abbr> : null}
        </>
      ) : null}
    </Moment>
  );
}
