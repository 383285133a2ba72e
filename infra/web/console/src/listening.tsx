// A connection of the console itself: what arrives on it, as it arrives.

import { useEffect, useRef, useState } from "preact/hooks";
import { Moment, Moments } from "../../components/moments";
import { heard, type Failure, type Heard } from "./api";
import { Trouble } from "./answer-view";
import { Part } from "./people-view";

const OWN_USER = "hubcast-console";

interface Arrival extends Heard {
  at: Date;
}

export function Listening() {
  const [user, setUser] = useState(OWN_USER);
  const [stop, setStop] = useState<AbortController>();
  const [arrivals, setArrivals] = useState<Arrival[]>([]);
  const [failure, setFailure] = useState<Failure>();
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  const listen = async (event: Event) => {
    event.preventDefault();
    if (stop) return stop.abort();
    const own = new AbortController();
    running.current = own;
    setStop(own);
    setArrivals([]);
    setFailure(undefined);
    const why = await heard(user, own.signal, (line) => setArrivals((before) => [...before, { ...line, at: new Date() }]));
    setFailure(why);
    setStop(undefined);
  };
  return (
    <Part name="Listen">
      <p class="muted small">Connect as a user, and see what arrives. Messages that wait for this user are delivered here.</p>
      <form class="row" aria-label="Listen" onSubmit={(event) => void listen(event)}>
        <label class="grow">
          As the user
          <input required value={user} disabled={stop !== undefined} autocomplete="off" onInput={({ currentTarget }) => setUser(currentTarget.value)} />
        </label>
        <button type="submit">{stop ? "Stop listening" : "Start listening"}</button>
      </form>
      <Trouble failure={failure} />
      {arrivals.length > 0 ? (
        <Moments label="What arrived">
          {arrivals.map(({ at, event, target, arguments: args, connectionId }, index) => (
            <Moment key={index} at={at} who={user} mark={{ sign: "\u2193", word: "received", direction: "in" }} title={target ?? event}>
              {args ? JSON.stringify(args) : connectionId}
            </Moment>
          ))}
        </Moments>
      ) : null}
    </Part>
  );
}
