/** The memory of uploads where there are none: sites in memory take every version in one piece. */
import type { UploadMemory } from '../../../functions/uploads.ts';

export const noUploads: UploadMemory = {
  recall: async () => undefined,
  remember: async () => undefined,
  forget: async () => undefined,
  async *unheldSince() {
    yield* [];
  },
};
