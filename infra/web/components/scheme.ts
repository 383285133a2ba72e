// Light or dark: as the system has it, until the user chooses. One choice counts for all pages of an origin.

export type Scheme = "light" | "dark";

const STORED = "hubcast-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

function chosen(): string {
  return localStorage.getItem(STORED) ?? "";
}

/** The colours that the page has now. */
export function scheme(): Scheme {
  const isDark = chosen() === "" ? system.matches : chosen() === "dark";
  return isDark ? "dark" : "light";
}

/** Chooses the colours, for this page and for those that are opened later. */
export function choose(scheme: Scheme): void {
  localStorage.setItem(STORED, scheme);
  document.documentElement.dataset.theme = scheme;
}

/** Tells when the system or another page changes the colours; answers how to stop. */
export function follow(told: () => void): () => void {
  const byAnother = ({ key }: StorageEvent) => {
    if (key !== STORED) return;
    document.documentElement.dataset.theme = chosen();
    told();
  };
  system.addEventListener("change", told);
  addEventListener("storage", byAnother);
  return () => {
    system.removeEventListener("change", told);
    removeEventListener("storage", byAnother);
  };
}

// Before anything is shown, so that nothing flashes in the other colours.
document.documentElement.dataset.theme = chosen();
