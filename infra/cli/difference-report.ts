/** One difference between two sites: a JSON document for scripts, a line for people. */
import type { Link, ListedVersion } from '../../functions/ports.ts';
import type { Difference, Side } from '../../functions/replication/confirm.ts';
import { shown, shownBytes, shownValue } from './shown.ts';

const kindOf = ({ marker }: ListedVersion): string => (marker ? 'delete marker' : 'object');

function identityOf(link: Link, version: ListedVersion) {
  const { key, versionId, modified, size, etag, replica } = version;
  return {
    source: link.source.site,
    target: link.target.site,
    key,
    versionId,
    kind: kindOf(version),
    modified,
    ...(version.marker ? {} : { size, etag }),
    ...(replica === undefined ? {} : { replica }),
  };
}

export function differenceDocument(link: Link, difference: Difference) {
  const identity = identityOf(link, difference.version);
  switch (difference.kind) {
    case 'missing':
      return { difference: 'missing', missingAt: link[difference.at].site, ...identity };
    case 'differs': {
      const values = difference.fields.map(({ field, source, target }) => [field, { source, target }]);
      return { difference: 'differs', ...identity, fields: Object.fromEntries(values) };
    }
    case 'unreadable':
      return { difference: 'unreadable', ...identity, reason: difference.reason };
  }
}

export const nullVersionDocument = (link: Link, at: Side, version: ListedVersion) => ({
  nullVersion: { site: link[at].site, bucket: link[at].bucket, key: version.key, kind: kindOf(version) },
});

const titleOf = (version: ListedVersion): string =>
  `${shown(version.key)} version ${shown(version.versionId)}`;

export function differenceLine(link: Link, difference: Difference): string {
  const { version } = difference;
  const [source, target] = [link.source.site, link.target.site];
  switch (difference.kind) {
    case 'missing': {
      const [lacks, has] = difference.at === 'target' ? [target, source] : [source, target];
      const size = version.marker ? '' : `, ${shownBytes(version.size)}`;
      const about = `${kindOf(version)}${size}, ${version.modified}${version.replica ? ', a replica' : ''}`;
      return `missing at ${lacks}: ${titleOf(version)} (${has} has it: ${about})`;
    }
    case 'differs': {
      const fields = difference.fields.map(
        ({ field, source: one, target: other }) =>
          `${field} ${shownValue(one)} at ${source}, ${shownValue(other)} at ${target}`,
      );
      return `differs: ${titleOf(version)}: ${fields.join('; ')}`;
    }
    case 'unreadable':
      return `cannot be read: ${titleOf(version)} (${source}, ${target}): ${shown(difference.reason)}`;
  }
}
