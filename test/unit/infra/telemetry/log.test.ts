import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const logFile = new URL('../../../../infra/telemetry/log.ts', import.meta.url).href;

/** What a process that runs this code, with `logger` at hand, writes on stderr. */
async function logged(code: string): Promise<unknown> {
  const program = `import { createLogger } from '${logFile}'; const logger = createLogger('info'); ${code}`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  return JSON.parse(stderr);
}

it('logs of an error its words, not what a library has hung on it', async () => {
  const line = await logged(`
    const failed = Object.assign(new TypeError('refused'), { request: { headers: { authorization: 'secret' } } });
    logger.error({ err: failed }, 'failed unheard');
  `);

  expect(line).toMatchObject({
    err: { type: 'TypeError', message: 'refused', stack: expect.any(String) },
    msg: 'failed unheard',
  });
  expect(JSON.stringify(line)).not.toContain('secret');
});

it('logs what was thrown and is no error', async () => {
  expect(await logged(`logger.error({ err: 'refused' }, 'failed unheard');`)).toMatchObject({
    err: { message: 'refused' },
  });
});
