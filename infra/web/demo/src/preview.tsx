// A message in the languages of backends.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { HUB, QUEUE_URL } from "./backend";
import { messageGroup, type Message } from "../../components/envelope";
import { JsonEditor } from "../../components/json-editor";
import type { Sender } from "../../components/outcome";
import { SNIPPETS, type Send } from "./snippets";

/** A message, and where it comes from. */
export interface Shown {
  title: string;
  message: Message;
}

interface PreviewProps {
  shown: Shown;
  show: (shown: Shown) => void;
  send: Sender;
  /** What became of what was sent from here. */
  outcome: ComponentChildren;
}

export function Preview({ shown: { title, message }, show, send, outcome }: PreviewProps) {
  const [group, setGroup] = useState("");
  const [chosen, choose] = useState(0);
  useEffect(() => void messageGroup(message, HUB).then(setGroup), [message]);
  const sent: Send = { message, group, queueUrl: QUEUE_URL, endpoint: location.origin };
  const code = SNIPPETS[chosen]?.code(sent) ?? "";
  const edited = (message: Message) => show({ title: "As edited", message });
  return (
    <div class="preview">
      <div class="preview-head">
        <p class="strong">{title}</p>
        <Copy text={code} />
      </div>
      <Languages chosen={chosen} choose={choose} />
      <div id="snippet" role="tabpanel" aria-labelledby={`language-${chosen}`} tabIndex={chosen === 0 ? -1 : 0}>
        {chosen === 0 ? (
          <JsonEditor message={message} edited={edited} send={send} />
        ) : (
          <pre>
            <code>{code}</code>
          </pre>
        )}
      </div>
      {outcome}
      <p class="muted small">
        Messages of the message group <code>{group}</code> stay in order. On AWS, use your own queue and credentials, and
        leave out the endpoint.
      </p>
    </div>
  );
}

function Languages({ chosen, choose }: { chosen: number; choose: (at: number) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = (chosen + step + SNIPPETS.length) % SNIPPETS.length;
    choose(next);
    list.current?.querySelectorAll("button")[next]?.focus();
  };
  return (
    <div class="languages" role="tablist" aria-label="Languages" ref={list} onKeyDown={move}>
      {SNIPPETS.map(({ name }, at) => (
        <button
          key={name}
          type="button"
          role="tab"
          id={`language-${at}`}
          aria-selected={at === chosen}
          aria-controls="snippet"
          tabIndex={at === chosen ? 0 : -1}
          onClick={() => choose(at)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

function Copy({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false);
  // A page that came from another machine by plain HTTP may not.
  if (!navigator.clipboard) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(setCopied, 1500, false);
  };
  return (
    <button type="button" class="quiet" onClick={() => void copy()}>
      <span role="status">{isCopied ? "Copied" : "Copy"}</span>
    </button>
  );
}
