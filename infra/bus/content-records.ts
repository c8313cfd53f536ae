/** The content index's records on JetStream: a stream that keeps the last message of a subject, and drops the oldest. */
import type { Bus } from './connection.ts';
import type { ContentRecords } from './content-index.ts';
import { contentSubject, streamNames } from './streams.ts';

export const createContentRecords = ({ jetstream, manager }: Bus): ContentRecords => ({
  async get(name) {
    const found = await manager.direct.getMessage(streamNames.contents, {
      last_by_subj: contentSubject(name),
    });
    return found?.string();
  },
  async put(name, value) {
    await jetstream.publish(contentSubject(name), value);
  },
});
