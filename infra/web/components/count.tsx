// Counts in big figures, and shares of a count.

export function Count({ name, value, isBad = false }: { name: string; value: number; isBad?: boolean }) {
  return (
    <div class="count" data-bad={isBad}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

export function Shares({ name, of }: { name: string; of: [string, number][] }) {
  if (of.length === 0) return null;
  return (
    <div class="shares">
      <p class="caption">{name}</p>
      <ul class="chips" aria-label={name}>
        {of.map(([each, count]) => (
          <li key={each} class="chip">
            {each} <span class="number">{count}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
