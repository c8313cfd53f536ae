/** The controller's overlay: what its parts need of the API server, in its own namespace where that will do. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { controllers } from '../../../infra/cluster/controllers.ts';
import { built, ofKind, templates } from './rendered.ts';

const objects = built('overlays/controller');
const rules = z.array(
  z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
);
const rulesOf = (kind: string) =>
  rules.parse(
    ofKind(objects, kind, 'rbac.authorization.k8s.io').find(
      ({ metadata }) => metadata?.name === 'causeway-controller',
    )?.rules,
  );

test('what each controller needs, it may', () => {
  for (const { rights } of controllers) {
    expect(rulesOf('Role')).toEqual(expect.arrayContaining([...rights.own]));
    expect(rulesOf('ClusterRole')).toEqual(expect.arrayContaining([...rights.everywhere]));
  }
});

test('Secrets may be read in its own namespace only, and nothing is allowed by an asterisk', () => {
  expect(rulesOf('ClusterRole').flatMap(({ resources }) => resources)).not.toContain('secrets');
  expect(JSON.stringify([rulesOf('Role'), rulesOf('ClusterRole')])).not.toContain('*');
});

test('it alone has a token; it waits for no document, and two are there', () => {
  const [controller] = ofKind(objects, 'Deployment', 'apps');
  const withToken = templates(objects).filter(({ pod }) => pod.automountServiceAccountToken);

  expect(withToken.map(({ of }) => of)).toEqual(['Deployment causeway-controller']);
  expect(controller?.spec).toMatchObject({ replicas: 2 });
  expect(JSON.stringify(controller)).not.toContain('causeway-documents');
});
