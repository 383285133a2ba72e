// The search of the lists.

/** Whether any of these texts has what somebody searches for. */
export function fits(wanted: string, ...texts: (string | null | undefined)[]): boolean {
  const word = wanted.trim().toLowerCase();
  return texts.some((text) => text?.toLowerCase().includes(word));
}
