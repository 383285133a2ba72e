// An answer that a part of the page shows, and that can be asked for again.

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { ask, type Answer } from "./api";

export interface Asked<T> {
  answer: Answer<T> | undefined;
  isAsking: boolean;
  again: () => void;
}

/** Asks at once, whenever the question changes, and `again`. Late answers to old questions do not count. */
export function useAnswer<T>(path: string, query: Record<string, string | undefined> = {}): Asked<T> {
  const [answer, setAnswer] = useState<Answer<T>>();
  const [isAsking, setAsking] = useState(true);
  const newest = useRef(0);
  const question = JSON.stringify(query);
  const again = useCallback(() => {
    const turn = ++newest.current;
    setAsking(true);
    void ask<T>(path, JSON.parse(question)).then((answer) => {
      if (turn !== newest.current) return;
      setAnswer(answer);
      setAsking(false);
    });
  }, [path, question]);
  useEffect(() => {
    setAnswer(undefined);
    again();
    return () => void ++newest.current;
  }, [again]);
  return { answer, isAsking, again };
}
