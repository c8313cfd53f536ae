/**
 * One HTTP exchange on undici's dispatch interface, which costs less than its `request`. The body is either
 * gathered, up to a bound, or taken chunk by chunk with back-pressure.
 */
import { Readable } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';

export interface Exchange {
  readonly status: number;
  /** Names in lower case; values as latin1 strings of the bytes received. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Body;
}

/** May be taken once, either way. */
export interface Body extends AsyncIterable<Uint8Array> {
  /** All of it. Rejects when it is longer. */
  gather(limit: number): Promise<Buffer>;
  /** Lets go of what is not wanted. */
  destroy(): void;
}

export interface ExchangeOptions {
  /** From the call, or from the last piece of a streamed request body, to the response's headers. */
  readonly headersMs: number;
  /** Longest pause between two pieces of the body. */
  readonly progressMs: number;
  /** What to throw for a failure. */
  readonly explain: (error: unknown) => Promise<unknown>;
}

class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/** Resolves once the response's headers are there. Rejects with what `explain` makes of a failure. */
export function exchange(
  pool: Pool,
  request: Pick<Dispatcher.DispatchOptions, 'method' | 'path' | 'headers' | 'body'>,
  { headersMs, progressMs, explain }: ExchangeOptions,
): Promise<Exchange> {
  const answer = new Promise<Exchange>((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let late: DeadlineError | undefined;
    const body = new IncomingBody(() => controller, explain);
    // Counts the time in the pool's queue too, which undici's own timers do not.
    const timer = setTimeout(() => {
      late = new DeadlineError(`no answer within ${headersMs} ms`);
      controller?.abort(late);
      reject(late);
    }, headersMs);
    const isStreamed = request.body instanceof Readable;

    pool.dispatch(
      // Else undici closes the connection after every HEAD, for servers that send a body all the same.
      { ...request, reset: false, headersTimeout: 0, bodyTimeout: progressMs },
      {
        onRequestStart(started) {
          controller = started;
          if (late) started.abort(late);
        },
        onBodySent() {
          if (isStreamed) timer.refresh();
        },
        onResponseStart(_controller, status, headers) {
          if (status < 200) return;
          clearTimeout(timer);
          resolve({ status, headers: single(headers), body });
        },
        onResponseData: (_controller, chunk) => body.push(chunk),
        onResponseEnd: () => body.end(),
        onResponseError(_controller, error) {
          clearTimeout(timer);
          reject(late ?? error);
          body.fail(error);
        },
      },
    );
  });
  return answer.catch(async (error) => {
    throw await explain(error);
  });
}

function single(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) result[name] = typeof value === 'string' ? value : value.join(',');
  }
  return result;
}

/** Chunks between undici and their taker; more than this waiting, and the socket is paused. */
const HIGH_WATER = 256 * 1024;

class IncomingBody implements Body {
  readonly #controller: () => Dispatcher.DispatchController | undefined;
  readonly #explain: (error: unknown) => Promise<unknown>;
  #chunks: Buffer[] = [];
  #waiting = 0;
  #highWater = HIGH_WATER;
  #ended = false;
  #error: Error | undefined;
  #wake: (() => void) | undefined;

  constructor(
    controller: () => Dispatcher.DispatchController | undefined,
    explain: (error: unknown) => Promise<unknown>,
  ) {
    this.#controller = controller;
    this.#explain = explain;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#waiting += chunk.length;
    if (this.#waiting > this.#highWater) this.#controller()?.pause();
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#error ??= error;
    this.end();
  }

  destroy(): void {
    this.#chunks = [];
    if (!this.#ended) this.#controller()?.abort(new Error('not wanted'));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        const chunks = this.#chunks;
        this.#chunks = [];
        this.#waiting = 0;
        yield* chunks;
        if (this.#error) throw await this.#explain(this.#error);
        if (this.#chunks.length > 0) continue;
        if (this.#ended) return;
        await this.#more();
      }
    } finally {
      this.destroy();
    }
  }

  async gather(limit: number): Promise<Buffer> {
    this.#highWater = limit;
    while (!this.#ended && this.#waiting <= limit) await this.#more();
    if (this.#error) throw await this.#explain(this.#error);
    const [first = Buffer.alloc(0), ...others] = this.#chunks;
    const tooLong = this.#waiting > limit;
    this.destroy();
    if (tooLong) throw await this.#explain(new Error(`the answer is longer than ${limit} bytes`));
    return others.length === 0 ? first : Buffer.concat([first, ...others]);
  }

  async #more(): Promise<void> {
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    // May push at once.
    this.#controller()?.resume();
    await woken;
    this.#wake = undefined;
  }
}
