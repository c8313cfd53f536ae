/** What a replay was asked to do, from its options. Throws UsageError with what is wrong with them. */
import { z } from 'zod';
import type { Link } from '../../../functions/ports.ts';
import { didYouMean } from '../../config/did-you-mean.ts';
import { UsageError } from '../io.ts';
import { readOptions } from '../options.ts';
import { shown } from '../shown.ts';
import { compileGlob } from './key-glob.ts';
import { parseMoment } from './moment.ts';
import { type Selection, shortNames, sourceTypes, typeNames, typesNamed } from './selection.ts';

export interface Plan {
  /** Milliseconds since 1970, of when the stream stored an event; undefined: no bound. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly selection: Selection;
  /** The one link that handles the events; undefined: every link that starts where they happened. */
  readonly link: Link | undefined;
  readonly isFromDeadLetters: boolean;
  readonly isDryRun: boolean;
}

const shape = {
  since: z.string().optional(),
  until: z.string().optional(),
  type: z.string().optional(),
  key: z.string().optional(),
  link: z.string().optional(),
  fromDeadLetters: z.boolean().default(false),
  dryRun: z.boolean().default(false),
};

export function readPlan(options: unknown, links: readonly Link[], now: number): Plan {
  const given = readOptions(shape, options);
  const since = momentOf('--since', given.since, now);
  const until = momentOf('--until', given.until, now);
  if (since !== undefined && until !== undefined && until < since) {
    throw new UsageError(
      `--until (${new Date(until).toISOString()}) is before --since (${new Date(since).toISOString()})`,
    );
  }
  return {
    since,
    until,
    selection: {
      types: typesOf(given.type, given.fromDeadLetters),
      takesKey: given.key === undefined ? () => true : keysOf(given.key),
    },
    link: given.link === undefined ? undefined : linkOf(given.link, links),
    isFromDeadLetters: given.fromDeadLetters,
    isDryRun: given.dryRun,
  };
}

function momentOf(option: string, text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined;
  const moment = parseMoment(text, now);
  if (moment !== undefined) return moment;
  throw new UsageError(
    `${option}: "${shown(text)}" is no time: give one such as 2026-01-31T12:00:00Z, or how long ago, such as 15m`,
  );
}

function typesOf(glob: string | undefined, isFromDeadLetters: boolean): Selection['types'] {
  if (glob === undefined) return isFromDeadLetters ? (typesNamed('*') ?? sourceTypes) : sourceTypes;
  const types = typesNamed(glob);
  if (types && types.size > 0) return types;
  const hint = didYouMean(glob, typeNames) ?? `there are ${shortNames.join(', ')}`;
  throw new UsageError(`--type: "${shown(glob)}" names no event that can be replayed: ${hint}`);
}

function keysOf(glob: string): Selection['takesKey'] {
  const takesKey = compileGlob(glob);
  if (takesKey) return takesKey;
  throw new UsageError(
    glob === ''
      ? '--key: a glob has at least one character'
      : `--key: "${shown(glob)}" ends in a backslash: write two for the character itself`,
  );
}

function linkOf(id: string, links: readonly Link[]): Link {
  const link = links.find((candidate) => candidate.id === id);
  if (link) return link;
  const ids = links.map((candidate) => candidate.id);
  const known = ids.length > 0 ? `the documents make ${ids.join(', ')}` : 'the documents make none';
  throw new UsageError(`--link: there is no link "${shown(id)}": ${didYouMean(id, ids) ?? known}`);
}
