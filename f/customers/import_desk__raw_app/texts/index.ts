import en from "./en";
import type { Texts } from "./en";

const LANGUAGES: Record<string, Texts> = { en };

function preferred(): [string, Texts] {
  for (const wanted of navigator.languages) {
    const language = wanted.toLowerCase().split("-")[0] ?? "";
    const texts = LANGUAGES[language];
    if (texts) return [language, texts];
  }
  return ["en", en];
}

export const [language, t] = preferred();
