// The four jobs that hubcast is for, each a button.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { logOut } from "./backend";
import type { Envelope, Message } from "../../components/envelope";
import { useChanges } from "../../components/observe";
import type { At } from "./operator";
import { tabs } from "./tabs";

const ROLES = ["editor", "admin", "viewer"];
const LICENCES = [
  { plan: "pro", seats: 20 },
  { plan: "enterprise", seats: 500 },
  { plan: "standard", seats: 5 },
];

/** What each job is given by its name: how it sends, and what became of that. */
type OfJob = (name: string) => ReturnType<At>;

export function Jobs({ of }: { of: OfJob }) {
  useChanges(tabs);
  return (
    <section class="card jobs" aria-labelledby="jobs-title">
      <h3 id="jobs-title">The four jobs</h3>
      <RoleJob of={of} />
      <LogOutJob of={of} />
      <LicenceJob of={of} />
      <ToastJob of={of} />
    </section>
  );
}

function RoleJob({ of }: { of: OfJob }) {
  const [user, users] = useChoice(["Whose role", "User whose role changes"], tabs.users);
  const [role, roles] = useChoice(["New role"], ROLES);
  const envelope = { userId: user, target: "permissionsChanged", arguments: [{ role }] };
  return (
    <Job name="Change role" of={of} message={envelope} isReady={user !== ""}>
      {users}
      {roles}
    </Job>
  );
}

function LogOutJob({ of }: { of: OfJob }) {
  const [user, users] = useChoice(["User to log out"], tabs.users);
  return (
    <Job name="Log out" of={of} message={logOut(user)} isReady={user !== ""}>
      {users}
    </Job>
  );
}

function LicenceJob({ of }: { of: OfJob }) {
  const [to, audiences] = useChoice(["Licence for"], [...tabs.groups.map(ofGroup), EVERYONE]);
  const [plan, plans] = useChoice(["New licence"], LICENCES.map((each) => each.plan));
  const licence = LICENCES.find((each) => each.plan === plan);
  const envelope = { ...audience(to), target: "licenceChanged", arguments: [licence] };
  return (
    <Job name="Change licence" of={of} message={envelope}>
      {audiences}
      {plans}
    </Job>
  );
}

function ToastJob({ of }: { of: OfJob }) {
  const [to, audiences] = useChoice(["Who gets the toast"], [EVERYONE, ...tabs.groups.map(ofGroup), ...tabs.users.map(ofUser)]);
  const [text, setText] = useState("Maintenance tonight at ten.");
  return (
    <Job name="Send toast" of={of} message={{ ...audience(to), target: "toast", arguments: [text] }}>
      {audiences}
      <label>
        Text of the toast
        <input value={text} onInput={({ currentTarget }) => setText(currentTarget.value)} />
      </label>
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
  of: OfJob;
  message: Message;
  isReady?: boolean;
  children: ComponentChildren;
}

function Job({ name, of, message, isReady = true, children }: JobProps) {
  const { send, outcome } = of(name);
  return (
    <div class="job">
      {children}
      <button type="button" disabled={!isReady} onClick={() => void send(message)}>
        {name}
      </button>
      {outcome}
    </div>
  );
}

/** A choice among options that come and go; the first one as long as none was made. */
function useChoice([caption, name = caption]: [caption: string, name?: string], options: string[]) {
  const [chosen, choose] = useState("");
  const value = options.includes(chosen) ? chosen : (options[0] ?? "");
  const list = (
    <label>
      {caption}
      <select
        aria-label={name}
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
    </label>
  );
  return [value, list] as const;
}
