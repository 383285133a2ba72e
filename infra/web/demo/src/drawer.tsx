// The drawer at the end of the window: the message as code, and all that happens in one order.

import { useState } from "preact/hooks";
import { useChanges } from "../../components/observe";
import type { At } from "./operator";
import { Preview, type Shown } from "./preview";
import { Timeline } from "./timeline-view";
import { timeline } from "./timeline";

type Panel = "code" | "timeline";

interface DrawerProps {
  shown: Shown | undefined;
  show: (shown: Shown) => void;
  at: At;
}

export function Drawer({ shown, show, at }: DrawerProps) {
  const [open, setOpen] = useState<Panel>();
  const json = at("json", "As edited");
  const toggle = (panel: Panel, name: string) => (
    <button type="button" aria-expanded={open === panel} aria-controls="drawer" onClick={() => setOpen(open === panel ? undefined : panel)}>
      {name}
    </button>
  );
  return (
    <section class="drawer" aria-label="Code and timeline" data-open={open !== undefined}>
      <div class="drawer-head">
        {toggle("code", "Code")}
        {toggle("timeline", "Timeline")}
        <Newest />
      </div>
      <div id="drawer" class="drawer-body" hidden={open === undefined}>
        {open === "code" && shown ? <Preview shown={shown} show={show} send={json.send} outcome={json.outcome} /> : null}
        {open === "timeline" ? <Timeline /> : null}
      </div>
    </section>
  );
}

/** What happened last, while the timeline is closed. */
function Newest() {
  useChanges(timeline);
  const newest = timeline.entries.at(-1);
  return (
    <p class="muted newest" aria-hidden="true">
      {newest ? `${newest.who}: ${newest.title}` : "Nothing has happened yet."}
    </p>
  );
}
