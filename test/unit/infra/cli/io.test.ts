/** What reaches a terminal: nothing that it would obey, whoever wrote it. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { createIo } from '../../../../infra/cli/io.ts';

function spoken(json: boolean) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const io = createIo(json, stdout, stderr);
  return { io, out: () => String(stdout.read() ?? ''), err: () => String(stderr.read() ?? '') };
}

test('lines, tables and warnings show control characters instead of sending them', () => {
  const { io, out, err } = spoken(false);
  io.say('a key \u001b[31mred\r\nand a second line');
  io.table(['KEY', 'SITE'], [['\u001b]0;owned\u0007', 'paris']]);
  io.warn('site paris refuses: \u009b31m');

  expect(out()).toBe(
    'a key \\u001b[31mred\\u000d\nand a second line\n' +
      `${'KEY'.padEnd(20)}  SITE\n\\u001b]0;owned\\u0007  paris\n`,
  );
  expect(err()).toBe('site paris refuses: \\u009b31m\n');
});

test('with --json there is nothing but documents', () => {
  const { io, out } = spoken(true);
  io.say('for people');
  io.document({ key: '\u001b' });

  expect(out()).toBe('{"key":"\\u001b"}\n');
});
