// The button for light or dark colours.

import { useEffect, useState } from "preact/hooks";
import { choose, follow, scheme } from "./scheme";

export function ThemeButton() {
  const [current, setCurrent] = useState(scheme);
  useEffect(() => follow(() => setCurrent(scheme())), []);
  const other = current === "dark" ? "light" : "dark";
  const change = () => {
    choose(other);
    setCurrent(other);
  };
  return (
    <button type="button" class="quiet icon" aria-label={`Switch to ${other} colours`} onClick={change}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        {other === "light" ? (
          <path d="M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6ZM8 1.6v1M8 13.4v1M1.6 8h1M13.4 8h1M3.5 3.5l.7.7M11.8 11.8l.7.7M12.5 3.5l-.7.7M4.200 11.8l-.7.7" />
        ) : (
          <path d="M13 9.6A5.5 5.5 0 0 1 6.400 3a5.5 5.5 0 1 0 6.6 6.6Z" />
        )}
      </svg>
    </button>
  );
}
