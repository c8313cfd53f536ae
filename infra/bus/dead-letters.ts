/** Events that no retry can help, on a stream of their own. */
import { type CausewayEvent, makeEvent } from '../../events/cloudevent.ts';
import { identify } from '../../events/identity.ts';
import type { Clock } from '../../functions/ports.ts';
import type { DeadLetters, EventLog } from '../host/ports.ts';

/** Of what could not be read as an event, this much is kept. */
const keptBytes = 64 * 1024;

export function createDeadLetters(log: EventLog, clock: Clock): DeadLetters {
  return {
    async add({ link, function: name, reason, attempts, body, cause }) {
      const event = Buffer.from(body.subarray(0, keptBytes)).toString('utf8');
      const time = new Date(clock.now()).toISOString();
      const id = identify('dead-letter', link, reason, ...factOf(cause, event));
      const data = { link, function: name, reason, attempts, event };
      const letter = makeEvent(
        { type: 'dev.causeway.dead-letter.v1', data },
        { id, source: 'causeway:host', time, cause },
      );
      await log.publish([{ event: letter }]);
    },
  };
}

/** Every walk finds the same version again: that is one letter. What somebody replays by hand is a new one. */
function factOf(cause: CausewayEvent | undefined, event: string): (string | undefined)[] {
  if (!cause) return [event];
  const isReplayed = cause.id.startsWith('replay-');
  if (isReplayed || !('bucket' in cause.data)) return [cause.id];
  return [cause.data.bucket, cause.data.key, cause.data.versionId];
}
