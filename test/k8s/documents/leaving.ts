/** What is removed leaves nothing behind. */
import { expect, test } from 'vitest';
import { sitesLeft } from '../../../infra/bus/forget.ts';
import { says } from '../controller-world.ts';
import { type DocumentsWorld, linkOf, photos, ruleSpec, songs } from './world.ts';

export function describeLeaving(world: () => DocumentsWorld): void {
  test('what is removed by force while nobody looks is taken away by the next who leads', async () => {
    await world().stopAll();
    await world().force(...songs);
    expect(await world().left()).toContain(linkOf('songs'));
    world().controller = await world().start();

    await world().leavesNothing('songs');
    await says(world(), photos, 'Ready', 'True Replicating');
    await world().create(...songs, ruleSpec('songs'));
  });

  test('a rule goes while NATS is away, and what it left goes when NATS is back', async () => {
    await world().embedded.nats.kill();
    await says(world(), songs, 'Ready', 'False NatsAway');
    await world().remove(...songs);
    await world().isGone(...songs, 30_000);
    await world().embedded.nats.start();

    await world().leavesNothing('songs');
    await says(world(), photos, 'Ready', 'True Replicating');
  });

  test('whatever goes first, and whoever is away, all of them go and leave nothing', async () => {
    await world().site('tokyo').server.kill();
    await world().removeSecret('tokyo-keys');
    await world().remove('Site', 'paris');
    await world().isGone('Site', 'paris');
    await says(world(), photos, 'Ready', 'False SiteMissing');
    await world().remove(...photos);
    await world().isGone(...photos);
    await world().remove('Site', 'tokyo');
    await world().isGone('Site', 'tokyo');

    await world().leavesNothing('photos');
    expect(await world().left()).toEqual([]);
    expect(await sitesLeft(world().bus)).toEqual([]);
    expect(await world().stopAll()).toEqual([0]);
  });
}
