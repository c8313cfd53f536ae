/** Whether the NATS that was named, or that a deployment runs with, can be used. */
import { messageOf } from '../../functions/errors.ts';
import { type Bus, connectBus } from '../bus/connection.ts';
import { whyNotStoring } from '../bus/storing.ts';
import { rawConsumer, streamNames } from '../bus/streams.ts';
import type { NatsServers } from '../config/nats-url.ts';
import { type Check, reportFor } from './check.ts';

export interface NatsFound {
  readonly check: Check;
  /** Undefined where it cannot be used. */
  readonly bus: Bus | undefined;
}

const { ok, failed } = reportFor(null);

export async function checkNats(nats: NatsServers | undefined): Promise<NatsFound> {
  if (!nats) {
    const message = 'none is named and no deployment runs here: causeway up starts one of its own';
    return { check: ok('nats', message), bus: undefined };
  }
  const at = nats.servers.join(', ');
  let bus: Bus;
  try {
    bus = await connectBus(nats, 'causeway-doctor');
  } catch (error) {
    const fix = 'start it, or name another with --nats nats://user:password@host:4222';
    return { check: failed('nats', `${at}: ${messageOf(error)}`, fix), bus: undefined };
  }
  const version = bus.connection.info?.version ?? '';
  try {
    await bus.manager.getAccountInfo();
    const reason = (await hasRun(bus)) ? await whyNotStoring(bus) : undefined;
    if (reason) return { check: failed('nats', `${at}: ${reason}`), bus };
    return { check: ok('nats', `${at} is NATS ${version} with JetStream`), bus };
  } catch (error) {
    await bus.close();
    const message = `${at} is NATS ${version}, and JetStream cannot be used: ${messageOf(error)}`;
    const fix = 'in its configuration: jetstream { store_dir: "/var/lib/nats", sync_interval: always }';
    return { check: failed('nats', message, fix), bus: undefined };
  }
}

/** Whether a deployment has made its streams here. */
const hasRun = ({ manager }: Bus): Promise<boolean> =>
  manager.streams.info(streamNames.raw).then(
    () => true,
    () => false,
  );

/** Whether the deployment here has taken notifications of a site; undefined where none has run. */
export async function hasNotified(bus: Bus | undefined, site: string): Promise<boolean | undefined> {
  try {
    const consumer = await bus?.manager.consumers.info(streamNames.raw, rawConsumer(site));
    return consumer && consumer.delivered.consumer_seq > 0;
  } catch {
    return undefined;
  }
}
