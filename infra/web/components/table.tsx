// A table that scrolls in its own box, so that the page never grows wider than the screen.

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
