// Changes on their way to the server: one message at a time, and what comes meanwhile goes with the next. A
// change that could not be sent is kept and can be sent again. Pure but for the sending, which is passed in.

export interface OutboxOptions<Change> {
  send: (changes: readonly Change[]) => Promise<void>;
  /** Called when something was sent, came back refused, or waits. */
  changed: () => void;
  /** The most changes of one message. */
  most?: number;
  /** Whether a change can go with one before it in a message; all can if this is not given. */
  together?: (one: Change, next: Change) => boolean;
}

export class Outbox<Change> {
  failure: unknown = null;
  private waiting: Change[] = [];
  private sending: readonly Change[] = [];

  constructor(private readonly options: OutboxOptions<Change>) {}

  /** Changes that the server has not confirmed. */
  get pending(): readonly Change[] {
    return [...this.sending, ...this.waiting];
  }

  get busy(): boolean {
    return this.sending.length > 0;
  }

  add(change: Change): void {
    this.waiting.push(change);
    this.options.changed();
    if (this.failure === null) void this.pump();
  }

  /** Send again what could not be sent. */
  retry(): void {
    this.failure = null;
    this.options.changed();
    void this.pump();
  }

  /** Give up what was not sent, and return it. */
  clear(): Change[] {
    const given = this.waiting;
    this.waiting = [];
    this.failure = null;
    this.options.changed();
    return given;
  }

  /** How many of those that wait go with the next message. */
  private reach(): number {
    const { most = 500, together = () => true } = this.options;
    const [first] = this.waiting;
    const apart = this.waiting.findIndex((change, at) => at > 0 && first !== undefined && !together(first, change));
    return Math.min(most, apart < 0 ? this.waiting.length : apart);
  }

  private async pump(): Promise<void> {
    while (!this.busy && this.waiting.length > 0 && this.failure === null) {
      this.sending = this.waiting.slice(0, this.reach());
      this.waiting = this.waiting.slice(this.sending.length);
      try {
        await this.options.send(this.sending);
      } catch (error) {
        this.failure = error ?? new Error();
        this.waiting = [...this.sending, ...this.waiting];
      }
      this.sending = [];
      this.options.changed();
    }
  }
}
