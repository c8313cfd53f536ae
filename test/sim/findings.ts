/** What the processes of a world reported, and what they must never have done. */
import type { Meter } from '../../functions/ports.ts';
import type { Observer } from '../../infra/host/link-worker.ts';
import type { Watch } from './site-access.ts';

export interface Findings extends Watch {
  readonly meter: Meter;
  readonly observer: Observer;
  readonly restored: number;
  /** What was sent to a site more than once. */
  readonly resent: readonly string[];
  readonly handled: number;
  wrong(): string[];
}

export function createFindings(trace: (line: () => string) => void): Findings {
  const wrong: string[] = [];
  const sent = new Map<string, number>();
  let restored = 0;
  let handled = 0;
  const report = (what: string): void => {
    trace(() => `WRONG ${what}`);
    wrong.push(what);
  };

  return {
    meter: {
      arrived: () => undefined,
      copied: () => undefined,
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
      foreign: (link, reason) => report(`${link} let an event go: ${reason}`),
      unreadable: (link, reason) => report(`${link} could not read an event: ${reason}`),
      unsettled: (link, event, reason) =>
        trace(() => `${link} unsettled ${event.type} ${event.subject}: ${reason}`),
    },
    violated: report,
    sent(site, versionId) {
      const what = `${site} ${versionId}`;
      sent.set(what, (sent.get(what) ?? 0) + 1);
    },
    get resent() {
      return [...sent].filter(([, times]) => times > 1).map(([what]) => what);
    },
    get restored() {
      return restored;
    },
    get handled() {
      return handled;
    },
    wrong: () => [...new Set(wrong)],
  };
}
