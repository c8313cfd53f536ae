/** `causeway dead-letters`: lists what was parked, and why. */
import { z } from 'zod';
import type { Bus } from '../../bus/connection.ts';
import { lastSequence } from '../../bus/event-history.ts';
import { countLetters, type KeptLetter, letterSubject, readLetters } from '../../bus/kept-letters.ts';
import { streamNames } from '../../bus/streams.ts';
import { didYouMean } from '../../config/did-you-mean.ts';
import { type CliCommand, withDocuments, withNats } from '../command.ts';
import { UsageError } from '../io.ts';
import { readOptions, sessionOptions } from '../options.ts';
import { connectSession, openSession, type Session } from '../session.ts';
import { counted, shown, shownValue } from '../shown.ts';

const limit = z.coerce
  .number<string>('must be a whole number from 1 to 1000000')
  .int('must be a whole number from 1 to 1000000')
  .min(1, 'must be a whole number from 1 to 1000000')
  .max(1_000_000, 'must be a whole number from 1 to 1000000')
  .optional();

export const deadLetters: CliCommand = {
  name: 'dead-letters',
  summary: 'list what was parked, and why',
  configure(command) {
    withNats(withDocuments(command))
      .option('--link <id>', 'only those of this link, or of the links of this rule')
      .option('--limit <n>', 'only the last n')
      .addHelpText('after', '\nEach is kept until it is replayed: causeway replay --from-dead-letters');
  },
  async run({ io, options, environment }) {
    const shape = { ...sessionOptions, link: z.string().optional(), limit };
    const chosen = readOptions(shape, options);
    const session = await openSession(chosen, environment, io);
    try {
      const bus = await connectSession(session);
      try {
        const isNew = (await lastSequence(bus, streamNames.dead)) === undefined;
        const subjects = await subjectsOf(bus, session, chosen.link, isNew);
        let told = 0;
        for await (const letter of isNew ? [] : lastOf(readLetters(bus, subjects), chosen.limit)) {
          told += 1;
          io.document(documentOf(letter));
          for (const line of linesOf(letter)) io.say(line);
        }
        io.say(told === 0 ? 'no dead letters' : counted(told, 'dead letter'));
        return 0;
      } finally {
        await bus.close();
      }
    } finally {
      await session.close();
    }
  },
};

/** A link that the documents no longer make may have left letters: what has some is known too. */
async function subjectsOf(
  bus: Bus,
  { links }: Session,
  name: string | undefined,
  isNew: boolean,
): Promise<{ readonly subjects?: readonly string[] }> {
  if (name === undefined) return {};
  const ofRule = links.filter(({ rule }) => rule === name).map(({ id }) => id);
  if (ofRule.length > 0) return { subjects: ofRule.map(letterSubject) };
  const known = new Set([...links.map(({ id }) => id), ...(isNew ? [] : (await countLetters(bus)).keys())]);
  if (known.has(name)) return { subjects: [letterSubject(name)] };
  const names = [...known, ...new Set(links.map(({ rule }) => rule))];
  const hint = didYouMean(name, names) ?? `there are ${names.join(', ')}`;
  throw new UsageError(`--link: there is no link or rule "${shown(name)}": ${hint}`);
}

/** The last `count` of them, in order; all without a count, one at a time. */
async function* lastOf<Item>(items: AsyncIterable<Item>, count: number | undefined): AsyncGenerator<Item> {
  if (count === undefined) return yield* items;
  const last: Item[] = [];
  for await (const item of items) {
    last.push(item);
    if (last.length > 2 * count) last.splice(0, last.length - count);
  }
  yield* last.slice(-count);
}

/** Of a body that cannot be read, as much as helps to tell what it is. */
const shownBody = 500;

const documentOf = ({ event, body, stored, ...letter }: KeptLetter) => ({
  ...letter,
  stored: stored.toISOString(),
  ...(event
    ? {
        type: event.type,
        event: event.id,
        ...('bucket' in event.data
          ? { bucket: event.data.bucket, key: event.data.key, versionId: event.data.versionId }
          : {}),
      }
    : { body: body.slice(0, shownBody) }),
});

function linesOf({ stored, link, function: name, attempts, reason, event, body }: KeptLetter): string[] {
  const who = [link ?? 'no link', name, counted(attempts, 'attempt')].filter((part) => part !== undefined);
  const data = event?.data;
  const place = data && 'bucket' in data ? `${data.bucket}/${data.key}` : '';
  const version = data && 'bucket' in data && data.versionId ? `version ${data.versionId}` : '';
  const what = event
    ? [event.type, place, version, `event ${event.id}`].filter((part) => part !== '').join('  ')
    : `not an event: ${shownValue(body)}`;
  return [`${stored.toISOString()}  ${shown(who.join('  '))}`, `  ${shown(reason)}`, `  ${shown(what)}`];
}
