/** Events that no retry can help, on a stream of their own. */
import { makeEvent } from '../../events/cloudevent.ts';
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
      const id = identify('dead-letter', cause?.id ?? event, link, reason);
      const data = { link, function: name, reason, attempts, event };
      const letter = makeEvent(
        { type: 'dev.causeway.dead-letter.v1', data },
        { id, source: 'causeway:host', time, cause },
      );
      await log.publish([{ event: letter }]);
    },
  };
}
