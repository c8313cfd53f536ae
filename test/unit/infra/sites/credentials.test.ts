/** The credentials of an embedded server: made once, kept privately, never shown. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keptCredentials } from '../../../../infra/sites/credentials.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-credentials-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('makes random ones, and gives the same the next time', async () => {
  const file = join(dir, 'deeper', 'credentials.json');
  const first = await keptCredentials(file);
  const other = await keptCredentials(join(dir, 'other.json'));

  expect(await keptCredentials(file)).toEqual(first);
  expect(other.password).not.toBe(first.password);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('takes the ones that are given, and keeps them', async () => {
  const file = join(dir, 'credentials.json');
  await keptCredentials(file);

  await keptCredentials(file, { password: 'another-password' });

  expect((await keptCredentials(file)).password).toBe('another-password');
});

test('refuses a password that is too short without showing it or keeping it', async () => {
  const file = join(dir, 'credentials.json');
  const attempt = keptCredentials(file, { user: 'admin', password: 'hunter2' });

  await expect(attempt).rejects.toThrow(
    `the credentials for ${dir} will not do: a password has at least 8 characters`,
  );
  await expect(attempt).rejects.not.toThrow('hunter2');
  await expect(readFile(file)).rejects.toThrow('ENOENT');
});

test('says which file is damaged', async () => {
  const file = join(dir, 'credentials.json');
  await writeFile(file, '{"user": "admin", "pass');

  await expect(keptCredentials(file)).rejects.toThrow(`${file} does not hold the credentials it should`);
});
