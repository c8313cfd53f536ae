/** What the README shows is what the code has: its documents load, its policy and environment are the ones in use. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { commands } from '../../infra/cli/commands/index.ts';
import { readDocuments } from '../../infra/config/load.ts';
import { authorization } from '../../infra/sites/nats-server.ts';
import { notificationEnvironment } from '../../infra/sites/notification-environment.ts';
import { twoWayPolicy } from '../../infra/sites/policies.ts';

const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text = '']) => text,
  );

test('the example documents load', async () => {
  const environment = {
    PARIS_ACCESS_KEY_ID: 'a',
    PARIS_SECRET_ACCESS_KEY: 'b',
    TOKYO_ACCESS_KEY_ID: 'c',
    TOKYO_SECRET_ACCESS_KEY: 'd',
  };

  const loaded = await readDocuments('causeway.yaml', blocks('yaml')[0] ?? '', environment);

  expect(loaded.ok ? loaded.documents.rules.length : loaded.problems).toBe(1);
});

test('the policy is the one that the embedded sites get', () => {
  expect(JSON.parse(blocks('json')[0] ?? '')).toEqual(twoWayPolicy(['photos']));
});

test('the environment of MinIO is the one that the embedded sites get', () => {
  const address = 'nats.example:4222';
  const subject = 'causeway.raw.paris';
  const queueDir = '/var/lib/minio-events';
  const nats = { address, user: 'site-paris', password: 'paris-password', subject, queueDir };

  const lines = Object.entries(notificationEnvironment({ nats })).map(([name, value]) => `${name}=${value}`);

  expect(readme).toContain(lines.join('\n'));
});

test('NATS gives sites the rights that the embedded one gives them', () => {
  const site = (name: string) => [name, { user: `site-${name}`, password: `${name}-password` }] as const;

  const text = authorization(
    { user: 'causeway', password: 'password' },
    new Map(['paris', 'tokyo'].map(site)),
  );

  expect(readme).toContain(text);
});

test('every command is named, and no other', () => {
  const named = [...readme.matchAll(/^\| `causeway ([a-z-]+)/gm)].map(([, name]) => name);

  const expected = commands.map(({ name }) => name).filter((name) => name !== 'start');
  expect(new Set(named)).toEqual(new Set(expected));
});
