/** `causeway replay`: puts events back on the stream by hand, as new events, so that the links handle them again. */
import { randomBytes } from 'node:crypto';
import type { CausewayEvent } from '../../../events/cloudevent.ts';
import { createEventLog } from '../../bus/event-log.ts';
import { removeLetters } from '../../bus/kept-letters.ts';
import { systemClock } from '../../host/system-clock.ts';
import { type CliCommand, withDocuments, withNats } from '../command.ts';
import type { Io } from '../io.ts';
import { readOptions, sessionOptions } from '../options.ts';
import { startProgress } from '../progress.ts';
import { type Candidate, candidatesOf, type NotReplayable } from '../replay/candidates.ts';
import { drive } from '../replay/drive.ts';
import { readPlan } from '../replay/plan.ts';
import { connectSession, openSession } from '../session.ts';
import { counted, shown } from '../shown.ts';

const help = `
T is a time (2026-01-31T12:00:00Z) or how long ago (15m, 2h, 7d): when the stream stored an event, or when a dead
letter was parked. GLOB is for whole keys: * stands for any characters but /, ** for any characters, \\ takes the next
character as it is. --type takes such a glob too, and S3 event names without their prefix: ObjectRemoved:*

What happened at a site is replayed: S3 events, and the arrival of replicas. What Causeway told itself about a link
(version.due, version.sent and so on) is not, unless --type names it: all of that follows again from the former.
An earlier replay's copies are never replayed again. Without --since and --until, everything the stream still holds is.

From dead letters, each event goes to the link that parked it, and the letter is removed once the stream has the event.
What is left says why: a body that is no event, or a link that nothing runs.`;

export const replay: CliCommand = {
  name: 'replay',
  summary: 'replay events by hand',
  configure(command) {
    withNats(withDocuments(command))
      .option('--since <T>', 'from this time on')
      .option('--until <T>', 'up to this time')
      .option('--type <type>', 'only events of this type')
      .option('--key <glob>', 'only events about these keys')
      .option('--link <id>', 'only what this link handles, and to this link alone')
      .option('--from-dead-letters', 'replay what was parked')
      .option('--dry-run', 'list what would be replayed, change nothing')
      .addHelpText('after', help);
  },
  async run({ io, options, environment }) {
    const chosen = readOptions(sessionOptions, options);
    const session = await openSession(chosen, environment, io);
    try {
      const plan = readPlan(options, session.links, systemClock.now());
      const bus = await connectSession(session);
      const run = randomBytes(6).toString('hex');
      const progress = startProgress(io, process.stderr);
      let told = 0;
      try {
        const { replayed, notReplayable } = await drive(candidatesOf(bus, plan, session.links), {
          run,
          isDryRun: plan.isDryRun,
          log: createEventLog(bus),
          clock: systemClock,
          removeLetters: (sequences) => removeLetters(bus, sequences),
          replayed(candidate, as) {
            told += 1;
            progress.show(() => `${counted(told, 'event')}, now at ${candidate.stored.toISOString()}`);
            io.document(documentOf(candidate, as));
            if (plan.isDryRun) io.say(lineOf(candidate));
          },
          notReplayable(left) {
            progress.clear();
            sayLeft(io, left);
          },
        });
        progress.clear();
        io.document({ summary: { replayed, notReplayable, dryRun: plan.isDryRun, run } });
        const left = notReplayable > 0 ? `; ${counted(notReplayable, 'dead letter')} cannot be replayed` : '';
        io.say(`${counted(replayed, 'event')} ${plan.isDryRun ? 'would be replayed' : 'replayed'}${left}`);
        return 0;
      } finally {
        progress.clear();
        await bus.close();
      }
    } finally {
      await session.close();
    }
  },
};

const about = ({ data }: CausewayEvent) => ({
  ...('site' in data ? { site: data.site } : {}),
  ...('bucket' in data ? { bucket: data.bucket, key: data.key, versionId: data.versionId } : {}),
});

/** In a dry run `as` is absent: there is no new event. */
const documentOf = ({ event, stored, link, letter }: Candidate, as: string | undefined) => ({
  event: event.id,
  as,
  type: event.type,
  ...about(event),
  link,
  deadLetter: letter,
  stored: stored.toISOString(),
});

function lineOf({ event, stored, link }: Candidate): string {
  const { bucket, key, versionId } = about(event);
  const place = bucket === undefined ? event.subject : `${bucket}/${key}`;
  const version = versionId === undefined ? '' : ` version ${versionId}`;
  return shown(`${stored.toISOString()}  ${event.type}  ${place}${version}${link ? `  to ${link}` : ''}`);
}

function sayLeft(io: Io, { letter, problem }: NotReplayable): void {
  const { sequence, stored, link, reason } = letter;
  io.document({ deadLetter: sequence, notReplayable: problem, link, reason, stored: stored.toISOString() });
  io.say(shown(`${stored.toISOString()}  not replayable: ${problem}; it was parked because: ${reason}`));
}
