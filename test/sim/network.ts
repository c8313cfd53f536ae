/**
 * What lies between a process and a site or NATS. A request may be slow, lost, answered in vain, delivered twice, or
 * delivered after its caller gave up, within the bounds that Causeway counts on: a PUT at most a minute after its
 * deadline, any other request at most once more its deadline.
 */
import { RetryableError, SiteUnavailableError } from '../../functions/errors.ts';
import type { Faults, RequestFaults } from './faults.ts';
import type { Life } from './life.ts';
import type { Random } from './random.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface Request {
  /** A site's name, or `nats`. */
  readonly to: string;
  readonly name: string;
  /** What it is about, for the trace. */
  readonly about: string;
  readonly deadlineMs: number;
  /** How long after its deadline it may still take effect; undefined where it changes nothing. */
  readonly lateByMs: number | undefined;
}

export interface Network {
  send<Answer>(life: Life, request: Request, effect: () => Answer): Promise<Answer>;
  down(where: string, isDown: boolean): void;
  isDown(where: string): boolean;
  /** Never once all is calm. */
  happens(probability: number): boolean;
  /** From here on all goes well; what is under way still arrives. */
  calm(): void;
  /** Requests that have still to take effect or to be answered. */
  readonly underWay: number;
}

interface Fate {
  readonly name: string;
  /** When it takes effect, in milliseconds from now. */
  readonly effects: readonly number[];
  /** When the caller hears, and what: the answer, or an error. */
  readonly heard: number;
  readonly error?: string;
  readonly crash?: 'before' | 'after';
}

const kinds = ['slow', 'busy', 'lost', 'unanswered', 'late', 'twice', 'crash'] as const;

export function createNetwork(
  clock: VirtualClock,
  random: Random,
  faults: Faults,
  trace: (line: () => string) => void,
): Network {
  const down = new Set<string>();
  let isCalm = false;
  let underWay = 0;
  const latency = (): number => 0.2 + 8 * random.next() ** 3 * (random.chance(0.05) ? 20 : 1);

  function draw(request: Request): Fate {
    const there = latency();
    const plain = { name: '', effects: [there], heard: there + latency() };
    const rates: RequestFaults = request.to === 'nats' ? faults.nats : faults.sites;
    let roll = isCalm ? 1 : random.next();
    const kind = kinds.find((candidate) => {
      roll -= rates[candidate];
      return roll < 0;
    });
    return kind === undefined ? plain : { ...plain, ...fateOf(kind, request, there), name: kind };
  }

  function fateOf(kind: (typeof kinds)[number], request: Request, there: number): Partial<Fate> {
    const { deadlineMs, lateByMs } = request;
    const givenUp = random.chance(0.5) ? deadlineMs : there + latency();
    const error = givenUp === deadlineMs ? 'no answer in time' : 'connection reset';
    const anyTime = (from: number): number => from + (deadlineMs + (lateByMs ?? 0) - from) * random.next();
    switch (kind) {
      case 'slow': {
        const slowly = deadlineMs * 0.95 * random.next();
        return { effects: [slowly], heard: slowly + (deadlineMs - slowly) * random.next() };
      }
      case 'busy':
        return { effects: [], error: 'busy' };
      case 'lost':
        return { effects: [], heard: givenUp, error };
      case 'unanswered':
        return { heard: givenUp, error };
      case 'late':
        return lateByMs === undefined
          ? { heard: givenUp, error }
          : { effects: [anyTime(givenUp)], heard: givenUp, error };
      case 'twice':
        return lateByMs === undefined ? {} : { effects: [there, there + 200 * random.next()] };
      case 'crash':
        return random.chance(0.5) ? { crash: 'before', effects: [] } : { crash: 'after' };
    }
  }

  const errorOf = ({ to }: Request, message: string): Error => {
    if (to === 'nats') return new Error(`NATS: ${message}`);
    if (message === 'busy') return new RetryableError(`site ${to} is busy`, { afterMs: 1000 });
    return random.chance(0.5)
      ? new RetryableError(`site ${to}: ${message}`)
      : new SiteUnavailableError(to, message);
  };
  const unavailable = ({ to }: Request): Error =>
    to === 'nats' ? new Error('NATS is away') : new SiteUnavailableError(to, 'connection refused');

  function send<Answer>(life: Life, request: Request, effect: () => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (!life.alive) return;
      let answer: (() => void) | undefined;
      const fate = draw(request);
      const { to, name, about } = request;
      if (fate.name || request.lateByMs !== undefined) {
        const effects = (): string => fate.effects.map((ms) => ms.toFixed(0)).join(', ');
        trace(() => `${life.name} → ${to} ${name} ${about} ${fate.name} [${effects()}] ${fate.error ?? ''}`);
      }
      const arrive = (ms: number, isFirst: boolean): void => {
        underWay += 1;
        clock.after(ms, () => {
          underWay -= 1;
          if (down.has(to)) return;
          try {
            const value = effect();
            if (isFirst) answer = () => resolve(value);
          } catch (error) {
            if (isFirst) answer = () => reject(error);
          }
          if (isFirst && fate.crash === 'after') life.crash();
        });
      };
      for (const [index, ms] of fate.effects.entries()) arrive(ms, index === 0);
      if (fate.crash === 'before') return clock.after(0, life.crash);
      if (down.has(to)) answer = () => reject(unavailable(request));
      underWay += 1;
      clock.after(down.has(to) ? latency() : fate.heard, () => {
        underWay -= 1;
        life.run(() => {
          if (down.has(to)) reject(unavailable(request));
          else if (fate.error !== undefined) reject(errorOf(request, fate.error));
          else if (answer) answer();
          else reject(errorOf(request, 'connection reset'));
        });
      });
    });
  }

  return {
    send,
    down(where, isDown) {
      trace(() => `${where} is ${isDown ? 'down' : 'up'}`);
      if (isDown) down.add(where);
      else down.delete(where);
    },
    isDown: (where) => down.has(where),
    happens: (probability) => !isCalm && random.chance(probability),
    calm() {
      isCalm = true;
    },
    get underWay() {
      return underWay;
    },
  };
}
