/** Whether the two ends of a link list the same versions. */

import type { Link, ObjectStore } from '../../../functions/ports.ts';
import { compareKey } from '../../../functions/replication/compare-key.ts';
import { walk } from '../../../functions/replication/walk.ts';

export interface Agreement {
  readonly versions: number;
  readonly differences: number;
}

export async function agreementOf(link: Link, source: ObjectStore, target: ObjectStore): Promise<Agreement> {
  let versions = 0;
  let differences = 0;
  const sides = {
    source: { store: source, bucket: link.source.bucket },
    target: { store: target, bucket: link.target.bucket },
  };
  for await (const listed of walk(sides, link.filter.prefix, '')) {
    versions += listed.source.length;
    differences += compareKey(listed).length;
  }
  return { versions, differences };
}
