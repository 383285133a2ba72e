// What the doctor finds.

import { useState } from "preact/hooks";
import { change, type Answer, type Finding, type Place } from "./api";
import { Results } from "./answer-view";
import { useAnswer, type Asked } from "./asked";
import { Part } from "./people-view";

const WORDS: Record<Finding["verdict"], string> = { ok: "ok", info: "to know", warn: "warning", skip: "not checked", bad: "fault" };

export function DoctorView({ here }: { here: Place }) {
  const asked = useAnswer<Finding>("findings");
  const [whole, setWhole] = useState<Answer<Finding>>();
  const [isAsking, setAsking] = useState(false);
  const examine = async () => {
    setAsking(true);
    setWhole(await change<Finding>("doctor"));
    setAsking(false);
  };
  const shown: Asked<Finding> = whole ? { answer: whole, isAsking, again: () => void examine() } : asked;
  return (
    <Part name="Findings" asked={shown}>
      {here.allowsChanges ? (
        <div class="row">
          <button type="button" aria-busy={isAsking} onClick={() => void examine()}>
            {isAsking ? "Asking" : "Connect too, and send a message there and back"}
          </button>
        </div>
      ) : null}
      <Results asked={shown}>
        {(findings) => (
          <ul class="findings">
            {findings.map(({ check, verdict, detail, advice }) => (
              <li key={`${check} ${detail}`} data-verdict={verdict}>
                <span class="verdict">{WORDS[verdict]}</span>
                <strong>{check}</strong>
                <span>{detail}</span>
                {advice ? <span class="advice muted">{advice}</span> : null}
              </li>
            ))}
          </ul>
        )}
      </Results>
    </Part>
  );
}
