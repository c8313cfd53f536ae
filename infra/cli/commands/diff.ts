/** `causeway diff`: compares every version on both sides of a rule's links, and lists what differs. */
import { Kvm } from '@nats-io/kv';
import { z } from 'zod';
import { messageOf } from '../../../functions/errors.ts';
import type { Link } from '../../../functions/ports.ts';
import { compareSites } from '../../../functions/replication/compare-sites.ts';
import type { Comparison } from '../../../functions/replication/compare-versions.ts';
import { bucketNames } from '../../bus/streams.ts';
import { createWalkMemory } from '../../bus/walk-memory.ts';
import { didYouMean } from '../../config/did-you-mean.ts';
import { systemClock } from '../../host/system-clock.ts';
import { type CliCommand, withDocuments, withNats } from '../command.ts';
import { differenceDocument, differenceLine, nullVersionDocument } from '../difference-report.ts';
import { type Io, UsageError } from '../io.ts';
import { readOptions, sessionOptions } from '../options.ts';
import { startProgress } from '../progress.ts';
import { connectSession, openSession, type Session } from '../session.ts';
import { counted, shown, shownBytes } from '../shown.ts';

interface Totals {
  versions: number;
  differences: number;
  nullVersions: number;
  leftAlone: number;
  bytesRead: number;
}

const zero = (): Totals => ({ versions: 0, differences: 0, nullVersions: 0, leftAlone: 0, bytesRead: 0 });

export const diff: CliCommand = {
  name: 'diff',
  summary: 'compare every version on both sides of a rule',
  configure(command) {
    withNats(withDocuments(command))
      .argument('<rule>', 'name of a ReplicationRule')
      .option('--deep', 'read and compare the content too');
  },
  async run({ io, options, args, environment }) {
    const { deep, ...chosen } = readOptions({ ...sessionOptions, deep: z.boolean().default(false) }, options);
    const session = await openSession(chosen, environment, io);
    try {
      const rule = args[0] ?? '';
      const compared: { link: Link; totals: Totals }[] = [];
      for (const link of pairsOf(session, rule)) {
        compared.push({ link, totals: await compareLink(session, link, deep, io) });
      }
      const isEqual = compared.every(({ totals }) => totals.differences === 0);
      io.document({
        equal: isEqual,
        rule,
        deep,
        ...total(compared.map(({ totals }) => totals)),
        links: compared.map(({ link, totals }) => ({
          source: link.source.site,
          target: link.target.site,
          ...totals,
        })),
      });
      return isEqual ? 0 : 1;
    } finally {
      await session.close();
    }
  },
};

/** Each pair of sites once, whichever way its links go. */
function pairsOf({ documents, links }: Session, rule: string): Link[] {
  const names = documents.rules.map(({ metadata }) => metadata.name);
  if (!names.includes(rule)) {
    const known = names.length > 0 ? `the documents hold ${names.join(', ')}` : 'the documents hold none';
    throw new UsageError(`there is no rule "${shown(rule)}": ${didYouMean(rule, names) ?? known}`);
  }
  const pairs = new Map<string, Link>();
  for (const link of links.filter((other) => other.rule === rule)) {
    const ends = [link.source, link.target].map(({ site, bucket }) => `${site}/${bucket}`);
    const pair = ends.sort().join(' ');
    if (!pairs.has(pair)) pairs.set(pair, link);
  }
  return [...pairs.values()];
}

async function compareLink(session: Session, link: Link, deep: boolean, io: Io): Promise<Totals> {
  const [source, target] = [session.stores.get(link.source.site), session.stores.get(link.target.site)];
  if (!source || !target) throw new Error(`no store was opened for link ${link.id}`);
  const since = link.existingObjects ? undefined : await sinceOf(session, link, io);
  const comparison: Comparison = { link, source, target, clock: systemClock, deep, since };
  const totals = zero();
  const progress = startProgress(io, process.stderr);
  const title = `${link.source.site} and ${link.target.site}`;
  try {
    for await (const { versions, differences, nullVersions, leftAlone, bytesRead } of compareSites(
      comparison,
    )) {
      totals.versions += versions;
      totals.differences += differences.length;
      totals.nullVersions += nullVersions.length;
      totals.leftAlone += leftAlone;
      totals.bytesRead += bytesRead;
      if (differences.length + nullVersions.length > 0) progress.clear();
      for (const difference of differences) {
        io.document(differenceDocument(link, difference));
        io.say(differenceLine(link, difference));
      }
      for (const { at, version } of nullVersions) {
        io.document(nullVersionDocument(link, at, version));
        io.say(`not replicated two-way: the null version of ${shown(version.key)} at ${link[at].site}`);
      }
      progress.show(() => `${title}: ${counted(totals.versions, 'version')} compared`);
    }
  } finally {
    progress.clear();
  }
  io.say(`${title}: ${resultOf(totals, deep)}`);
  return totals;
}

const total = (all: readonly Totals[]): Totals =>
  all.reduce((sum, one) => {
    for (const name of ['versions', 'differences', 'nullVersions', 'leftAlone', 'bytesRead'] as const) {
      sum[name] += one[name];
    }
    return sum;
  }, zero());

function resultOf(
  { versions, differences, nullVersions, leftAlone, bytesRead }: Totals,
  deep: boolean,
): string {
  const parts = [
    differences === 0
      ? `${counted(versions, 'version')} compared, no difference`
      : `${counted(differences, 'difference')} in ${counted(versions, 'version')}`,
    nullVersions > 0 ? `${counted(nullVersions, 'null version')} not replicated two-way` : '',
    leftAlone > 0 ? `${counted(leftAlone, 'version')} left alone by the rule` : '',
    deep ? `${shownBytes(bytesRead)} read` : '',
  ];
  return parts.filter((part) => part !== '').join('; ');
}

/** A rule that leaves existing objects alone began at a time that only its deployment knows. */
async function sinceOf(session: Session, link: Link, io: Io): Promise<string | undefined> {
  try {
    const bus = await connectSession(session);
    try {
      const walks = await new Kvm(bus.jetstream).open(bucketNames.walks);
      return (await createWalkMemory(bus, walks).load(link.id))?.since;
    } finally {
      await bus.close();
    }
  } catch (error) {
    io.warn(
      `rule ${link.rule} leaves existing objects alone; which they are is not known: ${messageOf(error)}`,
    );
    return undefined;
  }
}
