/** `causeway status`: what each link is doing, what waits for it, and how late it is. */
import { didYouMean } from '../../config/did-you-mean.ts';
import { systemClock } from '../../host/system-clock.ts';
import { type CliCommand, withDocuments, withNats } from '../command.ts';
import { type Io, UsageError } from '../io.ts';
import { readOptions, sessionOptions } from '../options.ts';
import { connectSession, openSession, type Session } from '../session.ts';
import { shown, shownBytes } from '../shown.ts';
import { type LinkReport, reportLinks } from '../status/link-report.ts';
import { shownDuration } from '../status/shown-duration.ts';

const help = `
Backlog is what the link's consumer on NATS says, whether or not a process runs. Lag is the time from a version's
creation to its arrival (the target confirmed it), and to its verification, over the last thousand versions; of several
processes the slowest one's. Failed work is tried again from the ledger; planned work waits there for its time.
A link that no process runs is "not running", which is no failure: the exit code is 0.`;

export const status: CliCommand = {
  name: 'status',
  summary: 'show what each link is doing',
  configure(command) {
    withNats(withDocuments(command))
      .argument('[rule]', 'name of a ReplicationRule; all of them without it')
      .addHelpText('after', help);
  },
  async run({ io, options, args, environment }) {
    const chosen = readOptions(sessionOptions, options);
    const session = await openSession(chosen, environment, io);
    try {
      const links = linksOfRule(session, args[0]);
      const bus = await connectSession(session);
      try {
        const reports = await reportLinks(bus, links, systemClock.now());
        io.document({ links: reports });
        sayReports(io, reports, session.files);
        return 0;
      } finally {
        await bus.close();
      }
    } finally {
      await session.close();
    }
  },
};

function linksOfRule({ documents, links }: Session, rule: string | undefined): Session['links'] {
  if (rule === undefined) return links;
  const names = documents.rules.map(({ metadata }) => metadata.name);
  if (names.includes(rule)) return links.filter((link) => link.rule === rule);
  const known = names.length > 0 ? `the documents hold ${names.join(', ')}` : 'the documents hold none';
  throw new UsageError(`there is no rule "${shown(rule)}": ${didYouMean(rule, names) ?? known}`);
}

const head = [
  'LINK',
  'STATE',
  'BACKLOG',
  'OLDEST',
  'ARRIVAL P50/P99',
  'VERIFICATION P50/P99',
  'FAILED',
  'PLANNED',
  'DEAD',
  'BANDWIDTH',
];

function sayReports(io: Io, reports: readonly LinkReport[], files: readonly string[]): void {
  io.table(head, reports.map(rowOf));
  for (const { link, state, reason } of reports) {
    if (reason !== null) io.say(`${link}: ${state === 'healthy' ? '' : `${state}: `}${shown(reason)}`);
  }
  const idle = reports.filter(({ state }) => state === 'not running');
  if (idle.length > 0) {
    const which = idle.length === reports.length ? 'these links' : idle.map(({ link }) => link).join(', ');
    const file = files.map((name) => `-f ${name}`).join(' ');
    io.say(`no process runs ${which}: start one with causeway up ${file}`);
  }
}

const lagOf = (lag: LinkReport['arrivalLag']): string =>
  lag === null ? '-' : `${shownDuration(lag.p50)} / ${shownDuration(lag.p99)}`;

const rowOf = (report: LinkReport): (string | number)[] => [
  report.link,
  report.state,
  report.backlog ?? '-',
  report.oldestPendingMs === null ? '-' : shownDuration(report.oldestPendingMs),
  lagOf(report.arrivalLag),
  lagOf(report.verificationLag),
  report.failed,
  report.planned,
  report.deadLetters,
  report.state === 'not running' ? '-' : `${shownBytes(report.bytesPerSecond)}/s`,
];
