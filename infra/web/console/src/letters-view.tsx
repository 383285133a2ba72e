// Dead letters: the reason, the body and the age of each; redrive and drop, each after a look at what it is about.

import { useState } from "preact/hooks";
import { Letters } from "../../components/letter";
import { Outcome, type Fate } from "../../components/outcome";
import { change, type Letter, type Place } from "./api";
import { Results } from "./answer-view";
import { useAnswer } from "./asked";
import { sentence } from "./fate";
import { age, moment } from "./moment-text";
import { Part } from "./people-view";
import { href } from "./route";
import { fits } from "./fits";

const BY_THE_QUEUE = "the queue itself moved it, after too many receives";
type Deed = "redrive" | "drop";
const NAMES: Record<Deed, string> = { redrive: "Redrive", drop: "Drop" };

export function LettersView({ here }: { here: Place }) {
  const asked = useAnswer<Letter>("letters");
  const [wanted, search] = useState("");
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const toggle = (id: string) => choose(new Set(chosen.has(id) ? [...chosen].filter((one) => one !== id) : [...chosen, id]));
  return (
    <Part name="Dead letters" asked={asked}>
      <p class="muted small">A look hides the letters from others for up to a minute, and shows the first ones of each message group.</p>
      <label>
        Search reasons, message groups and bodies
        <input type="search" value={wanted} autocomplete="off" onInput={({ currentTarget }) => search(currentTarget.value)} />
      </label>
      <Results asked={asked}>
        {(all) => {
          const shown = all.filter((letter) => fits(wanted, letter.reason, letter.detail, letter.messageGroup, letter.body, letter.id));
          return (
            <>
              {here.allowsChanges ? <Deeds letters={all.filter(({ id }) => chosen.has(id))} shown={shown} choose={choose} again={asked.again} /> : null}
              <Letters
                all={shown.map((letter) => ({ ...letter, detail: letter.detail ?? BY_THE_QUEUE }))}
                more={(letter) => (
                  <div class="row small">
                    <span class="muted" title={moment(letter.sentAt)}>
                      {age(letter.sentAt)} old, of {letter.messageGroup}
                    </span>
                    <a href={href("journey", `message ${letter.progressKey.split("/")[0]}`)}>Journey</a>
                    {here.allowsChanges ? (
                      <label class="check">
                        <input type="checkbox" checked={chosen.has(letter.id)} onChange={() => toggle(letter.id)} />
                        Choose<span class="hidden"> {letter.id}</span>
                      </label>
                    ) : null}
                  </div>
                )}
              />
            </>
          );
        }}
      </Results>
    </Part>
  );
}

interface DeedsProps {
  /** The letters that are chosen. */
  letters: Letter[];
  shown: Letter[];
  choose: (chosen: ReadonlySet<string>) => void;
  again: () => void;
}

/** What to do with the chosen letters, with a list of them before it is done. */
function Deeds({ letters, shown, choose, again }: DeedsProps) {
  const [deed, setDeed] = useState<Deed>();
  const [fate, setFate] = useState<Fate>();
  const carryOut = async (deed: Deed) => {
    setDeed(undefined);
    setFate({ tone: "wait", text: "At work" });
    const answer = await change(`letters/${deed}`, { ids: letters.map(({ id }) => id) });
    const told = answer.failure ? [...answer.remarks, sentence(answer.failure)] : [`${NAMES[deed]}: ${letters.length} done`];
    setFate({ tone: answer.failure ? "bad" : "good", text: told.join("; ") });
    choose(new Set());
    again();
  };
  return (
    <div class="deeds">
      <div class="row">
        <button type="button" onClick={() => choose(new Set(shown.map(({ id }) => id)))}>
          Choose all that are shown
        </button>
        {(["redrive", "drop"] as const).map((each) => (
          <button key={each} type="button" disabled={letters.length === 0} aria-expanded={deed === each} onClick={() => setDeed(deed === each ? undefined : each)}>
            {NAMES[each]} {letters.length}
          </button>
        ))}
      </div>
      {deed && letters.length > 0 ? (
        <div class="second-look" role="group" aria-label={`Preview of ${deed}`}>
          <p>{deed === "redrive" ? "These go back to the queue that they came from:" : "These are deleted for good:"}</p>
          <ul>
            {letters.map(({ id, reason, messageGroup }) => (
              <li key={id}>
                <code>{id}</code> {reason}, {messageGroup}
              </li>
            ))}
          </ul>
          <button type="button" class="primary" onClick={() => void carryOut(deed)}>
            {NAMES[deed]} now
          </button>
        </div>
      ) : null}
      <Outcome fate={fate} />
    </div>
  );
}
