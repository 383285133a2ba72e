// Dead letters: why each is dead, what it says, and what can be done about it.

import type { ComponentChildren } from "preact";

/** A dead letter, as far as a page shows it. */
export interface LetterShown {
  id: string;
  reason: string;
  detail: string;
  body: string;
}

interface LettersProps<L extends LetterShown> {
  all: L[];
  /** What else there is to say of a letter, and what can be done about it. */
  more: (letter: L) => ComponentChildren;
}

export function Letters<L extends LetterShown>({ all, more }: LettersProps<L>) {
  if (all.length === 0) return <p class="muted small">There are none.</p>;
  return (
    <ul class="letters-list">
      {all.map((letter) => (
        <li key={letter.id}>
          <p>
            <strong>{letter.reason}</strong>: {letter.detail}
          </p>
          <pre tabIndex={0} role="region" aria-label={`Body of ${letter.id}`}>
            <code>{letter.body}</code>
          </pre>
          {more(letter)}
        </li>
      ))}
    </ul>
  );
}
