// The timeline on the screen, newest last.

import { useEffect, useRef } from "preact/hooks";
import { useChanges } from "./observe";
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
        <p class="muted small">Every frame of every tab, and what was enqueued. A time in ms is the way from the queue to the tab.</p>
        <button type="button" class="quiet" onClick={() => timeline.clear()}>
          Clear
        </button>
      </div>
      <ol class="frames" ref={log} tabIndex={0} aria-label="Timeline">
        {timeline.entries.map((entry) => (
          <Line key={entry.id} entry={entry} />
        ))}
      </ol>
    </div>
  );
}

function Line({ entry }: { entry: Entry }) {
  const [sign, word] = ARROWS[entry.direction];
  return (
    <li data-direction={entry.direction} data-hue={entry.user === undefined ? "none" : tabs.hueOf(entry.user)}>
      <time>{clock(entry.at)}</time>
      <span class="who">{entry.who}</span>
      <span class="arrow" title={word} aria-hidden="true">
        {sign}
      </span>
      <span class="hidden">{word}</span>
      <span class="frame-title">{entry.title}</span>
      <span class="latency">{entry.latency === undefined ? "" : `${entry.latency} ms`}</span>
      {entry.text ? (
        <code>
          {entry.text}
          {entry.isRecord ? <abbr title="Record separator, 0x1E">RS</abbr> : null}
        </code>
      ) : null}
    </li>
  );
}

function clock(at: Date): string {
  return `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
