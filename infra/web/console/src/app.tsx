// The console as a whole: the bar, and the view that the address names.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ThemeButton } from "../../components/theme";
import { place, type Place } from "./api";
import { AuditView } from "./audit-view";
import { DoctorView } from "./doctor-view";
import { FiguresView } from "./figures-view";
import { JourneyView } from "./journey-view";
import { LettersView } from "./letters-view";
import { PeopleView } from "./people-view";
import { href, useRoute, type Route } from "./route";
import { SendView } from "./send-view";
import { UserView } from "./user-view";

const VIEWS: Record<string, string> = {
  people: "Who is there",
  journey: "Journey",
  audit: "Audit",
  figures: "Figures",
  letters: "Dead letters",
  send: "Send",
  doctor: "Doctor",
};

export function App() {
  const [here, setHere] = useState<Place>();
  const [isGone, setGone] = useState(false);
  useEffect(() => void place().then((place) => (place ? setHere(place) : setGone(true))), []);
  const route = useRoute();
  const view = route.view === "user" || route.view in VIEWS ? route.view : "people";
  return (
    <>
      <a class="skip" href="#main" onClick={toMain}>
        Skip to the view
      </a>
      <Header view={view} here={here} />
      <Main title={view === "user" ? route.subject : (VIEWS[view] ?? "")} key={view + route.subject}>
        {isGone ? <p class="trouble">The console does not answer: run hubcast console again.</p> : null}
        {here ? <View view={view} route={route} here={here} /> : null}
      </Main>
    </>
  );
}

function toMain(event: Event) {
  // The address names the view, so the link must not change the address.
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function View({ view, route, here }: { view: string; route: Route; here: Place }) {
  switch (view) {
    case "user":
      return <UserView user={route.subject} here={here} />;
    case "journey":
      return <JourneyView subject={route.subject} />;
    case "audit":
      return <AuditView subject={route.subject} />;
    case "figures":
      return <FiguresView />;
    case "letters":
      return <LettersView here={here} />;
    case "send":
      return <SendView subject={route.subject} here={here} />;
    case "doctor":
      return <DoctorView here={here} />;
    default:
      return <PeopleView here={here} />;
  }
}

function Header({ view, here }: { view: string; here: Place | undefined }) {
  return (
    <header class="top">
      <div class="brand">
        <img src="/icon.svg" alt="" width="28" height="28" />
        <h1>hubcast</h1>
      </div>
      <nav class="views" aria-label="Views">
        {Object.entries(VIEWS).map(([each, name]) => (
          <a key={each} href={href(each)} aria-current={each === view ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {here ? (
        <p class="where muted small">
          <span title={here.local ?? ""}>{here.local ? "local stack" : here.deployment}</span>, hub <strong>{here.hub}</strong>
          <span class="mode">{here.allowsChanges ? "may change" : "looks only"}</span>
        </p>
      ) : null}
      <ThemeButton />
    </header>
  );
}

/** A view takes the focus when somebody goes to it, so that readers of screens hear where they are. */
function Main({ title, children }: { title: string; children: ComponentChildren }) {
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    document.title = `${title} - hubcast console`;
    if (location.hash !== "") main.current?.focus();
  }, [title]);
  return (
    <main id="main" class="view" tabIndex={-1} ref={main}>
      <h2>{title}</h2>
      {children}
    </main>
  );
}
