/** `node knative/keda.ts FILE…`: the KEDA object that scales dispatchers by the links of these documents, as YAML. */
import { readFile } from 'node:fs/promises';
import { checkDocument } from '../infra/config/documents.ts';
import { linksOf } from '../infra/config/links.ts';
import { parseYaml } from '../infra/config/yaml-source.ts';
import { scaledObject } from './objects/scaling.ts';
import { yamlOf } from './yaml.ts';

const paths = process.argv.slice(2);
const sources = await Promise.all(paths.map(async (path) => parseYaml(path, await readFile(path, 'utf8'))));
const rules = sources
  .flatMap(({ documents }) => documents)
  .flatMap(({ value }) => {
    const checked = checkDocument(value);
    return 'rule' in checked ? [checked.rule] : [];
  });
const links = linksOf({ rules }).map(({ id }) => id);

if (links.length > 0) process.stdout.write(yamlOf([scaledObject(links)]));
else {
  process.stderr.write(
    'usage: node knative/keda.ts FILE…, where a file holds a ReplicationRule without faults\n',
  );
  process.exitCode = 2;
}
