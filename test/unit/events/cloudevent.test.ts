/** CloudEvents as Causeway makes and reads them. */
import { CloudEvent, HTTP } from 'cloudevents';
import { describe, expect, test } from 'vitest';
import { eventTypes } from '../../../events/catalogue.ts';
import { decodeEvent, deriveEvent, EventError, encodeEvent, readEvent } from '../../../events/cloudevent.ts';
import { draftOf, eventOf, everyEvent, oddKeys } from './samples.ts';

describe('an event', () => {
  test.each(eventTypes)('%s comes back as it was sent, whatever the key', (type) => {
    for (const key of oddKeys) {
      const event = eventOf(draftOf(type, key));
      expect(decodeEvent(encodeEvent(event))).toEqual(event);
    }
  });

  test('is a CloudEvent to the cloudevents package, in structured mode', () => {
    for (const event of everyEvent) {
      const message = HTTP.structured(new CloudEvent<unknown>({ ...event }));
      const read = HTTP.toEvent({ headers: message.headers, body: message.body });
      expect(readEvent(JSON.parse(JSON.stringify(read)))).toEqual(event);
    }
  });

  test('without a trace, as others send it, gets one', () => {
    const { traceparent: _, ...event } = eventOf(draftOf('dev.causeway.scan.due.v1'));

    expect(readEvent(event)).toEqual({ ...event, traceparent: expect.stringMatching(/^00-/) });
  });

  test('has subject and partition key of its data, whatever came of them on the way', () => {
    const event = eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put', 'ünï'));
    const { partitionkey: _, ...garbled } = { ...event, subject: 'Ã¼nÃ¯' };

    expect(readEvent(garbled)).toEqual(event);
  });

  test('with attributes that Causeway does not know is read without them', () => {
    const event = eventOf(draftOf('dev.causeway.scan.due.v1'));

    expect(readEvent({ ...event, knativebrokerttl: '255' })).toEqual(event);
  });
});

describe('an event that follows from another', () => {
  const cause = eventOf(draftOf('com.amazonaws.s3.ObjectCreated:Put'), 'the-cause');
  const place = { source: 'causeway:replicate', time: '2026-01-02T03:04:06.000Z' };

  test('names its cause and keeps its trace', () => {
    const derived = deriveEvent(draftOf('dev.causeway.version.sent.v1'), cause, place);

    expect(derived.causationid).toBe('the-cause');
    expect(derived.traceparent.split('-')[1]).toBe(cause.traceparent.split('-')[1]);
    expect(derived.traceparent).not.toBe(cause.traceparent);
  });

  test('is the same event when the same work is done again, whenever that is', () => {
    const draft = draftOf('dev.causeway.version.sent.v1');
    const later = { ...place, time: '2027-01-01T00:00:00.000Z' };

    expect(deriveEvent(draft, cause, later).id).toBe(deriveEvent(draft, cause, place).id);
  });

  test('is another one for another cause, type, link, version or turn', () => {
    const draft = draftOf('dev.causeway.version.due.v1');
    const events = [
      deriveEvent(draft, cause, place),
      deriveEvent(draft, { ...cause, id: 'another' }, place),
      deriveEvent(draftOf('dev.causeway.delete.due.v1'), cause, place),
      deriveEvent(Object({ ...draft, data: { ...draft.data, link: 'photos_paris_osaka' } }), cause, place),
      deriveEvent(draftOf('dev.causeway.version.due.v1', 'b.jpg'), cause, place),
      deriveEvent(draftOf('dev.causeway.version.due.v1', 'a.jpg', 'other'), cause, place),
      deriveEvent(draftOf('dev.causeway.version.due.v1', 'a.jpg', 'photos', 'null'), cause, place),
      deriveEvent(draft, cause, { ...place, turn: 1 }),
    ];

    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });
});

describe('what is no event', () => {
  const event = eventOf(draftOf('dev.causeway.version.due.v1'));
  const withData = (data: object) => ({ ...event, data: { ...event.data, ...data } });
  const refusal = (attempt: () => unknown): EventError => {
    try {
      attempt();
    } catch (error) {
      if (error instanceof EventError) return error;
    }
    throw new Error('it was read');
  };

  test.each<[string, object, string]>([
    ['another version of the specification', { ...event, specversion: '0.3' }, 'specversion'],
    ['no ID', { ...event, id: '' }, 'id'],
    ['no source', { ...event, source: undefined }, 'source'],
    ['no data', { ...event, data: undefined }, 'dev.causeway.version.due.v1'],
    ['no key', withData({ key: '' }), 'key'],
    ['a key that is too long', withData({ key: 'x'.repeat(4097) }), 'key'],
    ['no link', withData({ link: undefined }), 'link'],
    ['a reason that nobody gives', withData({ reason: 'because' }), 'reason'],
    ['a round that is no number', withData({ round: '1' }), 'round'],
  ])('one with %s is malformed, and the field is named', (_, value, field) => {
    const error = refusal(() => readEvent(value));

    expect(error.kind).toBe('malformed');
    expect(error.message).toContain(field);
  });

  test.each(['dev.causeway.version.due.v2', 'com.amazonaws.s3.ObjectAccessed:Get', '__proto__'])(
    'one of type %s is unknown, which is nobody’s fault',
    (type) => {
      expect(refusal(() => readEvent({ ...event, type })).kind).toBe('unknown-type');
    },
  );

  test.each([null, undefined, 1, 'text', [], [event]])('%s is malformed', (value) => {
    expect(refusal(() => readEvent(value)).kind).toBe('malformed');
  });

  test.each(['', 'not JSON', '{"specversion":', '\u0000'])('bytes such as "%s" are malformed', (text) => {
    expect(refusal(() => decodeEvent(Buffer.from(text)))).toMatchObject({
      kind: 'malformed',
      message: expect.stringContaining('not JSON'),
    });
  });
});
