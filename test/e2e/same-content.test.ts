/** The same content, written again and again: it crosses the link once, whatever it is called and however it came. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { VersionRef } from '../../events/object-events.ts';
import { type Application, applicationAt } from './application.ts';
import { agreed, eventually, quiet, walked } from './awaiting.ts';
import { credentialsOf } from './causeway-process.ts';
import { links } from './rules.ts';
import { runCommand } from './run-command.ts';
import { watchSends } from './sends.ts';
import { siteDocuments } from './site-documents.ts';
import { type Running, startWorld, type World } from './world.ts';

const MEBIBYTE = 1024 * 1024;
const bucket = 'photos';
const rules = links({ sites: ['east', 'west'], bucket });
let world: World;
let running: Running;
let east: Application;
let west: Application;
let sent: ReturnType<typeof watchSends>;
let file: string;

beforeAll(async () => {
  world = await startWorld(['east', 'west'], [{ name: bucket }]);
  sent = watchSends(world.store('west'));
  running = await world.deploy(rules);
  [east, west] = [applicationAt(world, 'east'), applicationAt(world, 'west')];
  file = join(world.dir, 'causeway.yaml');
  await writeFile(file, siteDocuments(world.embedded, { name: 'photos', prefix: '', spec: [] }));
});
afterAll(async () => {
  await running?.stop();
  await world?.stop();
});

const timesSent = (versions: readonly VersionRef[]): number[] => {
  const counts = sent.counts();
  return versions.map(({ versionId }) => counts.get(versionId) ?? 0);
};
const saved = (): number => rules.reduce((sum, { id }) => sum + running.telemetry.totals(id).copiedBytes, 0);

test('8 MiB under several keys, in one piece and in parts, cross once; nothing goes back', {
  timeout: 120_000,
}, async () => {
  const content = randomBytes(8 * MEBIBYTE);
  const halves = [content.subarray(0, 5 * MEBIBYTE), content.subarray(5 * MEBIBYTE)];
  const back = vi.spyOn(world.store('east'), 'write');
  const first = await east.put(bucket, 'same/first', content);
  await agreed([east, west], { bucket });

  const others = [
    await east.put(bucket, 'same/first', content, { Tagging: 'a=1', Metadata: { name: 'Größe' } }),
    await east.put(bucket, 'same/ü + %20', content, { ContentType: 'image/png' }),
    await east.putInParts(bucket, 'same/in parts', halves, { Metadata: { cut: 'in two' } }),
    await east.putInParts(bucket, 'same/in parts', [content], { Tagging: 'b=2' }),
  ];
  await agreed([east, west], { bucket });

  expect(timesSent([first, ...others])).toEqual([1, 0, 0, 0, 0]);
  await eventually(() => expect(saved()).toBe(4 * content.length));
  await quiet(running, rules);
  await walked(running, rules, 1);
  expect(timesSent([first, ...others])).toEqual([1, 0, 0, 0, 0]);
  expect(back).not.toHaveBeenCalled();
  expect(saved()).toBe(4 * content.length);
  const diff = await runCommand(['diff', 'photos', '-f', file, '--deep'], credentialsOf(world.embedded));
  expect([diff.code, diff.stderr]).toEqual([0, '']);
});

test('eight at once cross once', { timeout: 60_000 }, async () => {
  const content = randomBytes(MEBIBYTE + 1);
  const before = saved();
  const keys = Array.from({ length: 8 }, (_, n) => `at once/${n}`);

  const versions = await Promise.all(keys.map((key) => east.put(bucket, key, content)));
  await agreed([east, west], { bucket, prefix: 'at once/' });

  expect(timesSent(versions).reduce((sum, times) => sum + times)).toBe(1);
  await eventually(() => expect(saved() - before).toBe(7 * content.length));
});

test('what it was copied from may be purged: it is sent again, and copied from there', {
  timeout: 60_000,
}, async () => {
  const content = randomBytes(3 * MEBIBYTE);
  const first = await east.put(bucket, 'purged/first', content);
  await agreed([east, west], { bucket, prefix: 'purged/' });
  await east.purge(first);
  await agreed([east, west], { bucket, prefix: 'purged/' });

  const second = await east.put(bucket, 'purged/second', content);
  await agreed([east, west], { bucket, prefix: 'purged/' });
  const third = await east.put(bucket, 'purged/third', content);
  await agreed([east, west], { bucket, prefix: 'purged/' });

  expect(timesSent([first, second, third])).toEqual([1, 1, 0]);
});
