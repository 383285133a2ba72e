// What the page shows changes by itself; this tells it when.

import { useEffect, useReducer } from "preact/hooks";

/** Something that changes and says so. */
export class Observable {
  #watchers = new Set<() => void>();

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => void this.#watchers.delete(watcher);
  }

  protected changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Renders the component anew whenever `observed` changes. */
export function useChanges(observed: Observable): void {
  const [, render] = useReducer<number, void>((count) => count + 1, 0);
  useEffect(() => observed.watch(() => render()), [observed]);
}
