import { observable } from "../lib/observable";
import { formatRoute, parseRoute } from "../lib/router";
import type { Route } from "../lib/router";

export const route = observable<Route>(parseRoute(location.hash));

addEventListener("hashchange", () => {
  if (formatRoute(route.value) !== location.hash) route.set(parseRoute(location.hash));
});

/** `replace`: for what the person did not choose, so that "back" does not lead there again. */
export function goTo(next: Route, replace = false): void {
  const address = formatRoute(next);
  route.set(next);
  if (location.hash === address) return;
  if (replace) history.replaceState(null, "", address);
  else location.hash = address;
}
