// Figures over time: messages, latency, ages, throttles, and the share of pings.

import { useEffect, useState } from "preact/hooks";
import { Plot } from "../../components/plot";
import type { Figures } from "./api";
import { Again, Results } from "./answer-view";
import { useAnswer } from "./asked";
import { Since } from "./subject";

const TIMES: Record<string, [name: string, hours: number]> = {
  "15m": ["15 minutes", 0.25],
  "1h": ["an hour", 1],
  "3h": ["3 hours", 3],
  "1d": ["a day", 24],
  "7d": ["a week", 168],
};
const NAMES = Object.fromEntries(Object.entries(TIMES).map(([time, [name]]) => [time, name]));
const HOUR_MILLISECONDS = 3_600_000;
/** A period of CloudWatch is a minute, so asking more often shows nothing new. */
const EVERY_MILLISECONDS = 60_000;

export function FiguresView() {
  const [since, setSince] = useState("1h");
  const asked = useAnswer<Figures>("metrics", { since });
  useEffect(() => {
    const timer = setInterval(() => document.hidden || asked.again(), EVERY_MILLISECONDS);
    return () => clearInterval(timer);
  }, [asked.again]);
  const to = Date.now();
  const span = [to - (TIMES[since]?.[1] ?? 1) * HOUR_MILLISECONDS, to] as const;
  return (
    <>
      <div class="row">
        <Since times={NAMES} since={since} setSince={setSince} />
        <Again asked={asked} name="Figures" />
      </div>
      <Results asked={asked}>
        {(plots) => (
          <div class="columns">
            {plots.map(({ plot, unit, periodSeconds, lines }) => (
              <section class="card" key={plot} aria-label={plot}>
                <Plot
                  name={plot}
                  unit={unit === "a period" ? `every ${periodSeconds / 60} min` : unit}
                  span={span}
                  period={periodSeconds * 1000}
                  lines={lines.map(({ name, points }) => ({ name, points: points.map(([at, value]) => [Date.parse(at), value] as const) }))}
                />
              </section>
            ))}
          </div>
        )}
      </Results>
    </>
  );
}
