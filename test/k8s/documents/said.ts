/** What is wrong with documents, and that all is well, is said where they are looked at. */
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { conditionOf, namespace, says } from '../controller-world.ts';
import { type DocumentsWorld, photos, ruleSpec } from './world.ts';

export function describeSaid(world: () => DocumentsWorld): void {
  test('what a rule lacks is said in its status, and it works as soon as all is there', async () => {
    await world().create(...photos, ruleSpec('photos'));
    await says(
      world(),
      photos,
      'Ready',
      'False SiteMissing: there is no Site paris in namespace causeway: create it',
    );

    await world().create('Site', 'paris', world().siteSpec('paris'));
    await world().create('Site', 'tokyo', world().siteSpec('tokyo'));
    const missing =
      'there is no Secret paris-keys in namespace causeway: create it with accessKeyId and secretAccessKey';
    await says(
      world(),
      ['Site', 'paris'],
      'Ready',
      `False SecretMissing: spec.credentials.secretName: ${missing}`,
    );
    await says(world(), photos, 'Degraded', 'True SiteNotReady: Site paris:');

    await world().setSecret('paris-keys', 'paris');
    await world().setSecret('tokyo-keys', 'tokyo', { secretAccessKey: 'not-the-secret' });
    await says(world(), ['Site', 'paris'], 'Ready', 'True Reachable');
    await says(
      world(),
      ['Site', 'tokyo'],
      'Ready',
      'False CredentialsRefused: the secret key is not that of this access key',
    );

    await world().setSecret('tokyo-keys', 'tokyo');
    await says(world(), ['Site', 'tokyo'], 'Ready', 'True Reachable');
    await says(world(), photos, 'Ready', 'True Replicating: 1 link works');
    await says(world(), photos, 'Progressing', 'False');
    await world().arrives('photos');
    const { items } = await world().core().listNamespacedEvent({ namespace });
    const told = items.filter(({ involvedObject }) => involvedObject.name === 'photos');
    expect(told.map(({ type, reason }) => `${type} ${reason}`)).toEqual(
      expect.arrayContaining(['Warning SiteMissing', 'Warning SiteNotReady', 'Normal Replicating']),
    );
  });

  test.each([
    ['Site', 'x_y', () => world().siteSpec('paris'), 'metadata.name'],
    [
      'Site',
      'osaka',
      () => ({ ...world().siteSpec('paris'), credentials: {} }),
      'must name exactly one of env, file and secretName',
    ],
    [
      'Site',
      'osaka',
      () => ({ ...world().siteSpec('paris'), s3: { endpoint: 'paris' } }),
      'must be a URL such as https://s3.paris.example',
    ],
    ['Site', 'osaka', () => ({ ...world().siteSpec('paris'), more: 1 }), 'unknown field'],
    [
      'ReplicationRule',
      'wrong',
      () => ({ ...ruleSpec('photos'), targets: [] }),
      'should have at least 1 items',
    ],
    [
      'ReplicationRule',
      'wrong',
      () => ({ ...ruleSpec('photos'), targets: [{ site: 'paris', bucket: 'photos' }] }),
      'is the same bucket as spec.source',
    ],
    ['ReplicationRule', 'wrong', () => ({ ...ruleSpec('photos'), scan: { every: '1w' } }), 'spec.scan.every'],
    ['ReplicationRule', 'wrong', () => ({ ...ruleSpec('UPPER') }), 'spec.source.bucket'],
  ] as const)('the API server refuses a %s %s, and says why', async (kind, name, spec, words) => {
    await expect(world().create(kind, name, spec())).rejects.toThrow(words);
  });

  test('what only shows beside other documents, or at a site, is said in the status', async () => {
    await world()
      .client('paris')
      .send(new CreateBucketCommand({ Bucket: 'plain' }));
    await world().create('ReplicationRule', 'rival', {
      ...ruleSpec('songs'),
      targets: [{ site: 'tokyo', bucket: 'photos' }],
    });
    await world().create('ReplicationRule', 'typo', {
      ...ruleSpec('songs'),
      targets: [{ site: 'tokio', bucket: 'songs' }],
    });
    await world().create('ReplicationRule', 'denied', {
      ...ruleSpec('songs'),
      source: { site: 'paris', bucket: 'plain' },
    });
    await says(
      world(),
      ['ReplicationRule', 'rival'],
      'Ready',
      'False Conflict: spec.targets[0]: rule photos writes to tokyo/photos too',
    );
    await says(
      world(),
      ['ReplicationRule', 'typo'],
      'Ready',
      'False SiteMissing: there is no Site tokio in namespace causeway: create it, or did you mean "tokyo"?',
    );
    await says(
      world(),
      ['ReplicationRule', 'denied'],
      'Ready',
      'False PermissionMissing: Site paris: plain lacks',
    );

    const { rootUser, rootPassword } = world().site('paris').server;
    await world().setSecret('paris-root', 'paris', { accessKeyId: rootUser, secretAccessKey: rootPassword });
    await world().create('Site', 'root', {
      ...world().siteSpec('paris'),
      credentials: { secretName: 'paris-root' },
    });
    await world().change('ReplicationRule', 'denied', { source: { site: 'root', bucket: 'plain' } });
    await says(
      world(),
      ['ReplicationRule', 'denied'],
      'Ready',
      'False VersioningOff: Site root: plain: versioning is off',
    );
    expect(conditionOf(await world().get(...photos), 'Ready')).toBe('True Replicating');

    for (const name of ['rival', 'typo', 'denied']) await world().remove('ReplicationRule', name);
    await world().remove('Site', 'root');
    for (const name of ['rival', 'typo', 'denied']) await world().isGone('ReplicationRule', name);
    await world().isGone('Site', 'root');
    await world().leavesNothing('denied');
  });
}
