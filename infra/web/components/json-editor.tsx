// A message as JSON, to be read, changed and sent.

import { useId, useState } from "preact/hooks";
import { toMessage, type Message } from "./envelope";
import type { Sender } from "./outcome";

const [ROWS_MIN, ROWS_MAX] = [6, 18];
const pretty = (message: Message) => JSON.stringify(message, null, 2);

interface JsonEditorProps {
  message: Message;
  /** Told of each message that the text has become. */
  edited: (message: Message) => void;
  send: Sender;
}

export function JsonEditor({ message, edited, send }: JsonEditorProps) {
  const fresh = { message, text: pretty(message), fault: "" };
  const [typed, setTyped] = useState(fresh);
  const id = useId();
  // What was typed counts until another message is to be shown.
  const { text, fault } = typed.message === message ? typed : fresh;
  const change = (text: string) => {
    try {
      const message = toMessage(text);
      setTyped({ message, text, fault: "" });
      edited(message);
    } catch (error) {
      setTyped({ message, text, fault: (error as Error).message });
    }
  };
  return (
    <div class="field">
      <textarea
        aria-label="The message as JSON"
        aria-invalid={fault !== ""}
        aria-describedby={id}
        spellcheck={false}
        rows={Math.max(ROWS_MIN, Math.min(ROWS_MAX, text.split("\n").length))}
        value={text}
        onInput={({ currentTarget }) => change(currentTarget.value)}
      />
      <p class="fault" role="alert" id={id}>
        {fault}
      </p>
      <button type="button" class="start" disabled={fault !== ""} onClick={() => void send(message)}>
        Send this JSON
      </button>
    </div>
  );
}
