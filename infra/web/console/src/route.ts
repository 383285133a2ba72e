// Which view the address names, such as `#user/alice`: so that back, forward and bookmarks work.

import { useEffect, useState } from "preact/hooks";

export interface Route {
  view: string;
  /** What the view is about, if it is about one thing. */
  subject: string;
}

function read(): Route {
  const [view = "", ...rest] = location.hash.slice(1).split("/");
  return { view, subject: decoded(rest.join("/")) };
}

/** Whoever types an address may mistype it. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const href = (view: string, subject = ""): string => `#${view}${subject && `/${encodeURIComponent(subject)}`}`;

export function useRoute(): Route {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const follow = () => setRoute(read());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}
