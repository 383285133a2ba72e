// The dead letters: why each is dead, what it says, and its end.

import { useEffect, useState } from "preact/hooks";
import { Letters } from "../../components/letter";
import { dropLetter, letters, type Letter } from "./backend";

export function DeadLetters({ count }: { count: number }) {
  const [isOpen, setOpen] = useState(false);
  const [all, setAll] = useState<Letter[]>([]);
  useEffect(() => {
    if (isOpen) void letters().then(setAll, () => setAll([]));
  }, [isOpen, count]);
  return (
    <div class="letters">
      <button type="button" aria-expanded={isOpen} aria-controls="dead-letters" onClick={() => setOpen(!isOpen)}>
        {isOpen ? "Hide dead letters" : "Show dead letters"}
      </button>
      <div id="dead-letters" role="region" aria-label="Dead letters" hidden={!isOpen}>
        <Letters
          all={all}
          more={({ id }) => (
            <button type="button" class="quiet" onClick={() => void dropLetter(id).then(setAll)}>
              Drop
            </button>
          )}
        />
      </div>
    </div>
  );
}
