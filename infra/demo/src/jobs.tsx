// The four jobs that hubcast is for, each a button.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { logOut } from "./backend";
import type { Envelope } from "./envelope";
import { useChanges } from "./observe";
import type { Sender } from "./operator";
import { tabs } from "./tabs";

const ROLES = ["editor", "admin", "viewer"];
const LICENCES = [
  { plan: "pro", seats: 20 },
  { plan: "enterprise", seats: 500 },
  { plan: "standard", seats: 5 },
];

export function Jobs({ send }: { send: Sender }) {
  useChanges(tabs);
  return (
    <section class="card jobs" aria-labelledby="jobs-title">
      <h3 id="jobs-title">The four jobs</h3>
      <RoleJob send={send} />
      <LogOutJob send={send} />
      <LicenceJob send={send} />
      <ToastJob send={send} />
    </section>
  );
}

function RoleJob({ send }: { send: Sender }) {
  const [user, users] = useChoice("User whose role changes", tabs.users);
  const [role, roles] = useChoice("New role", ROLES);
  const envelope = { userId: user, target: "permissionsChanged", arguments: [{ role }] };
  return (
    <Job name="Change role" isReady={user !== ""} act={() => send("Role changed", envelope)}>
      {users}
      {roles}
    </Job>
  );
}

function LogOutJob({ send }: { send: Sender }) {
  const [user, users] = useChoice("User to log out", tabs.users);
  return (
    <Job name="Log out" isReady={user !== ""} act={() => send("Logged out", logOut(user))}>
      {users}
    </Job>
  );
}

function LicenceJob({ send }: { send: Sender }) {
  const [to, audiences] = useChoice("Who gets the licence", [...tabs.groups.map(ofGroup), EVERYONE]);
  const [plan, plans] = useChoice("New licence", LICENCES.map((each) => each.plan));
  const licence = LICENCES.find((each) => each.plan === plan);
  const envelope = { ...audience(to), target: "licenceChanged", arguments: [licence] };
  return (
    <Job name="Change licence" act={() => send("Licence changed", envelope)}>
      {audiences}
      {plans}
    </Job>
  );
}

function ToastJob({ send }: { send: Sender }) {
  const [to, audiences] = useChoice("Who gets the toast", [EVERYONE, ...tabs.groups.map(ofGroup), ...tabs.users.map(ofUser)]);
  const [text, setText] = useState("Maintenance tonight at ten.");
  return (
    <Job name="Send toast" act={() => send("Toast", { ...audience(to), target: "toast", arguments: [text] })}>
      {audiences}
      <input aria-label="Text of the toast" value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
    </Job>
  );
}

const EVERYONE = "everyone";
const ofGroup = (group: string) => `group ${group}`;
const ofUser = (user: string) => `user ${user}`;

function audience(to: string): Envelope {
  if (to.startsWith("group ")) return { groupName: to.slice("group ".length) };
  if (to.startsWith("user ")) return { userId: to.slice("user ".length) };
  return { everyone: true };
}

interface JobProps {
  name: string;
  act: () => Promise<void>;
  isReady?: boolean;
  children: ComponentChildren;
}

function Job({ name, act, isReady = true, children }: JobProps) {
  return (
    <div class="job">
      {children}
      <button type="button" disabled={!isReady} onClick={() => void act()}>
        {name}
      </button>
    </div>
  );
}

/** A choice among options that come and go; the first one as long as none was made. */
function useChoice(label: string, options: string[]) {
  const [chosen, choose] = useState("");
  const value = options.includes(chosen) ? chosen : (options[0] ?? "");
  const list = (
    <select
      aria-label={label}
      disabled={options.length === 0}
      value={value}
      onChange={({ currentTarget }) => choose(currentTarget.value)}
    >
      {options.length === 0 ? <option value="">nobody yet</option> : null}
      {options.map((option) => (
        <option key={option} value={option}>
          {option}
        </option>
      ))}
    </select>
  );
  return [value, list] as const;
}
