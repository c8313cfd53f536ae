/** A replay's options, good and bad. */
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../../../infra/cli/io.ts';
import { readPlan } from '../../../../../infra/cli/replay/plan.ts';
import { links } from '../../../../e2e/rules.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const [link] = links({ sites: ['east', 'west'], bucket: 'photos', direction: 'one-way' });
const plan = (options: Record<string, unknown>) => readPlan(options, link ? [link] : [], now);

test('without options, every source event the stream holds goes to every link', () => {
  const { since, until, selection, ...rest } = plan({});
  expect([since, until]).toEqual([undefined, undefined]);
  expect(selection.takesKey('any/key')).toBe(true);
  expect(selection.types.has('dev.causeway.version.due.v1')).toBe(false);
  expect(rest).toEqual({ link: undefined, isFromDeadLetters: false, isDryRun: false });
});

test('from dead letters, whatever was parked is taken', () => {
  const { selection } = plan({ fromDeadLetters: true });
  expect(selection.types.has('dev.causeway.version.due.v1')).toBe(true);
  expect(selection.types.has('com.amazonaws.s3.ObjectCreated:Put')).toBe(true);
});

test('times, keys, types and a link narrow it down', () => {
  const narrow = plan({
    since: '15m',
    until: '5m',
    key: 'a/*',
    type: 'ObjectCreated:Put',
    link: 'photos_east_west',
  });
  expect([narrow.since, narrow.until]).toEqual([now - 15 * 60_000, now - 5 * 60_000]);
  expect(narrow.selection.takesKey('a/b')).toBe(true);
  expect(narrow.selection.takesKey('b')).toBe(false);
  expect([...narrow.selection.types]).toEqual(['com.amazonaws.s3.ObjectCreated:Put']);
  expect(narrow.link).toBe(link);
});

describe('wrong usage', () => {
  test.each([
    [{ since: 'yesterday' }, /--since: "yesterday" is no time/],
    [{ until: '2026-02-30T00:00:00Z' }, /--until: .* is no time/],
    [{ since: '5m', until: '15m' }, /--until \(2026-03-01T11:45:00.000Z\) is before --since/],
    [{ key: 'a\\' }, /--key: .* ends in a backslash/],
    [{ key: '' }, /--key: .* at least one character/],
    [{ type: 'ObjectCreated:Pat' }, /--type: .* did you mean "ObjectCreated:Put"/],
    [{ type: 'dev.causeway.scan.due.v1' }, /--type: .* names no event that can be replayed/],
    [{ type: '\\' }, /--type/],
    [{ link: 'photos_east_wets' }, /--link: .* did you mean "photos_east_west"/],
    [{ key: '\u001b[2J\\' }, /\\u001b\[2J/],
  ])('%j', (options, words) => {
    expect(() => plan(options)).toThrow(UsageError);
    expect(() => plan(options)).toThrow(words);
  });
});
