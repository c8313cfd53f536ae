/** Documents, sites and the API server come, change and go while links work. */
import { expect, test } from 'vitest';
import { eventually } from '../../e2e/awaiting.ts';
import { says } from '../controller-world.ts';
import { type DocumentsWorld, linkOf, photos, ruleSpec, songs, starts } from './world.ts';

export function describeChanging(world: () => DocumentsWorld): void {
  test('what is added, changed and removed runs so, and other links go on', async () => {
    const before = starts(world().controller).filter((link) => link === linkOf('photos')).length;
    await world().create(...songs, ruleSpec('songs'));
    await says(world(), songs, 'Ready', 'True Replicating');
    await world().arrives('songs');

    await world().change(...songs, { direction: 'two-way' });
    await says(world(), songs, 'Ready', 'True Replicating: 2 links work');
    const changed = await world().get(...songs);
    expect(changed?.status.observedGeneration).toBe(changed?.metadata.generation);
    await world().change(...songs, { direction: 'one-way' });
    await eventually(async () => expect(await world().left()).not.toContain('songs_tokyo_paris'));

    await world().remove(...songs);
    await world().isGone(...songs);
    await world().leavesNothing('songs');
    expect(starts(world().controller).filter((link) => link === linkOf('photos')).length).toBe(before);
  });

  test('while objects arrive, the status is written seldom', async () => {
    const versionsOf = async () => (await world().get(...photos))?.metadata.resourceVersion;
    const seen = new Set([await versionsOf()]);
    for (let turn = 0; turn < 20; turn++) {
      await world().arrives('photos');
      seen.add(await versionsOf());
    }

    // One at most for figures that are due.
    expect(seen.size).toBeLessThanOrEqual(2);
  });

  test('a site that goes away is said, and its return', async () => {
    await world().site('tokyo').server.kill();
    await says(world(), photos, 'Ready', 'False');
    await says(world(), ['Site', 'tokyo'], 'Ready', 'False Unreachable');
    await world().site('tokyo').server.start();

    await says(world(), ['Site', 'tokyo'], 'Ready', 'True Reachable');
    await says(world(), photos, 'Ready', 'True Replicating');
  });

  test('what runs goes on while the API server is away, and what changes then is taken up when it is back', async () => {
    const { apiServer } = world().cluster;
    const before = starts(world().controller).length;
    await apiServer.kill();
    await world().arrives('photos');
    await apiServer.start();
    await world().create(...songs, ruleSpec('songs'));

    await says(world(), songs, 'Ready', 'True Replicating');
    await world().arrives('songs');
    // The links that ran were not touched, though nobody could say who leads.
    expect(starts(world().controller).slice(before)).toEqual([linkOf('songs')]);
  });
}
