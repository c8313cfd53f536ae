/** What the processes of a world reported, and what they must never have done. */
import type { Meter } from '../../functions/ports.ts';
import type { Observer } from '../../infra/host/link-worker.ts';

export interface Findings {
  readonly meter: Meter;
  readonly observer: Observer;
  /** Something was done to a site that nothing may do. */
  violated(what: string): void;
  readonly restored: number;
  readonly handled: number;
  wrong(): string[];
}

export function createFindings(trace: (line: () => string) => void): Findings {
  const wrong: string[] = [];
  let restored = 0;
  let handled = 0;
  const report = (what: string): void => {
    trace(() => `WRONG ${what}`);
    wrong.push(what);
  };

  return {
    meter: {
      arrived: () => undefined,
      verified: () => undefined,
      restored() {
        restored += 1;
      },
      orphan: (link, ref) => report(`${link} reports an orphan: ${ref.key} ${ref.versionId.slice(0, 8)}`),
      differs: (link, ref, fields) =>
        report(`${link} reports other ${fields.join(', ')}: ${ref.key} ${ref.versionId.slice(0, 8)}`),
    },
    observer: {
      handled(link, event, result) {
        handled += 1;
        const about = result.kind === 'done' ? result.note : result.reason;
        const id = 'versionId' in event.data ? event.data.versionId?.slice(0, 8) : '';
        trace(
          () =>
            `${link} ${result.function} ${event.type.replace(/^.*\.(?=\w+\.v1)|^com.amazonaws.s3./, '')} ${event.subject} ${id}: ${result.kind}, ${about}`,
        );
        if (result.kind === 'park') report(`dead letter of ${link}: ${result.reason}`);
      },
      unreadable: (link, reason) => report(`${link} could not read an event: ${reason}`),
      unsettled: (link, event, reason) =>
        trace(() => `${link} unsettled ${event.type} ${event.subject}: ${reason}`),
    },
    violated: report,
    get restored() {
      return restored;
    },
    get handled() {
      return handled;
    },
    wrong: () => [...new Set(wrong)],
  };
}
