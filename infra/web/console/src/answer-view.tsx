// What every answer has: the time of waiting, a failure in words, remarks.

import type { ComponentChildren } from "preact";
import type { Failure } from "./api";
import type { Asked } from "./asked";

export function Trouble({ failure }: { failure: Failure | undefined }) {
  return (
    <div role="alert" class="alert">
      {failure ? (
        <p class="trouble">
          <strong>{failure.text}</strong> {failure.advice}
        </p>
      ) : null}
    </div>
  );
}

export function Again({ asked, name }: { asked: Asked<unknown>; name: string }) {
  return (
    <button type="button" aria-busy={asked.isAsking} onClick={asked.again}>
      {asked.isAsking ? "Asking" : "Ask again"}
      <span class="hidden"> for {name.toLowerCase()}</span>
    </button>
  );
}

/** The results, unless there are none yet. */
export function Results<T>({ asked, children }: { asked: Asked<T>; children: (results: T[]) => ComponentChildren }) {
  const { answer } = asked;
  return (
    <>
      <Trouble failure={answer?.failure} />
      {answer === undefined ? <p class="muted">Asking the deployment</p> : children(answer.results)}
      {answer?.remarks.map((remark) => (
        <p class="muted small" key={remark}>
          {remark}
        </p>
      ))}
    </>
  );
}
