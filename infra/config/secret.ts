/** A value that must not be shown: every way of printing it gives `[redacted]`; only reveal() gives it away. */
import { inspect } from 'node:util';

const redacted = '[redacted]';

export class Secret {
  // A private field, not a property: inspect({ showHidden }) and Object.keys cannot reach it.
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }

  /** Call it where a request is signed, nowhere else. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return redacted;
  }
  toJSON(): string {
    return redacted;
  }
  [inspect.custom](): string {
    return redacted;
  }
}
