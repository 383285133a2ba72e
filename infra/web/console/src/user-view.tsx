// One user: connections, groups, block, messages that wait, and the journey.

import { Table } from "../../components/table";
import type { Holdings, Place } from "./api";
import { Again, Results } from "./answer-view";
import { useAnswer } from "./asked";
import { Changing } from "./changing";
import { JourneyOf } from "./journey-view";
import { moment } from "./moment-text";
import { connectionColumns, Part } from "./people-view";
import { href } from "./route";

/** The year of what has no end. */
const FOR_GOOD = "9999";
const DAY_SECONDS = 86_400;

export function UserView({ user, here }: { user: string; here: Place }) {
  const asked = useAnswer<Holdings>("user", { id: user });
  return (
    <>
      <div class="row links">
        <a href={href("people")}>All users</a>
        <a href={href("send", `user ${user}`)}>Send to {user}</a>
        <Again asked={asked} name="User" />
      </div>
      <Results asked={asked}>{([holdings]) => (holdings ? <Held holdings={holdings} here={here} again={asked.again} /> : null)}</Results>
      <JourneyOf kind="user" id={user} />
    </>
  );
}

function Held({ holdings, here, again }: { holdings: Holdings; here: Place; again: () => void }) {
  const { userId, connections, memberships, inbox } = holdings;
  const change = (name: string, envelope: object) => <Changing here={here} name={name} envelope={{ userId, ...envelope }} done={again} />;
  const close = (connectionId: string) => (
    <Changing here={here} name="Close" about={connectionId} envelope={{ connectionId, action: "close" }} done={again} />
  );
  const columns = connectionColumns.filter(({ name }) => name !== "User");
  return (
    <>
      <Part name="Block">
        <p>{barred(holdings)}</p>
        {here.allowsChanges ? (
          <div class="row">
            {change("Log out", { action: "close" })}
            {change("Block for a day", { action: "block", ttlSeconds: DAY_SECONDS })}
            {change("Unblock", { action: "unblock" })}
          </div>
        ) : null}
      </Part>
      <Part name="Connections">
        <Table
          name="Connections of the user"
          none="The user has no connection."
          keyOf={({ connectionId }) => connectionId}
          columns={here.allowsChanges ? [...columns, { name: "Change", cell: ({ connectionId }) => close(connectionId) }] : columns}
          rows={connections}
        />
      </Part>
      <Part name="Groups">
        <p class="small">
          Now in: {[...new Set(connections.flatMap(({ groups = [] }) => groups))].sort().join(", ") || "no group"}
        </p>
        <Table
          name="Lasting memberships and denials"
          none="There are no lasting memberships and no denials."
          keyOf={({ group }) => group}
          columns={[
            { name: "Group", cell: ({ group }) => group },
            { name: "Standing", cell: ({ isDenied }) => (isDenied ? "kept out" : "in") },
            { name: "Until", cell: ({ expiresAt }) => moment(expiresAt) },
          ]}
          rows={memberships}
        />
      </Part>
      <Part name="Inbox">
        <Table
          name="Messages that wait"
          none="No message waits for the user."
          keyOf={({ progressKey, expiresAt }) => progressKey + expiresAt}
          columns={[
            { name: "Message", cell: ({ progressKey }) => <a href={href("journey", `message ${messageOf(progressKey)}`)}>{messageOf(progressKey)}</a> },
            { name: "Record", cell: ({ record }) => <code>{JSON.stringify(record)}</code> },
            { name: "Until", cell: ({ expiresAt }) => moment(expiresAt) },
          ]}
          rows={inbox}
        />
      </Part>
    </>
  );
}

/** A progress key begins with the id of its message. */
const messageOf = (progressKey: string): string => progressKey.split("/")[0] ?? progressKey;

function barred({ block: { until, notBefore } }: Holdings): string {
  if (until?.startsWith(FOR_GOOD)) return "Blocked until somebody lifts the block.";
  if (until && Date.parse(until) > Date.now()) return `Blocked until ${moment(until)}.`;
  return notBefore ? `Not blocked. Tokens from before ${moment(notBefore)} are refused.` : "Not blocked.";
}
