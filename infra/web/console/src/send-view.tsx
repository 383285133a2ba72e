// Sends a message, and shows what becomes of it.

import { useEffect, useState } from "preact/hooks";
import { Builder, EMPTY } from "../../components/builder";
import { list, type Audience, type Envelope, type Form, type Message } from "../../components/envelope";
import { JsonEditor } from "../../components/json-editor";
import { Outcome, type Fate } from "../../components/outcome";
import { change, type Failure, type Group, type Journey, type Place, type User } from "./api";
import { Trouble } from "./answer-view";
import { useAnswer } from "./asked";
import { follow } from "./fate";
import { Listening } from "./listening";
import { Told } from "./journey-view";
import { Part } from "./people-view";

/** What a message would be on the queue. */
interface Draft {
  messageGroup: string;
  envelope: Message;
}

/** The form for whom the address names, as `user alice`. */
function formFor(subject: string): Form {
  const [audience, ...rest] = subject.split(" ");
  return rest.length > 0 ? { ...EMPTY, audience: audience as Audience, names: list(rest.join(" ")).join(", ") } : EMPTY;
}

export function SendView({ subject, here }: { subject: string; here: Place }) {
  const users = useAnswer<User>("users");
  const groups = useAnswer<Group>("groups");
  const [message, setMessage] = useState<Message>();
  const [fate, setFate] = useState<Fate>();
  const [journey, setJourney] = useState<Journey>();
  const known = {
    user: (users.answer?.results ?? []).flatMap(({ userId }) => userId ?? []),
    group: (groups.answer?.results ?? []).map(({ group }) => group),
    connection: [],
  };
  const send = (message: Message) => {
    setJourney(undefined);
    return follow(message, (fate, journey) => {
      setFate(fate);
      if (journey) setJourney(journey);
    });
  };
  const edited = (envelope: Envelope) => setMessage(envelope);
  return (
    <div class="columns">
      <Part name="Message">
        {here.allowsChanges ? null : <p class="muted small">This console changes nothing: start it with --allow-changes to send. The preview works all the same.</p>}
        <Builder known={known} first={formFor(subject)} isAllowed={here.allowsChanges} send={send} outcome={<Outcome fate={fate} />} edited={edited} />
      </Part>
      <div class="stacked">
        {message ? <Preview message={message} edited={setMessage} send={here.allowsChanges ? send : undefined} /> : null}
        {here.allowsChanges ? <Listening /> : null}
        {journey ? (
          <Part name="What became of it">
            <Told journey={journey} />
          </Part>
        ) : null}
      </div>
    </div>
  );
}

interface PreviewProps {
  message: Message;
  edited: (message: Message) => void;
  send: ((message: Message) => Promise<void>) | undefined;
}

/** What would be on the queue, by the rules of the publisher. */
function Preview({ message, edited, send }: PreviewProps) {
  const [draft, setDraft] = useState<Draft>();
  const [failure, setFailure] = useState<Failure>();
  useEffect(() => {
    let isOld = false;
    void change<Draft>("preview", message).then((answer) => {
      if (isOld) return;
      setDraft(answer.results[0]);
      setFailure(answer.failure);
    });
    return () => void (isOld = true);
  }, [message]);
  return (
    <Part name="Preview">
      <Trouble failure={failure} />
      {send ? <JsonEditor message={message} edited={edited} send={send} /> : <pre tabIndex={0}><code>{JSON.stringify(message, null, 2)}</code></pre>}
      {draft ? (
        <p class="muted small">
          Messages of the message group <code>{draft.messageGroup}</code> stay in order.
        </p>
      ) : null}
    </Part>
  );
}
