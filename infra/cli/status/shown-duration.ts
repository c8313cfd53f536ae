/** Durations as people read them: `850 ms`, `2.4 s`, `3 min`, `5 h`, `12 d`. */
const units = [
  { name: 'd', ms: 86_400_000 },
  { name: 'h', ms: 3_600_000 },
  { name: 'min', ms: 60_000 },
] as const;

export function shownDuration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const unit = units.find((candidate) => ms >= 2 * candidate.ms);
  return unit ? `${Math.floor(ms / unit.ms)} ${unit.name}` : `${(ms / 1000).toFixed(1)} s`;
}
