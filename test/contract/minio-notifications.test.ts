/**
 * What a real MinIO notifies, and what Causeway reads from it: each oddity that its source code shows, pinned by the
 * bytes that it sends. With CAUSEWAY_RECORD set, the bytes are kept for the unit tests.
 */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll } from 'vitest';
import { environment } from '../../infra/config/env.ts';
import { deleting } from './notifications/deleting.ts';
import { expiry } from './notifications/expiry.ts';
import { metadata } from './notifications/metadata.ts';
import { buckets, type Recorder, startRecorder } from './notifications/recorder.ts';
import { writing } from './notifications/writing.ts';

const fixture = new URL('../unit/events/minio-notifications.json', import.meta.url);
let recorder: Recorder;

beforeAll(async () => {
  recorder = await startRecorder();
  const rule = (prefix: string, action: string): string =>
    `<Rule><Status>Enabled</Status><Filter><Prefix>${prefix}/</Prefix></Filter>${action}</Rule>`;
  const rules = [
    rule('expired', '<Expiration><Days>1</Days></Expiration>'),
    rule(
      'all-expired',
      '<Expiration><Days>1</Days><ExpiredObjectAllVersions>true</ExpiredObjectAllVersions></Expiration>',
    ),
    rule('marker-expired', '<DelMarkerExpiration><Days>1</Days></DelMarkerExpiration>'),
  ];
  await recorder.s3.setLifecycle(buckets.versioned, rules.join(''));
});

afterAll(async () => {
  if (environment.CAUSEWAY_RECORD && recorder) await keep(await recorder.messages());
  await recorder?.stop();
});

/** Once each, by the folder that it happened in. */
async function keep(messages: readonly string[]): Promise<void> {
  const folderOf = (text: string): string => /"Key":"[^/]+\/([^/"]+)/.exec(text)?.[1] ?? '';
  const byFolder = Map.groupBy(new Set(messages), folderOf);
  const sorted = [...byFolder].sort(([one], [other]) => (one < other ? -1 : 1));
  await writeFile(fixture, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

writing(() => recorder);
metadata(() => recorder);
deleting(() => recorder);
expiry(() => recorder);
