// The page as a whole: tabs of users on the one side, the operator on the other.

import { useEffect, useState } from "preact/hooks";
import { HUB } from "./backend";
import { Drawer } from "./drawer";
import { useChanges } from "../../components/observe";
import { Operator, useFates } from "./operator";
import { Pane } from "./pane";
import type { Shown } from "./preview";
import { SignIn } from "./sign-in";
import { stack } from "./stack";
import { Strip } from "./strip";
import { tabs } from "./tabs";
import { ThemeButton } from "../../components/theme";

export function App() {
  useChanges(tabs);
  const [shown, show] = useState<Shown>();
  const at = useFates(show);
  return (
    <>
      <a class="skip" href="#operator">
        Skip to the operator
      </a>
      <Header />
      <div class="bars">
        <Down />
        <Strip />
      </div>
      <main class="page">
        <p class="intro">
          hubcast pushes messages from backends to browsers over SignalR. Sign users in, send to them as an operator, and
          watch what arrives. Read more: <a href="/docs/LOCAL.html">local stack</a>,{" "}
          <a href="/docs/PROTOCOL.html">protocol</a>, <a href="/docs/CLI.html">command line</a>,{" "}
          <a href="/docs/MIGRATION.html">coming from Azure</a>, <a href="/api">REST API</a>,{" "}
          <a href="/docs/index.html">all documents</a>.
        </p>
        <section class="tabs" aria-labelledby="tabs-title" id="tabs">
          <div class="section-head">
            <h2 id="tabs-title">Browser tabs</h2>
            <p class="muted">Each tab is a SignalR connection of its own.</p>
          </div>
          <SignIn />
          {isSecureContext ? null : <Elsewhere />}
          {tabs.all.length === 0 ? <Welcome /> : null}
          <div class="panes">
            {tabs.all.map((tab) => (
              <Pane key={tab.id} tab={tab} />
            ))}
          </div>
        </section>
        <Operator at={at} show={show} />
      </main>
      <Drawer shown={shown} show={show} at={at} />
    </>
  );
}

function Header() {
  return (
    <header class="top">
      <div class="brand">
        <img src="/icon.svg" alt="" width="28" height="28" />
        <h1>hubcast</h1>
        <span class="muted wide">local stack</span>
      </div>
      <nav class="jump" aria-label="Parts of the page">
        <a href="#tabs">Tabs</a>
        <a href="#operator">Operator</a>
      </nav>
      <code class="address wide">
        {location.origin}/hubs/{HUB}
      </code>
      <ThemeButton />
    </header>
  );
}

/** One banner for all that cannot work while the stack is down. */
function Down() {
  useChanges(stack);
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!stack.isDown) return undefined;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 250);
    return () => clearInterval(timer);
  }, [stack.isDown]);
  const seconds = Math.max(0, Math.ceil(((stack.nextTry ?? now) - now) / 1000));
  return (
    <div role="alert">
      {stack.isDown ? (
        <p class="down">
          <span>
            The local stack does not answer. Start it with <code>make run</code>. <span aria-hidden="true">Next try in {seconds} s.</span>
          </span>
          <button type="button" onClick={() => void stack.look()}>
            Try now
          </button>
        </p>
      ) : null}
    </div>
  );
}

/** The browser itself says by this that the page came over a network, without encryption. */
function Elsewhere() {
  return (
    <p class="banner" role="note">
      This page came from {location.host}, and only pages of localhost may connect: open it there, or forward a port of
      this device to the stack.
    </p>
  );
}

function Welcome() {
  const three = () => {
    tabs.open("alice", ["acme"], 2);
    tabs.open("bob", ["acme"], 1);
  };
  return (
    <div class="welcome">
      <h3>Nobody is signed in</h3>
      <p>Sign somebody in above, or start with three tabs: two of alice and one of bob, both of the group acme.</p>
      <button type="button" class="primary" onClick={three}>
        Open three tabs
      </button>
    </div>
  );
}
