/** `causeway bench`: Causeway beside MinIO's own replication, in one run, in turns. */
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { causeway } from '../../bench/causeway.ts';
import { describeMachine } from '../../bench/machine.ts';
import { peers } from '../../bench/peers.ts';
import { fastDir, findPrograms, memory } from '../../bench/programs.ts';
import { documentOf, type Result, stateOf } from '../../bench/report.ts';
import { runRounds } from '../../bench/rounds.ts';
import type { PeerName, Plan, Scenario } from '../../bench/scenario.ts';
import { scenarios } from '../../bench/scenarios.ts';
import { headOf, machineText, planText, roundText, rowsOf } from '../../bench/table.ts';
import { didYouMean } from '../../config/did-you-mean.ts';
import { duration, size } from '../../config/quantities.ts';
import { findBinary } from '../../sites/binaries.ts';
import type { CliCommand, Invocation } from '../command.ts';
import { CommandError, UsageError } from '../io.ts';
import { readOptions } from '../options.ts';
import { shown } from '../shown.ts';
import { untilStopped } from '../until-stopped.ts';

const count = (from: number, to: number) => z.coerce.number().int().min(from).max(to);

const shape = {
  quick: z.boolean().default(false),
  rtt: count(0, 10_000).optional(),
  rounds: count(1, 1000).optional(),
  link: size('1kB', '100GB').optional(),
  objects: count(1, 1_000_000).optional(),
  rate: count(0, 100_000).optional(),
  limit: duration('1s', '24h').optional(),
  peer: z.string().optional(),
  dir: z.string().optional(),
  natsDir: z.string().optional(),
  profile: z.string().optional(),
};

const help = `
Scenarios:
${scenarios.map(({ name, summary }) => `  ${name.padEnd(9)} ${summary}`).join('\n')}

Peers: ${Object.keys(peers).join(', ')}; backlog takes each of them.

Each round has fresh servers: a source and a target MinIO of four drives, toxiproxy between them, and for Causeway
NATS and causeway up beside the source. Settings in the environment (CAUSEWAY_*) hold for that process. The figures of
a shared machine change from minute to minute: compare the ratios. Exits 1 if Causeway left a difference.`;

export const bench: CliCommand = {
  name: 'bench',
  summary: "measure: Causeway beside MinIO's own replication",
  configure(command) {
    command
      .argument('<scenario>', scenarios.map(({ name }) => name).join(' or '))
      .option('--rtt <ms>', 'round trip between the sites; 100 where the scenario has none of its own')
      .option('--peer <name>', 'what Causeway is compared with')
      .option('--rounds <n>', 'of each product; default 5, with --quick 2')
      .option('--objects <n>', 'how many a round')
      .option('--rate <n>', 'live: PUTs a second, by default 100; 0 is as fast as the source takes them')
      .option('--limit <duration>', 'when a round ends with what has arrived')
      .option('--link <size>', 'bytes a second that each target’s link takes each way, such as 25MB')
      .option('--quick', 'fewer objects and rounds')
      .option('--dir <dir>', `where servers keep their data; default ${memory}, where that is memory`)
      .option('--nats-dir <dir>', 'where NATS keeps its streams, if elsewhere')
      .option('--profile <dir>', 'keep a V8 CPU profile of Causeway for each round')
      .addHelpText('after', help);
  },
  async run({ io, options, args, environment }) {
    const scenario = scenarioOf(args[0] ?? '');
    const chosen = readOptions(shape, options);
    const planned = { ...scenario.defaults, ...(chosen.quick && scenario.quick) };
    const plan: Plan = {
      ...planned,
      objects: chosen.objects ?? planned.objects,
      ratePerSecond: chosen.rate ?? planned.ratePerSecond,
      rttMs: chosen.rtt ?? planned.rttMs ?? 100,
      rounds: chosen.rounds ?? (chosen.quick ? 2 : 5),
      ...(chosen.link !== undefined && { linkBytesPerSecond: chosen.link }),
      limitMs: chosen.limit ?? planned.limitMs,
    };
    const dirs = {
      dir: chosen.dir === undefined ? await fastDir() : resolve(chosen.dir),
      natsDir: chosen.natsDir === undefined ? undefined : resolve(chosen.natsDir),
      profileDir: chosen.profile === undefined ? undefined : resolve(chosen.profile),
    };
    const peer = peerOf(scenario, chosen.peer);
    const { result, title } = await measure({ io, environment }, scenario, plan, { ...dirs, peer });
    io.say('');
    io.table(headOf(title), rowsOf(result));
    io.document(documentOf(result));
    return hasLeftDifferences(result) ? 1 : 0;
  },
};

/** What had not arrived when a round's time was over is slow, not wrong. */
function hasLeftDifferences({ causeway: rounds }: Result): boolean {
  const { differences, missing: late } = stateOf(rounds);
  const { missing = 0, ...others } = differences;
  return missing > late || Object.keys(others).length > 0;
}

function scenarioOf(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found) return found;
  const names = scenarios.map((scenario) => scenario.name);
  const hint = didYouMean(name, names) ?? `there are ${names.join(' and ')}`;
  throw new UsageError(`there is no scenario "${shown(name)}": ${hint}`);
}

function peerOf({ name, peers: known }: Scenario, wanted: string | undefined): PeerName {
  const found = known.find((peer) => peer === (wanted ?? known[0]));
  if (found) return found;
  throw new UsageError(`${name} has no peer "${shown(wanted ?? '')}": there is ${known.join(', ')}`);
}

interface Dirs {
  readonly dir: string;
  readonly natsDir: string | undefined;
  readonly profileDir: string | undefined;
}

async function measure(
  { io, environment }: Pick<Invocation, 'io' | 'environment'>,
  scenario: Scenario,
  plan: Plan,
  { dir, natsDir, profileDir, peer: peerName }: Dirs & { readonly peer: PeerName },
): Promise<{ result: Result; title: string }> {
  const programs = await findPrograms(environment, io.warn);
  const machine = await describeMachine(programs);
  io.say(`${planText(scenario, plan)}; data in ${dir}`);
  io.say(machineText(machine));
  if (profileDir !== undefined) await mkdir(profileDir, { recursive: true });
  const stopping = new AbortController();
  void untilStopped().then(() => stopping.abort(new CommandError('stopped')));
  const findRclone = (): Promise<string> => findBinary('rclone', environment, io.warn);
  const peer = await peers[peerName](programs, findRclone);
  const products = [causeway({ environment, profileDir }), peer] as const;
  const rounds = await runRounds({
    scenario,
    plan,
    products,
    stage: { programs, dir, natsDir },
    signal: stopping.signal,
    onRound: (number, product, round) =>
      io.say(`${number}/${plan.rounds} ${roundText(scenario, product, round)}`),
  }).catch((error: unknown) => {
    // What was interrupted says so in many ways.
    throw stopping.signal.aborted ? stopping.signal.reason : error;
  });
  const [ours = [], theirs = []] = products.map(({ name }) => rounds.get(name));
  const settings = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) =>
      name === 'CAUSEWAY_CONCURRENCY' && value !== undefined ? [[name, value]] : [],
    ),
  );
  const result = { scenario, plan, machine, causeway: ours, peer: theirs, peerName, settings };
  return { result, title: peer.title };
}
