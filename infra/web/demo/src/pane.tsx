// One tab as its user sees it, and below it what its wire carries.

import { useEffect, useState } from "preact/hooks";
import { useChanges } from "../../components/observe";
import type { Tab } from "./tab";
import { tabs } from "./tabs";
import { Toasts } from "./toasts";

const OFFLINE_SECONDS = 20;

export function Pane({ tab }: { tab: Tab }) {
  useChanges(tab);
  const title = `tab-${tab.id}`;
  return (
    <article class="pane card" id={`pane-${tab.id}`} data-hue={tabs.hueOf(tab.user)} aria-labelledby={title}>
      <header class="pane-head">
        <span class="avatar" aria-hidden="true">
          {tab.user.slice(0, 1).toUpperCase()}
        </span>
        <h3 id={title}>
          <span class="name">{tab.user}</span> <span class="muted">tab {tab.number}</span>
        </h3>
        <span class="state" data-state={tab.state} role="status">
          {tab.state}
        </span>
        <button type="button" class="quiet icon" aria-label={`Close ${tab.title}`} onClick={() => tabs.close(tab)}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="m4 4 8 8M12 4l-8 8" />
          </svg>
        </button>
      </header>
      {tab.state === "signed out" ? <SignedOut tab={tab} /> : <SignedIn tab={tab} />}
    </article>
  );
}

function SignedOut({ tab }: { tab: Tab }) {
  return (
    <div class="screen signed-out">
      <p class="strong">Signed out</p>
      <p class="muted">{tab.why || "The connection has ended."}</p>
      <button type="button" onClick={() => void tab.signIn()}>
        Sign in again
      </button>
    </div>
  );
}

function SignedIn({ tab }: { tab: Tab }) {
  const isOnline = tab.state === "connected";
  return (
    <div class="screen">
      <p class="why" role="status">
        {isOnline ? "" : tab.offlineUntil === undefined ? tab.why : <Offline until={tab.offlineUntil} />}
      </p>
      <LicenceBanner tab={tab} />
      <dl class="facts">
        <div>
          <dt>Role</dt>
          <dd>{tab.role}</dd>
        </div>
        <div>
          <dt>Licence</dt>
          <dd>
            {tab.licence.plan}, {tab.licence.seats} seats
          </dd>
        </div>
      </dl>
      <Groups tab={tab} />
      <Toasts tab={tab} />
      <label class="row tight">
        <input
          type="checkbox"
          checked={tab.isStateful}
          disabled={!isOnline}
          onChange={({ currentTarget }) => void tab.setStateful(currentTarget.checked)}
        />
        Stateful reconnect: a cut goes unnoticed
      </label>
      <div class="row pane-foot">
        <button type="button" disabled={!isOnline} onClick={() => void tab.logOut()}>
          Log out of all tabs
        </button>
        <button type="button" class="quiet" disabled={!isOnline} onClick={() => tab.cut()}>
          Cut the wire
        </button>
        <button type="button" class="quiet" disabled={!isOnline} onClick={() => tab.stayOffline(OFFLINE_SECONDS)}>
          Stay offline {OFFLINE_SECONDS} s
        </button>
      </div>
    </div>
  );
}

/** How long a tab stays offline; what was sent with a wait or a key arrives afterwards. */
function Offline({ until }: { until: number }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      Offline, {Math.max(0, Math.ceil((until - now) / 1000))} s more. Waiting messages and retained messages
      arrive afterwards.
    </>
  );
}

function LicenceBanner({ tab }: { tab: Tab }) {
  const licence = tab.newLicence;
  return (
    <div role="status">
      {licence ? (
        <div class="banner">
          <p>
            Your licence is now <strong>{licence.plan}</strong> with {licence.seats} seats.
          </p>
          <button type="button" onClick={() => tab.refresh()}>
            Refresh
          </button>
        </div>
      ) : null}
    </div>
  );
}

function Groups({ tab }: { tab: Tab }) {
  const [group, setGroup] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    void tab.join(group.trim());
    setGroup("");
  };
  return (
    <div class="groups">
      <ul class="chips" aria-label={`Groups of ${tab.title}`}>
        {tab.groups.map((name) => (
          <li key={name} class="chip" title="Named by the token">
            {name}
          </li>
        ))}
        {[...tab.joined].map((name) => (
          <li key={`joined ${name}`} class="chip joined">
            {name}
            <button type="button" aria-label={`Leave ${name}`} onClick={() => void tab.leave(name)}>
              <svg viewBox="0 0 16 16" aria-hidden="true">
                <path d="m5 5 6 6M11 5l-6 6" />
              </svg>
            </button>
          </li>
        ))}
      </ul>
      <form class="row tight" onSubmit={submit}>
        <input
          class="grow"
          required
          pattern=".*\S.*"
          aria-label={`Group for ${tab.title} to join`}
          placeholder="such as public-news"
          value={group}
          onInput={({ currentTarget }) => setGroup(currentTarget.value)}
        />
        <button type="submit" disabled={tab.state !== "connected"}>
          Join
        </button>
      </form>
    </div>
  );
}
