import { format, inspect } from 'node:util';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../infra/config/secret.ts';

const value = 'correct-horse-battery-staple';

function logged(record: object): string {
  const lines: string[] = [];
  pino({}, { write: (line: string) => lines.push(line) }).info(record, 'started');
  return lines.join('');
}

describe('a secret', () => {
  it('gives its value only when asked to reveal it', () => {
    expect(new Secret(value).reveal()).toBe(value);
  });

  it.each<[string, (secret: Secret) => string]>([
    ['a template string', (secret) => `key ${secret}`],
    ['concatenation', (secret) => `key ${secret.toString()}`],
    ['JSON', (secret) => JSON.stringify({ nested: { secret } })],
    ['util.inspect', (secret) => inspect({ nested: [secret] }, { showHidden: true, depth: 9 })],
    ['util.format', (secret) => format('%s %o %j', secret, secret, secret)],
    ['an error message', (secret) => inspect(new Error(`refused ${secret}`, { cause: secret }))],
    ['a pino log line', (secret) => logged({ secret, site: { credentials: { secret } } })],
  ])('is shown as [redacted] by %s', (_, show) => {
    const shown = show(new Secret(value));

    expect(shown).toContain('[redacted]');
    expect(shown).not.toContain(value);
  });

  it('has nothing that can be enumerated or cloned', () => {
    const secret = new Secret(value);

    expect(Object.values(secret)).toEqual([]);
    expect(inspect(structuredClone(secret))).not.toContain(value);
  });
});
