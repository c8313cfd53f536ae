/** How a program is built whose module names directories beside it: played through with a small script in place of Go. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram, type ToolSource } from '../../../../infra/sites/binaries.ts';
import { goModFor, throughModule } from '../../../k8s/go-module.ts';

const program = { module: 'example.org/big', siblings: 'v0.9.1', variables: { 'example.org/v.x': 'v9.1.0' } };
const goMod = {
  Go: '1.24.0',
  Godebug: [{ Key: 'default', Value: 'go1.24' }],
  Require: [
    { Path: 'example.org/part', Version: 'v0.0.0' },
    { Path: 'example.org/other', Version: 'v1.2.3' },
  ],
  Replace: [
    { Old: { Path: 'example.org/part' }, New: { Path: './staging/part' } },
    { Old: { Path: 'example.org/forbidden' }, New: { Path: './FORBIDDEN' } },
    { Old: { Path: 'example.org/other' }, New: { Path: 'example.org/fork', Version: 'v1.2.4' } },
  ],
};

const expected = `module build
go 1.24.0
godebug default=go1.24
require example.org/big v9.1.0
require example.org/part v0.0.0
require example.org/other v1.2.3
replace example.org/part => example.org/part v0.9.1
replace example.org/other => example.org/fork v1.2.4
`;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'causeway-go-module-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('directories become the modules that are published under the version of the siblings', () => {
  expect(goModFor(program, 'v9.1.0', goMod)).toBe(expected);
});

test('the build has that go.mod and the go.sum of the module, and lands in the cache', async () => {
  await mkdir(join(dir, 'bin'));
  await writeFile(join(dir, 'go.sum'), 'sums\n');
  await writeFile(join(dir, 'edit.json'), JSON.stringify(goMod));
  const go = `#!/bin/sh
case "$1 $2" in
'mod download') echo '{"GoMod": "${dir}/its.mod", "Dir": "${dir}"}' ;;
'mod edit') /bin/cat ${dir}/edit.json ;;
*) { echo "$@ $GOWORK $CGO_ENABLED"; /bin/cat go.mod go.sum; } > ${dir}/built
   echo program > big && /bin/chmod +x big ;;
esac`;
  await writeFile(join(dir, 'bin', 'go'), go);
  await chmod(join(dir, 'bin', 'go'), 0o755);
  const source: ToolSource = {
    variable: 'BIG_BIN',
    command: 'big',
    package: 'example.org/big/cmd',
    version: 'v9.1.0',
    builtName: 'big',
    takes: 'no time',
    saysVersion: /^big/,
    compile: throughModule(program),
  };

  const found = await findProgram('big', source, { PATH: join(dir, 'bin'), XDG_CACHE_HOME: dir }, () => {});

  expect(found).toBe(join(dir, 'causeway', 'bin', 'big-v9.1.0'));
  expect(await readFile(join(dir, 'built'), 'utf8')).toBe(
    'build -mod=mod -trimpath -ldflags -s -w -X example.org/v.x=v9.1.0 -o big example.org/big/cmd off 0\n' +
      `${expected}sums\n`,
  );
});
