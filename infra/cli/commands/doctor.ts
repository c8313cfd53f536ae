/** `causeway doctor`: checks documents, NATS and each site, and prints the exact setting that is missing. */
import type { Environment } from '../../config/env.ts';
import { loadDocuments } from '../../config/load.ts';
import { type Problem, renderProblem } from '../../config/problems.ts';
import { readSettings } from '../../config/settings.ts';
import { type Check, reportFor } from '../../doctor/check.ts';
import { examine } from '../../doctor/examine.ts';
import { systemClock } from '../../host/system-clock.ts';
import { wire } from '../../stores/wire.ts';
import { type CliCommand, withDocuments, withNats } from '../command.ts';
import type { Io } from '../io.ts';
import { readOptions, sessionOptions } from '../options.ts';
import { startProgress } from '../progress.ts';
import { openSession, revealed, type SessionOptions } from '../session.ts';
import { counted, shown } from '../shown.ts';

/** A dead site is told soon; nobody waits here for a large answer. */
const deadlineMs = 5_000;
const connectMs = 3_000;

export const doctor: CliCommand = {
  name: 'doctor',
  summary: 'check each site, and print what is missing',
  configure(command) {
    withNats(withDocuments(command));
  },
  async run({ io, options, environment }) {
    const chosen = readOptions(sessionOptions, options);
    const checks: Check[] = [];
    const progress = startProgress(io, process.stderr);
    progress.show(() => 'asking the sites …');
    for await (const check of checksOf(chosen, environment, io)) {
      progress.clear();
      checks.push(check);
      for (const line of linesOf(check)) io.say(line);
    }
    const isOk = checks.every(({ status }) => status !== 'failed');
    io.document({ ok: isOk, checks });
    io.say(summaryOf(checks));
    return isOk ? 0 : 1;
  },
};

async function* checksOf(chosen: SessionOptions, environment: Environment, io: Io): AsyncGenerator<Check> {
  const loaded = await loadDocuments(chosen.file ?? readSettings(environment).documents, environment);
  if (!loaded.ok) {
    yield* loaded.problems.map(problemCheck);
    return;
  }
  const session = await openSession(chosen, environment, io);
  const { documents, links, nats, settings, stateDir } = session;
  try {
    const counts = `${counted(documents.sites.length, 'site')}, ${counted(documents.rules.length, 'rule')}`;
    yield reportFor(null).ok('documents', `${counts}, ${counted(links.length, 'link')}`);
    const isOwn = chosen.nats === undefined && settings.nats === undefined;
    yield* examine({
      documents,
      links,
      nats,
      ownNatsDir: isOwn ? stateDir : undefined,
      hasWebhookToken: settings.webhookToken !== undefined,
      deadlineMs,
      now: () => systemClock.now(),
      openWire: ({ metadata, spec, access }) =>
        wire({
          site: metadata.name,
          endpoint: spec.s3.endpoint,
          region: spec.s3.region,
          credentials: revealed(access.credentials),
          ca: access.ca,
          connectMs,
        }),
    });
  } finally {
    await session.close();
  }
}

/** Sites are looked at once the documents are right: until then it is not known what is wanted of them. */
function problemCheck(problem: Problem): Check {
  const { hint, ...rest } = problem;
  const site =
    problem.document?.kind === 'Site' && problem.document.name !== '' ? problem.document.name : null;
  return reportFor(site).failed('documents', renderProblem(rest), hint);
}

const marks: Readonly<Record<Check['status'], string>> = {
  ok: 'ok     ',
  warning: 'warning',
  failed: 'failed ',
};

function linesOf({ site, check, status, message, fix }: Check): string[] {
  const title = `${marks[status]}  ${site === null ? '' : `${site}  `}${check}: ${shown(message)}`;
  if (fix === undefined) return [title];
  const [first = '', ...rest] = fix.split('\n').map(shown);
  return [title, `         do this: ${first}`, ...rest.map((line) => `         ${line}`)];
}

function summaryOf(checks: readonly Check[]): string {
  const count = (wanted: Check['status']): number => checks.filter(({ status }) => status === wanted).length;
  const [warnings, failed] = [count('warning'), count('failed')];
  if (failed > 0) return `${counted(failed, 'check')} failed, ${counted(warnings, 'warning')}`;
  return warnings > 0 ? `nothing failed, ${counted(warnings, 'warning')}` : 'all is well';
}
