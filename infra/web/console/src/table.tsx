// A table of things that somebody searches.

import type { ComponentChildren } from "preact";

export interface Column<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
}

interface TableProps<T> {
  name: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string;
  /** What stands in place of a table without rows. */
  none: string;
}

export function Table<T>({ name, columns, rows, keyOf, none }: TableProps<T>) {
  if (rows.length === 0) return <p class="muted small">{none}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={name}>
      <table>
        <caption class="hidden">{name}</caption>
        <thead>
          <tr>
            {columns.map(({ name }) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map(({ name, cell }) => (
                <td key={name}>{cell(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether any of these texts has what somebody searches for. */
export function fits(wanted: string, ...texts: (string | null | undefined)[]): boolean {
  const word = wanted.trim().toLowerCase();
  return texts.some((text) => text?.toLowerCase().includes(word));
}
