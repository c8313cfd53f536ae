/** `causeway explain`: the history of one key, at every site that rules join, and in a running deployment. */
import { didYouMean } from '../../config/did-you-mean.ts';
import { type KeyHistory, keyHistory } from '../../history/key-history.ts';
import type { Place } from '../../history/places.ts';
import { systemClock } from '../../host/system-clock.ts';
import { type CliCommand, withDocuments, withNats } from '../command.ts';
import { historyDocument, sayHistory } from '../explain-report.ts';
import { UsageError } from '../io.ts';
import { readOptions, sessionOptions } from '../options.ts';
import { connectSession, openSession, type Session } from '../session.ts';
import { shown } from '../shown.ts';

export const explain: CliCommand = {
  name: 'explain',
  summary: 'show the history of one key',
  configure(command) {
    withNats(withDocuments(command)).argument('<site/bucket/key>', 'such as paris/photos/2026/cat.jpg');
  },
  async run({ io, options, args, environment }) {
    const session = await openSession(readOptions(sessionOptions, options), environment, io);
    try {
      const { place, key } = readAddress(args[0] ?? '', session);
      const { links, stores } = session;
      const connect = () => connectSession(session);
      const history = await keyHistory({ place, key, links, stores, clock: systemClock, connect });
      io.document(historyDocument(place, key, history));
      sayHistory(io, place, key, history);
      return isAnswer(history, session) ? 0 : 1;
    } finally {
      await session.close();
    }
  },
};

/** The key is all that follows the bucket, whatever characters it has. */
function readAddress(address: string, { documents }: Session): { place: Place; key: string } {
  const [, site, bucket, key] = /^([^/]+)\/([^/]+)\/(.+)$/s.exec(address) ?? [];
  if (site === undefined || bucket === undefined || key === undefined) {
    throw new UsageError(`"${shown(address)}" is no SITE/BUCKET/KEY, such as paris/photos/2026/cat.jpg`);
  }
  const sites = documents.sites.map(({ metadata }) => metadata.name);
  if (!sites.includes(site)) {
    const hint = didYouMean(site, sites) ?? `there are ${sites.join(', ')}`;
    throw new UsageError(`there is no site "${shown(site)}": ${hint}`);
  }
  return { place: { site, bucket }, key };
}

/** Whoever there is to ask was asked, and something is known of the key. */
function isAnswer({ problems, versions, events }: KeyHistory, { nats }: Session): boolean {
  if (problems.some((problem) => problem !== undefined)) return false;
  if (typeof events === 'string') return nats === undefined && versions.length > 0;
  return versions.length > 0 || Object.values(events).some((found) => found.length > 0);
}
