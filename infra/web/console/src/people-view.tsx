// Who is there: connections, users and groups, with one search over all three.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Count } from "../../components/count";
import { Table, type Column } from "../../components/table";
import type { Connection, Group, Place, User } from "./api";
import { Again, Results } from "./answer-view";
import { useAnswer, type Asked } from "./asked";
import { fits } from "./fits";
import { moment } from "./moment-text";
import { href } from "./route";

const NOBODY = "nobody in particular";
const userLink = (user: string | null) => (user === null ? <span class="muted">{NOBODY}</span> : <a href={href("user", user)}>{user}</a>);

export const connectionColumns: Column<Connection>[] = [
  { name: "Connection", cell: ({ connectionId }) => <a href={href("journey", `connection ${connectionId}`)}>{connectionId}</a> },
  { name: "User", cell: ({ userId }) => userLink(userId) },
  { name: "Since", cell: ({ connectedAt }) => moment(connectedAt) },
  { name: "Groups", cell: ({ groups = [] }) => groups.join(", ") },
];
const userColumns: Column<User>[] = [
  { name: "User", cell: ({ userId }) => userLink(userId) },
  { name: "Connections", cell: ({ connections }) => connections },
];

export function PeopleView({ here }: { here: Place }) {
  const [wanted, search] = useState("");
  const [group, choose] = useState("");
  const connections = useAnswer<Connection>("connections", { group });
  const users = useAnswer<User>("users");
  const groups = useAnswer<Group>("groups");
  const groupColumns: Column<Group>[] = [
    { name: "Group", cell: (row) => <GroupButton row={row} choose={choose} /> },
    { name: "Connections", cell: ({ connections }) => connections },
  ];
  const shown = connections.answer?.results.length ?? 0;
  return (
    <>
      <Search wanted={wanted} search={search} />
      <Totals users={users} groups={groups} />
      <div class="columns">
        <Part name="Users" asked={users}>
          <Results asked={users}>
            {(all) => (
              <Table name="Users" none="No user fits." keyOf={({ userId }) => userId ?? ""} columns={userColumns} rows={all.filter(({ userId }) => fits(wanted, userId ?? NOBODY))} />
            )}
          </Results>
        </Part>
        <Part name="Groups" asked={groups}>
          <Results asked={groups}>
            {(all) => <Table name="Groups" none="No group fits." keyOf={({ group }) => group} columns={groupColumns} rows={all.filter(({ group }) => fits(wanted, group))} />}
          </Results>
        </Part>
      </div>
      <Part name="Connections" asked={connections}>
        {group ? (
          <p class="small">
            Those in the group <strong>{group}</strong>. <button type="button" onClick={() => choose("")}>Show all groups</button>
          </p>
        ) : null}
        {shown >= here.connectionsMax ? <p class="muted small">These are the first {here.connectionsMax}. Choose a group, or open a user, to see others.</p> : null}
        <Results asked={connections}>
          {(all) => (
            <Table
              name="Connections"
              none="No connection fits."
              keyOf={({ connectionId }) => connectionId}
              columns={connectionColumns}
              rows={all.filter(({ connectionId, userId, groups }) => fits(wanted, connectionId, userId ?? NOBODY, ...(groups ?? [])))}
            />
          )}
        </Results>
      </Part>
    </>
  );
}

function Search({ wanted, search }: { wanted: string; search: (wanted: string) => void }) {
  const open = (event: Event) => {
    event.preventDefault();
    if (wanted.trim()) location.hash = href("user", wanted.trim());
  };
  return (
    <form class="row card" role="search" onSubmit={open}>
      <label class="grow">
        Search users, groups and connections
        <input type="search" value={wanted} autocomplete="off" spellcheck={false} onInput={({ currentTarget }) => search(currentTarget.value)} />
      </label>
      <button type="submit">Open as a user</button>
    </form>
  );
}

function Totals({ users, groups }: { users: Asked<User>; groups: Asked<Group> }) {
  const all = users.answer?.results ?? [];
  return (
    <section class="card counts" aria-label="Totals">
      <dl>
        <Count name="Connections" value={all.reduce((sum, { connections }) => sum + connections, 0)} />
        <Count name="Users" value={all.filter(({ userId }) => userId !== null).length} />
        <Count name="Groups" value={groups.answer?.results.length ?? 0} />
      </dl>
    </section>
  );
}

/** A part of a view, with its name and a way to ask for it again. */
export function Part({ name, asked, children }: { name: string; asked?: Asked<unknown>; children: ComponentChildren }) {
  return (
    <section class="card" aria-label={name}>
      <div class="part-head">
        <h3>{name}</h3>
        {asked ? <Again asked={asked} name={name} /> : null}
      </div>
      {children}
    </section>
  );
}

function GroupButton({ row, choose }: { row: Group; choose: (group: string) => void }) {
  return (
    <button type="button" class="link" aria-label={`Connections in the group ${row.group}`} onClick={() => choose(row.group)}>
      {row.group}
    </button>
  );
}
