import { Component } from "preact";
import type { ComponentChildren } from "preact";
import { t } from "../texts";
import { Button } from "./Button";
import { Notice } from "./Notice";

/** A fault of the page is a sentence, too. */
export class Boundary extends Component<{ children: ComponentChildren }, { fault: string }> {
  override state = { fault: "" };

  static override getDerivedStateFromError(error: unknown) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }

  override render() {
    if (!this.state.fault) return this.props.children;
    return (
      <Notice kind="bad" urgent actions={<Button onClick={() => location.reload()}>{t.common.reload}</Button>}>
        <p>{t.errors.crashed}</p>
        <p class="technical">{this.state.fault}</p>
      </Notice>
    );
  }
}
