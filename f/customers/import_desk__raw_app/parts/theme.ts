import { observable } from "../lib/observable";

export type Theme = "auto" | "light" | "dark";

const KEY = "import-desk-theme";

export const theme = observable<Theme>(kept());

export function chooseTheme(next: Theme): void {
  theme.set(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // Windmill may show the page where it has no storage: the choice then lasts until it is closed.
  }
}

function kept(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    return "auto";
  }
}

export function applyTheme(value: Theme): void {
  if (value === "auto") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", value);
}
