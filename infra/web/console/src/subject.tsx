// What a view is asked about: its kind and its name, as the address has them, such as `user alice`.

import { useState } from "preact/hooks";
import { href } from "./route";

/** What a question names; of some kinds there is nothing to name. */
export interface Subject<K extends string> {
  kind: K;
  id: string;
}

/** What the address names; the first kind, and nothing, where it names no kind. */
export function parsed<K extends string>(kinds: readonly [K, ...K[]], subject: string): Subject<K> {
  const [word = "", ...rest] = subject.split(" ");
  const kind = kinds.find((kind) => kind === word);
  return kind ? { kind, id: rest.join(" ") } : { kind: kinds[0], id: "" };
}

interface SubjectFormProps<K extends string> {
  /** The view that answers. */
  view: string;
  /** What the form asks for, for those who do not see it. */
  name: string;
  kinds: readonly [K, ...K[]];
  named: Subject<K>;
  /** The kind that takes no name. */
  nameless?: K;
}

export function SubjectForm<K extends string>({ view, name, kinds, named, nameless }: SubjectFormProps<K>) {
  const [kind, setKind] = useState(named.kind);
  const [id, setId] = useState(named.id);
  const go = (event: Event) => {
    event.preventDefault();
    location.hash = href(view, kind === nameless ? kind : `${kind} ${id.trim()}`);
  };
  return (
    <form class="row card" aria-label={name} onSubmit={go}>
      <label>
        Kind
        <select value={kind} onChange={({ currentTarget }) => setKind(currentTarget.value as K)}>
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {kind}
            </option>
          ))}
        </select>
      </label>
      {kind === nameless ? null : (
        <label class="grow">
          Id or name
          <input required value={id} autocomplete="off" spellcheck={false} onInput={({ currentTarget }) => setId(currentTarget.value)} />
        </label>
      )}
      <button type="submit" class="primary">
        Tell
      </button>
    </form>
  );
}

interface SinceProps {
  /** The times by the word of the command line, and their names. */
  times: Record<string, string>;
  since: string;
  setSince: (since: string) => void;
}

/** How far back a question goes. */
export function Since({ times, since, setSince }: SinceProps) {
  return (
    <label class="beside">
      Since
      <select value={since} onChange={({ currentTarget }) => setSince(currentTarget.value)}>
        {Object.entries(times).map(([time, name]) => (
          <option key={time} value={time}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The times of what the log tells. */
export const LOG_TIMES: Record<string, string> = { "15m": "15 minutes", "3h": "3 hours", "1d": "a day", "7d": "a week" };
