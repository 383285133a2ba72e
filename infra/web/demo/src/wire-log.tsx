// The frames of a tab, newest last.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Tab } from "./tab";
import type { Frame } from "./wire";

const ARROWS: Record<Frame["direction"], [sign: string, word: string]> = {
  out: ["↑", "sent"],
  in: ["↓", "received"],
  note: ["·", "noted"],
};

export function WireLog({ tab }: { tab: Tab }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="wire" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        Wire <span class="muted">{tab.frames.length} frames</span>
      </summary>
      {isOpen ? <Frames tab={tab} /> : null}
    </details>
  );
}

function Frames({ tab }: { tab: Tab }) {
  const log = useRef<HTMLOListElement>(null);
  useEffect(() => {
    if (log.current) log.current.scrollTop = log.current.scrollHeight;
  }, [tab.frames]);
  return (
    <ol class="frames" ref={log} tabIndex={0} aria-label={`Frames of ${tab.title}`}>
      {tab.frames.map((frame, at) => (
        <li key={at} data-direction={frame.direction}>
          <span class="arrow" title={ARROWS[frame.direction][1]} aria-hidden="true">
            {ARROWS[frame.direction][0]}
          </span>
          <span class="hidden">{ARROWS[frame.direction][1]}</span>
          <time>{clock(frame.at)}</time>
          <span class="frame-title">{frame.title}</span>
          {frame.text ? (
            <code>
              {frame.text}
              {frame.isRecord ? <abbr title="Record separator, 0x1E">RS</abbr> : null}
            </code>
          ) : null}
        </li>
      ))}
    </ol>
  );
}

function clock(at: Date): string {
  return `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
