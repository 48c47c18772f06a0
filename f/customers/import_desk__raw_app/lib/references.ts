// Windmill puts a secret or resource of the workspace in the place of any argument of a job that begins like this.
// A cell of a file may: sent on as what a person changes, it would be read with that person's rights. Pure.

const REFERENCES = ["$res:", "$var:", "$jsonvar:", "$encrypted:"];

/** Whether a text in a value, at any depth, would be replaced. */
export function holdsReference(value: unknown): boolean {
  if (typeof value === "string") return REFERENCES.some((begin) => value.startsWith(begin));
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(holdsReference);
}
