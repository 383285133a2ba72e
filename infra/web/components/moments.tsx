// What happened, one line for each moment, in order.

import type { ComponentChildren, Ref } from "preact";

interface MomentsProps {
  /** The name of the list, for those who do not see it. */
  label: string;
  list?: Ref<HTMLOListElement>;
  children: ComponentChildren;
}

export function Moments({ label, list, children }: MomentsProps) {
  return (
    <ol class="frames" ref={list ?? null} tabIndex={0} aria-label={label}>
      {children}
    </ol>
  );
}

interface MomentProps {
  at: Date;
  /** Who did it, or where. */
  who: string;
  /** What stands between who and what: a sign for the eye, and its word. */
  mark: { sign: string; word: string; direction?: string };
  title: string;
  /** A short figure, such as a time in milliseconds. */
  figure?: string;
  /** The colour of whoever did it. */
  hue?: string | number;
  /** The text of it, if there is more to say. */
  children?: ComponentChildren;
}

export function Moment({ at, who, mark, title, figure = "", hue = "none", children }: MomentProps) {
  return (
    <li data-direction={mark.direction} data-hue={hue}>
      <time dateTime={at.toISOString()}>{clock(at)}</time>
      <span class="who">{who}</span>
      <span class="arrow" title={mark.word} aria-hidden="true">
        {mark.sign}
      </span>
      <span class="hidden">{mark.word}</span>
      <span class="frame-title">{title}</span>
      <span class="latency">{figure}</span>
      {children ? <code>{children}</code> : null}
    </li>
  );
}

function clock(at: Date): string {
  return `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}
