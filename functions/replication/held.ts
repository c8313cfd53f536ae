/** What keeps a version from being purged: a replica's purge passes object locks on MinIO, so they are read first. */
import type { Look } from '../ports.ts';

/** In words; undefined where nothing does. */
export function heldBecause(look: Look, nowMs: number): string | undefined {
  if (look.state !== 'object') return undefined;
  const { retention, legalHold } = look.facts;
  if (legalHold === 'ON') return 'legal hold';
  if (retention && Date.parse(retention.until) > nowMs)
    return `${retention.mode} retention until ${retention.until}`;
  return undefined;
}
