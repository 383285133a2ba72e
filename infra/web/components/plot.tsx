// Figures over time as lines: by mouse, by keyboard, and as a table for those who do not see them.

import { useEffect, useRef, useState } from "preact/hooks";
import { Table, type Column } from "./table";

/** A time in milliseconds, and the figure then. */
export type Point = readonly [at: number, value: number];

export interface PlotLine {
  name: string;
  points: Point[];
}

interface PlotProps {
  name: string;
  unit: string;
  lines: PlotLine[];
  /** The first and the last moment, in milliseconds. */
  span: readonly [from: number, to: number];
  /** How far apart points are, in milliseconds: where one is missing, the line has a gap. */
  period: number;
}

const HEIGHT = 180;
const [LEFT, RIGHT, TOP, BOTTOM] = [52, 12, 10, 24];
const TICKS = 3;

export function Plot({ name, unit, lines, span, period }: PlotProps) {
  const [width, box] = useWidth();
  const [seen, look] = useState<number>();
  const measured = lines.filter(({ points }) => points.length > 0);
  const times = [...new Set(measured.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b);
  const top = roundUp(Math.max(0, ...measured.flatMap(({ points }) => points.map(([, value]) => value))));
  const x = (at: number) => LEFT + ((at - span[0]) / Math.max(1, span[1] - span[0])) * (width - LEFT - RIGHT);
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM);
  const at = seen === undefined ? undefined : times[Math.min(seen, times.length - 1)];
  const point = (event: PointerEvent) => look(nearest(times.map(x), event.offsetX));
  const step = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || times.length === 0) return;
    event.preventDefault();
    look(Math.max(0, Math.min(times.length - 1, (seen ?? times.length) + by)));
  };
  return (
    <figure class="plot">
      <figcaption>
        <strong>{name}</strong> <span class="muted small">{unit}</span>
      </figcaption>
      {times.length === 0 ? <p class="muted small">Nothing was measured.</p> : null}
      <div ref={box} class="plot-box" role="group" tabIndex={0} aria-label={`${name}: arrow keys go from point to point`} hidden={times.length === 0} onKeyDown={step}>
        <svg width={width} height={HEIGHT} role="img" aria-label={summary(name, unit, measured)} onPointerMove={point} onPointerLeave={() => look(undefined)}>
          <Axes top={top} width={width} y={y} x={x} span={span} />
          {lines.map(({ name, points }, index) => (
            <path key={name} class="plot-line" data-line={index} d={path(points, x, y, period)} />
          ))}
          {at === undefined ? null : <line class="plot-seen" x1={x(at)} x2={x(at)} y1={TOP} y2={HEIGHT - BOTTOM} />}
        </svg>
      </div>
      <Legend lines={lines} at={at} />
      {times.length === 0 ? null : <Values name={name} lines={measured} times={times} />}
    </figure>
  );
}

/** The width of an element, as it changes. */
function useWidth() {
  const [width, setWidth] = useState(400);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(Math.max(160, element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [width, box] as const;
}

interface AxesProps {
  top: number;
  width: number;
  x: (at: number) => number;
  y: (value: number) => number;
  span: readonly [number, number];
}

function Axes({ top, width, x, y, span }: AxesProps) {
  const middle = (span[0] + span[1]) / 2;
  const anchors = ["start", "middle", "end"] as const;
  return (
    <g class="plot-axes" aria-hidden="true">
      {Array.from({ length: TICKS }, (_, tick) => (top * tick) / (TICKS - 1)).map((value) => (
        <g key={value}>
          <line x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} />
          <text x={LEFT - 8} y={y(value) + 4} text-anchor="end">
            {short(value)}
          </text>
        </g>
      ))}
      {[span[0], middle, span[1]].map((at, index) => (
        <text key={at} x={x(at)} y={HEIGHT - 6} text-anchor={anchors[index] ?? "middle"}>
          {clock(at, span)}
        </text>
      ))}
    </g>
  );
}

/** What each line is, and its figure at the point that somebody looks at, or else its newest. */
function Legend({ lines, at }: { lines: PlotLine[]; at: number | undefined }) {
  return (
    <div role="status">
      <ul class="legend">
        {lines.map(({ name, points }, index) => {
          const shown = at === undefined ? points.at(-1) : points.find(([time]) => time === at);
          return (
            <li key={name}>
              <svg width="22" height="10" aria-hidden="true">
                <line class="plot-line" data-line={index} x1="1" x2="21" y1="5" y2="5" />
              </svg>
              {name} <strong>{shown ? short(shown[1]) : "-"}</strong>
            </li>
          );
        })}
        <li class="muted">{at === undefined ? "newest" : new Date(at).toLocaleTimeString("en-GB")}</li>
      </ul>
    </div>
  );
}

/** The figures of all lines, a row for each moment: made only when somebody opens the table. */
function Values({ name, lines, times }: { name: string; lines: PlotLine[]; times: number[] }) {
  const [isOpen, setOpen] = useState(false);
  const title = `Table of ${name.toLowerCase()}`;
  const moment: Column<number> = { name: "Time", cell: (time) => new Date(time).toLocaleString("en-GB") };
  const figures = lines.map(({ name, points }): Column<number> => ({ name, cell: (time) => short(points.find(([at]) => at === time)?.[1]) }));
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen ? <Table name={title} none="Nothing was measured." keyOf={String} columns={[moment, ...figures]} rows={times} /> : null}
    </details>
  );
}

/** A line through the points, with a gap where one is missing; a single point is a stroke of its own. */
function path(points: Point[], x: (at: number) => number, y: (value: number) => number, period: number): string {
  return points
    .map(([at, value], index) => {
      const [before, after] = [points[index - 1], points[index + 1]];
      const isJoined = before !== undefined && at - before[0] <= period;
      const isAlone = !isJoined && (after === undefined || after[0] - at > period);
      return `${isJoined ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}${isAlone ? "h4" : ""}`;
    })
    .join("");
}

/** The next figure with one digit that is nothing in particular, so that ticks are round. */
function roundUp(most: number): number {
  if (most <= 0) return 1;
  const size = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 8, 10].map((step) => step * size).find((step) => step >= most) ?? most;
}

function short(value: number | undefined): string {
  if (value === undefined) return "-";
  if (value >= 10_000) return `${(value / 1000).toLocaleString("en-GB", { maximumFractionDigits: 1 })}k`;
  return value.toLocaleString("en-GB", { maximumFractionDigits: value < 10 ? 2 : 0 });
}

function clock(at: number, [from, to]: readonly [number, number]): string {
  const isLong = to - from > 86_400_000;
  const date = new Date(at);
  return isLong ? date.toLocaleDateString("en-GB", { day: "numeric", month: "short" }) : date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
}

function nearest(places: number[], place: number): number | undefined {
  const distances = places.map((each) => Math.abs(each - place));
  const least = Math.min(...distances);
  return distances.length === 0 ? undefined : distances.indexOf(least);
}

function summary(name: string, unit: string, lines: PlotLine[]): string {
  const told = lines.map(({ name, points }) => {
    const values = points.map(([, value]) => value);
    return `${name}: ${short(values.at(-1))} now, ${short(Math.max(...values))} at most`;
  });
  return `${name}, ${unit}. ${told.join("; ")}`;
}
