// The audit: who had what changed, to whom, and by which message; and who was not let.

import { useState } from "preact/hooks";
import { Table, type Column } from "../../components/table";
import type { Deed } from "./api";
import { Again, Results } from "./answer-view";
import { useAnswer } from "./asked";
import { moment } from "./moment-text";
import { Part } from "./people-view";
import { href } from "./route";
import { LOG_TIMES, parsed, Since, SubjectForm, type Subject } from "./subject";

const EVERYTHING = "everything";
const KINDS = [EVERYTHING, "user", "message", "doer"] as const;
type Kind = (typeof KINDS)[number];

/** What an entry says where a field does not apply. */
const NONE = "none";
const said = (text: string) => (text === NONE ? "" : text);

const columns: Column<Deed>[] = [
  { name: "When", cell: ({ at }) => moment(at) },
  { name: "What", cell: ({ entry }) => (entry.outcome === "done" ? entry.action : `${entry.action} (${entry.outcome})`) },
  { name: "Who", cell: ({ entry }) => entry.who },
  { name: "How", cell: ({ entry }) => [entry.by, entry.operation, entry.app_id, entry.roles].filter((text) => text !== NONE).join(", ") },
  { name: "To whom", cell: ({ entry }) => [entry.audience_kind, entry.audience].filter((text) => text !== NONE).join(" ") },
  { name: "Groups", cell: ({ entry }) => said(entry.groups) },
  { name: "Hub", cell: ({ entry }) => said(entry.hub) },
  { name: "Message", cell: ({ entry }) => (entry.message_id === NONE ? "" : <a href={href("journey", `message ${entry.message_id}`)}>{entry.message_id}</a>) },
];

export function AuditView({ subject }: { subject: string }) {
  const named = parsed(KINDS, subject);
  return (
    <>
      <SubjectForm view="audit" name="Whose changes to show" kinds={KINDS} named={named} nameless={EVERYTHING} />
      <Deeds named={named} />
    </>
  );
}

function Deeds({ named: { kind, id } }: { named: Subject<Kind> }) {
  const [since, setSince] = useState("3h");
  const by = { everything: {}, user: { user: id }, message: { message: id }, doer: { by: id } }[kind];
  const asked = useAnswer<Deed>("audit", { ...by, since });
  return (
    <Part name="Changes">
      <div class="row">
        <Since times={LOG_TIMES} since={since} setSince={setSince} />
        <Again asked={asked} name="Changes" />
      </div>
      <Results asked={asked}>
        {(deeds) => <Table name="Changes" none="No change is shown." keyOf={({ entry, at }) => `${at} ${JSON.stringify(entry)}`} columns={columns} rows={deeds} />}
      </Results>
    </Part>
  );
}
