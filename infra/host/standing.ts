/** What every server of ours answers, whatever else it does: probes and what it counts. */
import type { HttpAnswer } from './http-server.ts';

export interface Standing {
  /** Why it cannot do its work now; undefined when it can. */
  notReady(): string | undefined;
  /** What it counts, for Prometheus. */
  metrics?(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Undefined where the path is none of these. */
export async function standingAnswer(path: string, standing: Standing): Promise<HttpAnswer | undefined> {
  if (path === '/health/liveness') return { status: 200, body: 'alive\n' };
  if (path === '/health/readiness') {
    const reason = standing.notReady();
    return reason ? { status: 503, body: `${reason}\n` } : { status: 200, body: 'ready\n' };
  }
  if (path !== '/metrics' || !standing.metrics) return undefined;
  const { contentType, text } = await standing.metrics();
  return { status: 200, headers: { 'content-type': contentType }, body: text };
}
