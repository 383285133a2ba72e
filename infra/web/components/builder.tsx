// A form that builds any envelope.

import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { AUDIENCES, Fault, toEnvelope, type Audience, type Envelope, type Form } from "./envelope";
import { Field } from "./field";
import type { Sender } from "./outcome";

/** The form as it begins. */
export const EMPTY: Form = {
  audience: "user",
  names: "alice",
  what: "call",
  target: "toast",
  args: '["Hello from the queue."]',
  groups: "",
  ttl: "",
  reason: "",
  allowReconnect: false,
  expiresIn: "",
  retain: "",
  keep: "",
};
const KINDS: Record<Form["what"], string> = {
  call: "Call a method",
  add: "Add to groups",
  remove: "Remove from groups",
  removeAll: "Remove from all groups",
  close: "Close connections",
  block: "Block",
  unblock: "Unblock",
};
const NAMES: Record<Audience, string> = {
  user: "Users",
  group: "Groups",
  connection: "Connection id",
  everyone: "Everyone",
};

/** Sets some fields of the form. */
type Change = (change: Partial<Form>) => void;

/** Names that the page knows, to choose from. */
export type Known = Record<Exclude<Audience, "everyone">, readonly string[]>;

interface BuilderProps {
  known: Known;
  /** What the form holds at first. */
  first?: Form;
  /** Whether sending is allowed; the form shows its envelope all the same. */
  isAllowed?: boolean;
  send: Sender;
  /** What became of what was sent from here. */
  outcome: ComponentChildren;
  /** Told of each envelope that the form has become. */
  edited: (envelope: Envelope) => void;
}

export function Builder({ known, first = EMPTY, isAllowed = true, send, outcome, edited }: BuilderProps) {
  const [form, setForm] = useState(first);
  const built = build(form);
  useEffect(() => {
    if (!(built instanceof Fault)) edited(built);
  }, [form]);
  const change: Change = (part) => setForm((form) => allowed({ ...form, ...part }));
  const submit = (event: Event) => {
    event.preventDefault();
    const envelope = build(form);
    if (!(envelope instanceof Fault)) void send(envelope);
  };
  const faultOf = (field: keyof Form) => (built instanceof Fault && built.field === field ? built.message : "");
  return (
    <form class="builder" aria-label="Any message" onSubmit={submit}>
      <Kind form={form} change={change} />
      <Whom form={form} change={change} fault={faultOf("names")} known={known} />
      <Content form={form} change={change} faultOf={faultOf} />
      <button type="submit" class="primary" disabled={!isAllowed || built instanceof Fault}>
        Send
      </button>
      {outcome}
    </form>
  );
}

function build(form: Form): Envelope | Fault {
  try {
    return toEnvelope(form);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
}

/** Not every kind of envelope may name everybody. */
function allowed(form: Form): Form {
  const audiences = AUDIENCES[form.what];
  const fits = audiences.includes(form.audience) ? form : { ...form, audience: audiences[0] ?? "user" };
  // What is not on the screen is not in the envelope.
  const { what, audience } = fits;
  return {
    ...fits,
    ...(what === "call" && audience === "user" ? {} : { keep: "" }),
    ...(what === "call" && audience !== "connection" ? {} : { retain: "" }),
  };
}

function Kind({ form, change }: { form: Form; change: Change }) {
  return (
    <div class="row">
      <label class="grow">
        What
        <select value={form.what} onChange={({ currentTarget }) => change({ what: currentTarget.value as Form["what"] })}>
          {Object.entries(KINDS).map(([kind, name]) => (
            <option key={kind} value={kind}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="grow">
        Whom
        <select
          value={form.audience}
          onChange={({ currentTarget }) => change({ audience: currentTarget.value as Audience, names: "" })}
        >
          {AUDIENCES[form.what].map((audience) => (
            <option key={audience} value={audience}>
              {audience}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Whom({ form, change, fault, known }: { form: Form; change: Change; fault: string; known: Known }) {
  if (form.audience === "everyone") return null;
  const names = known[form.audience];
  return (
    <Field name={NAMES[form.audience]} fault={fault}>
      {(fault) => (
        <>
          <input
            {...fault}
            list="known-names"
            value={form.names}
            onInput={({ currentTarget }) => change({ names: currentTarget.value })}
          />
          <datalist id="known-names">
            {names.map((name) => (
              <option key={name} value={name} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}

interface ContentProps {
  form: Form;
  change: Change;
  faultOf: (field: keyof Form) => string;
}

function Content({ form, change, faultOf }: ContentProps) {
  const text = (name: string, field: "target" | "groups" | "ttl" | "reason" | "expiresIn" | "retain" | "keep", placeholder = "") => (
    <Field name={name} fault={faultOf(field)}>
      {(fault) => (
        <input
          {...fault}
          value={form[field]}
          placeholder={placeholder}
          onInput={({ currentTarget }) => change({ [field]: currentTarget.value })}
        />
      )}
    </Field>
  );
  return (
    <>
      {form.what === "call" ? text("Method", "target") : null}
      {form.what === "call" ? <Arguments form={form} change={change} fault={faultOf("args")} /> : null}
      {form.what === "call" ? (
        <div class="row">
          {form.audience === "user" ? text("Keep for seconds", "keep", "do not keep") : null}
          {form.audience === "connection" ? null : text("Retain by key", "retain", "do not retain")}
        </div>
      ) : null}
      {form.what === "add" || form.what === "remove" ? text("Names of groups", "groups", "such as acme") : null}
      {form.what === "close" ? text("Reason", "reason", "such as: You have been signed out.") : null}
      {form.what === "close" ? <AllowReconnect form={form} change={change} /> : null}
      {form.what === "add" || form.what === "block" ? text("For seconds", "ttl", "for good") : null}
      {text("Expires after seconds", "expiresIn", "never")}
    </>
  );
}

function Arguments({ form, change, fault }: { form: Form; change: Change; fault: string }) {
  return (
    <Field name="Arguments" fault={fault}>
      {(fault) => (
        <textarea
          {...fault}
          rows={3}
          spellcheck={false}
          value={form.args}
          onInput={({ currentTarget }) => change({ args: currentTarget.value })}
        />
      )}
    </Field>
  );
}

function AllowReconnect({ form, change }: { form: Form; change: Change }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={form.allowReconnect}
        onChange={({ currentTarget }) => change({ allowReconnect: currentTarget.checked })}
      />
      They may come back by themselves
    </label>
  );
}
