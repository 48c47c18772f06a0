// The address of what is shown, as the part behind `#`: a reload or a link that was passed on finds it again.

export const STEPS = ["reading", "columns", "rows", "plan", "progress", "report"] as const;
export type StepName = (typeof STEPS)[number];

export type Route = { page: "start" } | { page: "draft"; id: string; step: StepName | "" };

const ADDRESS = /^#?\/draft\/([A-Za-z0-9_-]{1,80})(?:\/([a-z]*))?\/?$/;

export function parseRoute(hash: string): Route {
  const [, id, step = ""] = ADDRESS.exec(hash) ?? [];
  if (!id) return { page: "start" };
  return { page: "draft", id, step: STEPS.find((one) => one === step) ?? "" };
}

export function formatRoute(route: Route): string {
  return route.page === "start" ? "#/" : `#/draft/${route.id}${route.step ? `/${route.step}` : ""}`;
}
