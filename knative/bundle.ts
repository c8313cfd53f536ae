/** `npm run bundle`: dist/<function>.mjs for each function and dist/causeway.mjs, which need nothing but Node. */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundle } from './bundling.ts';

const { values } = parseArgs({
  options: { out: { type: 'string', default: fileURLToPath(new URL('../dist', import.meta.url)) } },
});
const files = await bundle(values.out);
process.stdout.write(`${files.join('\n')}\n`);
