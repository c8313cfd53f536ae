/** The stream as a host sees it; implemented over JetStream (infra/bus) and in memory (the simulation). */
import type { CausewayEvent } from '../../events/cloudevent.ts';

/** A message this process holds: nobody else gets it before its ack wait ends, which `working` extends. */
export interface HeldMessage {
  readonly body: Uint8Array;
  /** Unique within the consumer, even when its stream is made anew; a redelivery has the same. */
  readonly sequence: number;
  /** Failed tries before this one: redeliveries, and those counted by the ledger. */
  readonly attempts: number;
  /** When the stream stored it: milliseconds since 1970. */
  readonly stored: number;
  /** Resolves when the server has it; a lost ack only costs a repeat. */
  ack(): Promise<void>;
  /** Asks for it again after `afterMs`. */
  nak(afterMs: number): void;
  working(): void;
}

/** A durable consumer. Delivers at least once, to one process at a time while it says `working`. */
export interface Feed {
  /** Starts pulling; the server bounds how many are held at once. */
  open(onMessage: (message: HeldMessage) => void): Promise<OpenFeed>;
}
export interface OpenFeed {
  /** Stops pulling; messages already held stay held. Idempotent. */
  close(): Promise<void>;
}

export interface Publication {
  readonly event: CausewayEvent;
  /** Sends it to this link alone, whatever its type (a retry, a replayed dead letter). */
  readonly link?: string;
  /** Counted tries so far, for a retry. */
  readonly attempts?: number;
  /** When the ledger had it due, milliseconds since 1970: the same work may be due again after as many tries. */
  readonly due?: number;
}

export interface EventLog {
  /** Resolves when the stream has all of them on disk. A repeat is stored once or twice: handlers are idempotent. */
  publish(publications: readonly Publication[]): Promise<void>;
}

/** Work that waits longer than a message should be held. Deleted when it goes back on the stream. */
export interface LedgerEntry {
  readonly link: string;
  readonly event: CausewayEvent;
  readonly reason: string;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly nextTry: number;
  /** `failed` work is an exception; `planned` work (a purge's second look) is not. */
  readonly state: 'failed' | 'planned';
}
export interface Ledger {
  /** Replaces an entry for the same link, kind and version; each announcement of a marker is by itself. */
  put(entry: LedgerEntry): Promise<void>;
}

export interface DeadLetters {
  add(letter: {
    readonly link?: string;
    readonly function?: string;
    readonly reason: string;
    readonly attempts: number;
    readonly body: Uint8Array;
    readonly cause?: CausewayEvent;
  }): Promise<void>;
}
