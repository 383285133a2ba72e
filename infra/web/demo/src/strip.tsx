// All tabs in one line, in sight wherever somebody scrolls; an avatar pulses when something arrives.

import { useChanges } from "../../components/observe";
import type { Tab } from "./tab";
import { tabs } from "./tabs";

export function Strip() {
  useChanges(tabs);
  if (tabs.all.length === 0) return null;
  return (
    <nav class="strip" aria-label="Browser tabs in short">
      {tabs.all.map((tab) => (
        <Avatar key={tab.id} tab={tab} />
      ))}
    </nav>
  );
}

function Avatar({ tab }: { tab: Tab }) {
  useChanges(tab);
  const newest = tab.toasts.at(-1)?.text ?? (tab.newLicence ? `Licence ${tab.newLicence.plan}` : "");
  return (
    <a href={`#pane-${tab.id}`} data-hue={tabs.hueOf(tab.user)} data-state={tab.state}>
      {/* Another element at each arrival, so that the pulse begins anew. */}
      <span class="avatar" key={tab.arrivals} data-pulses={tab.arrivals > 0} aria-hidden="true">
        {tab.user.slice(0, 1).toUpperCase()}
        {tab.number}
      </span>
      <span class="hidden">
        {tab.title}: {tab.state}
      </span>
      <span class="newest" aria-hidden={newest === ""}>
        {newest || tab.state}
      </span>
    </a>
  );
}
