/** How many pods a drained node may take at once. */
import type { IPodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { type Component, functionRole, labelsOf, nameOf, namespace, partOf, receiverRole } from './names.ts';

const budget = (name: string, matchLabels: Readonly<Record<string, string>>): IPodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name, namespace, labels: { ...partOf } },
  // Never none: a node with the last pod of something must be drained too.
  spec: { maxUnavailable: 1, selector: { matchLabels } },
});

export const budgetOf = (component: Component): IPodDisruptionBudget =>
  budget(nameOf(component), labelsOf(component));
export const functionBudget = budget('causeway-functions', functionRole);
export const receiverBudget = budget('causeway-receiver', receiverRole);
