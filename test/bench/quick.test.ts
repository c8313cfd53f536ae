/** The benchmark itself works: both products carry a few objects, nothing differs, and the result has its shape. */
import { expect, test } from 'vitest';
import { runCommand } from '../e2e/run-command.ts';

const small = ['--quick', '--rounds', '1', '--objects', '40', '--rtt', '20', '--limit', '60s', '--json'];

async function run(scenario: string) {
  const { code, stdout, stderr } = await runCommand(['bench', scenario, ...small]);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

const agreed = { causeway: { missing: 0, differences: {} }, peer: { missing: 0, differences: {} } };

test.each([
  ['live', 'lag p50', 'ms'],
  ['backlog', 'arrived', 'objects/s'],
])('bench %s gives %s in %s for both products', async (scenario, metric, unit) => {
  const result = await run(scenario);

  expect(result).toMatchObject({
    ...{ scenario, metric, unit, peer: 'minio-replication' },
    config: { objects: 40, rttMs: 20, rounds: 1 },
    state: agreed,
  });
  expect(result.ratio).toBeCloseTo(result.causeway / result.peerValue);
});

test('bench fan-out brings all to each of four targets, read once', async () => {
  const { metric, state, own } = await run('fan-out');

  expect([metric, state]).toMatchObject(['arrived at each target', agreed]);
  // Forty for all four, and forty for one of them.
  expect(state.causeway.versions).toBe(5 * 40);
  // MinIO's own replication reads where nothing counts.
  expect(own).toMatchObject([
    { metric: 'source reads a version', causeway: 1, spread: { causeway: [1, 1] } },
  ]);
});

test('an unknown scenario is refused, and the nearest one named', async () => {
  const { code, stderr } = await runCommand(['bench', 'backlok']);

  expect([code, stderr]).toEqual([2, expect.stringContaining('did you mean "backlog"?')]);
});
