/** One process's access to a site: each request travels over the network, and what it does there is watched. */
import type { Content, Deadlines, ObjectStore } from '../../functions/ports.ts';
import { type MemoryRequest, memoryStore } from '../../infra/stores/memory.ts';
import type { MemorySite } from '../../infra/stores/memory-site.ts';
import type { Life } from './life.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';

export interface SiteAccessOptions {
  readonly network: Network;
  readonly life: Life;
  readonly random: Random;
  readonly deadlines: Deadlines;
  /** Probability that a read's content comes out wrong. */
  readonly garbled: number;
  readonly pageLimit: number;
  readonly watch: Watch;
}

export interface Watch {
  /** A version was sent to a site by itself. */
  sent(site: string, versionId: string): void;
  /** Something was done to a site that nothing may do. */
  violated(what: string): void;
}

/** A PUT that was given up may be delivered for most of another minute. */
const putLateByMs = 55_000;

export function accessTo(site: MemorySite, options: SiteAccessOptions): ObjectStore {
  const { network, life, deadlines, random, watch } = options;
  const isPut = (name: MemoryRequest['name']): boolean =>
    name === 'put' || name === 'stack' || name === 'copy';
  const lateByMs: Partial<Record<MemoryRequest['name'], number>> = {
    put: putLateByMs,
    stack: putLateByMs,
    copy: putLateByMs,
    marker: deadlines.requestMs * 0.9,
    purge: deadlines.requestMs * 0.9,
    change: deadlines.requestMs * 0.9,
  };

  function see({ name, ref }: MemoryRequest): void {
    if (!ref) return;
    if (name === 'put') watch.sent(site.name, ref.versionId);
    if (name === 'copy') watch.sent(site.name, `${ref.versionId} copied`);
    if (name === 'marker' && site.bucket(ref.bucket).versions.find(ref.key, ref.versionId)) {
      watch.violated(`a delete-marker request removed ${ref.key} ${ref.versionId} at ${site.name}`);
    }
  }

  const store = memoryStore(site, {
    pageLimit: options.pageLimit,
    copyBytes: 1,
    deliver: (request, effect) =>
      network.send(
        life,
        {
          to: site.name,
          name: request.name,
          about: request.ref ? `${request.ref.key} ${request.ref.versionId.slice(0, 8)}` : '',
          deadlineMs: isPut(request.name) ? deadlines.putMs : deadlines.requestMs,
          lateByMs: lateByMs[request.name],
        },
        () => {
          see(request);
          return effect();
        },
      ),
  });
  return {
    ...store,
    async read(ref) {
      const content = await store.read(ref);
      return content && network.happens(options.garbled) ? garbled(content, random) : content;
    },
  };
}

/** Breaks off, or has a byte changed where its MD5 is known. */
function garbled(content: Content, random: Random): Content {
  const breaksOff = content.facts.etag.includes('-') || random.chance(0.5);
  async function* chunks() {
    for await (const chunk of content.chunks) {
      if (breaksOff) yield chunk.slice(0, chunk.length / 2);
      else yield chunk.map((byte, index) => (index === 0 ? byte ^ 1 : byte));
    }
  }
  return { ...content, chunks: chunks() };
}
