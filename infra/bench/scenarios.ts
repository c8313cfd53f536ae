/** Every scenario. A new one is one file and one line here. */
import { backlog, cpu, dedup, wanBytes } from './backlog.ts';
import { fanOut } from './fan-out.ts';
import { large } from './large.ts';
import { burst, live } from './live.ts';
import { mixed } from './mixed.ts';
import { outage } from './outage.ts';
import type { Scenario } from './scenario.ts';

export const scenarios: readonly Scenario[] = [
  live,
  burst,
  backlog,
  mixed,
  cpu,
  wanBytes,
  dedup,
  large,
  fanOut,
  outage,
];
