// Signs a user in, with one tab or several.

import { useState } from "preact/hooks";
import { list } from "../../components/envelope";
import { tabs } from "./tabs";

export function SignIn() {
  const [user, setUser] = useState("");
  const [groups, setGroups] = useState("");
  const [count, setCount] = useState(1);
  const submit = (event: Event) => {
    event.preventDefault();
    tabs.open(user.trim(), list(groups), count);
    setUser("");
  };
  return (
    <form class="card row" aria-label="Sign in" onSubmit={submit}>
      <label class="grow">
        User
        <input
          name="user"
          required
          pattern=".*\S.*"
          placeholder="such as alice"
          autocomplete="off"
          value={user}
          onInput={({ currentTarget }) => setUser(currentTarget.value)}
        />
      </label>
      <label class="grow">
        Groups of the token
        <input
          name="groups"
          placeholder="such as acme, admins"
          autocomplete="off"
          value={groups}
          onInput={({ currentTarget }) => setGroups(currentTarget.value)}
        />
      </label>
      <label>
        Tabs
        <select name="count" value={count} onChange={({ currentTarget }) => setCount(Number(currentTarget.value))}>
          {[1, 2, 3, 4].map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="primary">
        Sign in
      </button>
    </form>
  );
}
