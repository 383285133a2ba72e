// The page as a whole: tabs of users on the one side, the operator on the other.

import { HUB } from "./backend";
import { useChanges } from "./observe";
import { Operator } from "./operator";
import { Pane } from "./pane";
import { SignIn } from "./sign-in";
import { tabs } from "./tabs";
import { ThemeButton } from "./theme";

export function App() {
  useChanges(tabs);
  return (
    <>
      <a class="skip" href="#operator">
        Skip to the operator
      </a>
      <Header />
      <main class="page">
        <section class="tabs" aria-labelledby="tabs-title" id="tabs">
          <div class="section-head">
            <h2 id="tabs-title">Browser tabs</h2>
            <p class="muted">Each one is a SignalR connection of its own.</p>
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
        <Operator />
      </main>
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
