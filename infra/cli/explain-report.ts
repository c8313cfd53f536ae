/** A key's history: one JSON document for scripts, tables for people. */
import type { CausewayEvent } from '../../events/cloudevent.ts';
import type { KeyEvents } from '../history/key-events.ts';
import type { KeyHistory } from '../history/key-history.ts';
import type { Presence } from '../history/key-versions.ts';
import { type Place, placeName } from '../history/places.ts';
import type { Io } from './io.ts';
import { shown, shownBytes } from './shown.ts';

const versionIdOf = ({ data }: CausewayEvent): string | undefined =>
  'versionId' in data ? data.versionId : undefined;

const moment = (ms: number): string => new Date(ms).toISOString();

export function historyDocument(place: Place, key: string, history: KeyHistory) {
  const { places, problems, versions, links, events } = history;
  return {
    ...place,
    key,
    places: places.map((at, index) => ({ ...at, problem: problems[index] ?? null })),
    versions: versions.map(({ version, at }) => ({
      versionId: version.versionId,
      kind: version.marker ? 'delete marker' : 'object',
      ...(version.marker ? {} : { size: version.size, etag: version.etag }),
      modified: version.modified,
      at: at.map((presence, index) => ({ ...places[index], ...presence })),
    })),
    rules: links.map(({ link, isConcerned, reasons }) => ({
      rule: link.rule,
      link: link.id,
      source: link.source,
      target: link.target,
      concerned: isConcerned,
      reasons,
    })),
    deployment: typeof events === 'string' ? { asked: false, reason: events } : { asked: true },
    ...eventDocuments(typeof events === 'string' ? { events: [], pending: [], deadLetters: [] } : events),
  };
}

const eventDocuments = ({ events, pending, deadLetters }: KeyEvents) => ({
  events: events.map(({ sequence, stored, event, links }) => ({
    sequence,
    stored: stored.toISOString(),
    id: event.id,
    type: event.type,
    source: event.source,
    versionId: versionIdOf(event) ?? null,
    cause: event.causationid ?? null,
    links,
  })),
  pending: pending.map(({ link, event, reason, attempts, nextTry, state }) => ({
    link,
    type: event.type,
    versionId: versionIdOf(event) ?? null,
    state,
    reason,
    attempts,
    nextTry: moment(nextTry),
  })),
  deadLetters: deadLetters.map(({ sequence, stored, link, function: name, reason, attempts, event }) => ({
    sequence,
    stored: stored.toISOString(),
    link: link ?? null,
    function: name ?? null,
    type: event?.type ?? null,
    versionId: (event && versionIdOf(event)) ?? null,
    reason,
    attempts,
  })),
});

export function sayHistory(io: Io, place: Place, key: string, history: KeyHistory): void {
  io.say(`${shown(key)} at ${placeName(place)}`);
  sayVersions(io, history);
  sayLinks(io, place, history);
  const { events } = history;
  if (typeof events === 'string')
    io.say(`\nevents, attempts and dead letters are not known: ${shown(events)}`);
  else sayEvents(io, events);
}

function sayVersions(io: Io, { places, problems, versions }: KeyHistory): void {
  io.say('');
  if (versions.length === 0) io.say('no version of it was found');
  else {
    const one = new Set(places.map(({ bucket }) => bucket)).size === 1;
    io.table(
      ['VERSION', 'KIND', 'SIZE', 'ETAG', 'MODIFIED', ...places.map((at) => (one ? at.site : placeName(at)))],
      versions.map(({ version, at }) => [
        shown(version.versionId),
        version.marker ? 'marker' : 'object',
        version.marker ? '' : shownBytes(version.size),
        shown(version.etag),
        version.modified,
        ...at.map(shownPresence),
      ]),
    );
  }
  for (const [index, problem] of problems.entries()) {
    const at = places[index];
    if (problem !== undefined && at) io.say(`${placeName(at)} could not be asked: ${shown(problem)}`);
  }
}

function shownPresence(presence: Presence): string {
  if (presence.state === 'absent') return '-';
  if (presence.state === 'unknown') return '?';
  const { latest, replica, differs } = presence;
  return [
    replica ? 'replica' : replica === false ? 'original' : 'present',
    latest ? 'latest' : '',
    differs.length > 0 ? `differs in ${differs.join(' and ')}` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function sayLinks(io: Io, place: Place, { links }: KeyHistory): void {
  io.say('');
  if (links.length === 0) io.say(`no rule names ${placeName(place)}`);
  for (const { link, isConcerned, reasons } of links) {
    const but = reasons.length > 0 ? `, but not every version: ${shown(reasons.join('; '))}` : '';
    const verdict = isConcerned ? `carries it${but}` : `leaves it alone: ${shown(reasons.join('; '))}`;
    io.say(`rule ${link.rule}, ${link.source.site} to ${link.target.site}: ${verdict}`);
  }
}

function sayEvents(io: Io, { events, pending, deadLetters }: KeyEvents): void {
  io.say('');
  if (events.length === 0) io.say('the stream holds no event about it');
  else {
    io.table(
      ['STORED', 'TYPE', 'VERSION', 'LINKS', 'ID', 'CAUSE'],
      events.map(({ stored, event, links }) => [
        stored.toISOString(),
        shortType(event.type),
        shown(versionIdOf(event) ?? ''),
        links.map(({ id, state }) => `${id} ${state}`).join(', '),
        shown(event.id),
        shown(event.causationid ?? ''),
      ]),
    );
  }
  for (const { link, event, state, attempts, nextTry, reason } of pending) {
    const what = `${shortType(event.type)} of version ${shown(versionIdOf(event) ?? '')}`;
    const why = state === 'planned' ? shown(reason) : `${attempts} attempts: ${shown(reason)}`;
    io.say(`pending on ${link}: ${what}, next try ${moment(nextTry)} (${why})`);
  }
  for (const { stored, link, event, attempts, reason } of deadLetters) {
    const what = event
      ? `${shortType(event.type)} of version ${shown(versionIdOf(event) ?? '')}`
      : 'a message';
    io.say(
      `dead letter of ${stored.toISOString()} on ${link ?? 'no link'}: ${what}, ${attempts} attempts: ${shown(reason)}`,
    );
  }
}

const shortType = (type: string): string => type.replace(/^com\.amazonaws\.s3\.|^dev\.causeway\./, '');
