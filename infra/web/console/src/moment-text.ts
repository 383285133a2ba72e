// Points in time, as people read them beside a table.

/** The local date and time, to the second; a dash for none. */
export function moment(at: string | null | undefined): string {
  return at ? new Date(at).toLocaleString("en-GB") : "-";
}

const UNITS: [name: string, seconds: number][] = [
  ["d", 86_400],
  ["h", 3600],
  ["min", 60],
  ["s", 1],
];

/** How long ago something was, such as `3 min`. */
export function age(at: string | null, now = Date.now()): string {
  if (!at) return "-";
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  const [name, size] = UNITS.find(([, size]) => seconds >= size) ?? ["s", 1];
  return `${Math.floor(seconds / size)} ${name}`;
}
