/** Objects as a YAML file, the same each time. */
import { stringify } from 'yaml';

const head = '# Rendered by `npm run manifests`: change the TypeScript beside it, not this file.\n';

export const yamlOf = (objects: readonly object[]): string =>
  head +
  objects.map((object) => stringify(object, { lineWidth: 0, aliasDuplicateObjects: false })).join('---\n');
