// What pops up in a tab, and goes by itself.

import type { Tab } from "./tab";

export function Toasts({ tab }: { tab: Tab }) {
  return (
    <div class="toasts" role="log" aria-label={`Notices of ${tab.title}`}>
      {tab.toasts.map((toast) => (
        <div class="toast" key={toast.id} data-tone={toast.tone}>
          <p>{toast.text}</p>
          <button type="button" class="quiet icon" aria-label="Dismiss" onClick={() => tab.dismiss(toast)}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="m4 4 8 8M12 4l-8 8" />
            </svg>
          </button>
        </div>
      ))}
    </div>
  );
}
