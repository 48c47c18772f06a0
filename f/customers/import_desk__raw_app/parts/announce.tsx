import { observable } from "../lib/observable";
import { useObservable } from "./hooks";

const said = observable("");

/** Have a screen reader say what others see happen. */
export function announce(text: string): void {
  said.set("");
  setTimeout(() => said.set(text), 50);
}

export function Announcer() {
  const text = useObservable(said);
  return (
    <div class="hidden" role="status">
      {text}
    </div>
  );
}
