/** How many requests a site was asked, as MinIO itself counts them (its metrics, version 3; exact at any moment). */
import type { MinioServer } from '../sites/minio-server.ts';

/** What a server's environment needs for it to tell everybody. */
export const tellsRequests = { MINIO_PROMETHEUS_AUTH_TYPE: 'public' };

/** `name`: of one kind alone, such as `GetObject`. */
export async function requestsAt(
  { endpoint }: Pick<MinioServer, 'endpoint'>,
  name = '[^"]*',
): Promise<number> {
  const response = await fetch(`${endpoint}/minio/metrics/v3/api/requests`);
  if (!response.ok) throw new Error(`MinIO's metrics: ${response.status}`);
  const line = new RegExp(
    `^minio_api_requests_total\\{[^}]*name="${name}"[^}]*type="s3"[^}]*\\} (\\S+)$`,
    'gm',
  );
  const counted = (await response.text()).matchAll(line);
  return [...counted].reduce((sum, [, value]) => sum + Number(value), 0);
}
