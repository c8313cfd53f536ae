/** Where events are published; that the streams and consumers take them is test/contract/subjects.test.ts's. */
import { expect, test } from 'vitest';
import { eventTypes } from '../../../events/catalogue.ts';
import {
  bucketSubject,
  keySubjects,
  linkSubject,
  rawSubject,
  scheduleSubject,
  subjectOf,
} from '../../../events/subjects.ts';
import { draftOf, eventOf, everyEvent, link, oddKeys } from './samples.ts';

/** As NATS compares: `*` is one token, `>` all that follow. */
function matches(filter: string, subject: string): boolean {
  const [wanted, given] = [filter.split('.'), subject.split('.')];
  for (const [at, token] of wanted.entries()) {
    if (token === '>') return given.length > at;
    if (token !== '*' && token !== given[at]) return false;
  }
  return wanted.length === given.length;
}

test('every subject is made of plain tokens', () => {
  for (const event of everyEvent) expect(subjectOf(event)).toMatch(/^causeway(\.[A-Za-z0-9_-]+)+$/);
});

test('no two types about one key share a subject', () => {
  const subjects = everyEvent.map((event) => subjectOf(event));

  expect(new Set(subjects).size).toBe(eventTypes.length);
});

test('what happened at a bucket is under the subject of the bucket', () => {
  const event = eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', 'a.jpg', 'my.photos'));

  expect(subjectOf(event)).toMatch(/^causeway\.object\.paris\.my_photos\.ObjectCreated-Put\.[0-9a-f]{16}$/);
  expect(matches(bucketSubject('paris', 'my.photos'), subjectOf(event))).toBe(true);
  expect(matches(bucketSubject('paris', 'my'), subjectOf(event))).toBe(false);
  expect(matches(bucketSubject('tokyo', 'my.photos'), subjectOf(event))).toBe(false);
});

test('what a link has to do is under the subject of the link, for it alone', () => {
  const event = eventOf(draftOf('dev.causeway.version.due.v1'));

  expect(matches(linkSubject(link), subjectOf(event))).toBe(true);
  expect(matches(linkSubject('photos_paris_osaka'), subjectOf(event))).toBe(false);
});

test.each(eventTypes)('a retry of %s goes to its link alone', (type) => {
  const subject = subjectOf(eventOf(draftOf(type)), 'photos_paris_osaka');

  expect(matches(linkSubject('photos_paris_osaka'), subject)).toBe(true);
});

test('the schedule of a link has its own subject', () => {
  const event = eventOf(draftOf('dev.causeway.scan.due.v1'));

  expect(subjectOf(event)).toBe(scheduleSubject(link));
  expect(matches(linkSubject(link), subjectOf(event))).toBe(false);
});

test('everything about a key is found under its subjects, whatever the key', () => {
  for (const key of oddKeys) {
    for (const type of eventTypes) {
      const draft = draftOf(type, key, 'my.photos');
      if (!('bucket' in draft.data)) continue;
      const subject = subjectOf(eventOf(draft));
      expect(keySubjects('my.photos', key).some((filter) => matches(filter, subject))).toBe(true);
      expect(keySubjects('my.photos', `${key}/x`).some((filter) => matches(filter, subject))).toBe(false);
    }
  }
});

test('dead letters are kept by link, and apart where there is none', () => {
  const letter = draftOf('dev.causeway.dead-letter.v1');
  const unplaced = { ...letter, data: { ...letter.data, link: undefined } };

  expect(subjectOf(eventOf(letter))).toBe(`causeway.dead.${link}`);
  expect(subjectOf(eventOf(Object(unplaced)))).toBe('causeway.dead.unplaced');
});

test('a site has one raw subject, outside those of the events', () => {
  expect(rawSubject('paris')).toBe('causeway.raw.paris');
});
