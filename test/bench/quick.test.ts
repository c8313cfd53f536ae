/** The benchmark itself works: both products carry a few objects, nothing differs, and the result has its shape. */
import { expect, test } from 'vitest';
import { runCommand } from '../e2e/run-command.ts';

const small = ['--quick', '--rounds', '1', '--objects', '40', '--rtt', '20', '--limit', '60s', '--json'];

test.each([
  ['live', 'lag p50', 'ms'],
  ['backlog', 'arrived', 'objects/s'],
])('bench %s gives %s in %s for both products', async (scenario, metric, unit) => {
  const { code, stdout, stderr } = await runCommand(['bench', scenario, ...small]);

  expect(stderr).toBe('');
  const result = JSON.parse(stdout);
  expect(result).toMatchObject({
    ...{ scenario, metric, unit, peer: 'minio-replication' },
    config: { objects: 40, rttMs: 20, rounds: 1 },
    state: { causeway: { missing: 0, differences: {} }, peer: { missing: 0, differences: {} } },
  });
  expect(result.ratio).toBeCloseTo(result.causeway / result.peerValue);
  expect(code).toBe(0);
});

test('an unknown scenario is refused, and the nearest one named', async () => {
  const { code, stderr } = await runCommand(['bench', 'backlok']);

  expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "backlog"?')]);
});
