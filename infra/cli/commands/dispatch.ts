/**
 * `causeway dispatch`: what `up` does, with the functions elsewhere. It pulls each link's events and posts them to the
 * Knative Services, and holds what they work on; sources, schedule and gateway are its own.
 */
import { z } from 'zod';
import { functions } from '../../../functions/index.ts';
import { remoteFunctions } from '../../host/remote-function.ts';
import { systemClock } from '../../host/system-clock.ts';
import { createLogger } from '../../telemetry/log.ts';
import { type CliCommand, withDocuments, withGateway, withNats } from '../command.ts';
import { exitSoon } from '../exit-soon.ts';
import { UsageError } from '../io.ts';
import { gatewayOptions, readOptions, sessionOptions } from '../options.ts';
import { runDeployment } from '../run-deployment.ts';
import { connectSession, openSession } from '../session.ts';
import { takeSnapshots } from '../take-snapshots.ts';
import { untilStopped } from '../until-stopped.ts';

const placeholder = '{function}';

export const dispatch: CliCommand = {
  name: 'dispatch',
  summary: 'pull events and post them to the functions’ Knative Services',
  configure(command) {
    withGateway(withNats(withDocuments(command)), { host: '0.0.0.0', port: '8080' })
      .requiredOption('--to <url>', `where functions listen, such as http://${placeholder}.causeway.svc`)
      .option('--deadline <seconds>', 'of one call; what Knative allows a request', '600');
  },
  async run({ io, options, environment }) {
    // As process 1 nothing ends it but what it listens to itself, so it listens from the beginning.
    const stopped = untilStopped();
    const shape = {
      ...sessionOptions,
      ...gatewayOptions,
      to: z.string(),
      deadline: z.coerce.number().positive().max(3600),
    };
    const chosen = readOptions(shape, options);
    const urlOf = (name: string): string => chosen.to.replaceAll(placeholder, name);
    if (!chosen.to.includes(placeholder) || !URL.canParse(urlOf('replicate'))) {
      throw new UsageError(
        `--to must be a URL with ${placeholder}, such as http://${placeholder}.causeway.svc`,
      );
    }
    const session = await openSession(chosen, environment, io);
    const logger = createLogger(session.settings.logLevel);
    const stopping = new AbortController();
    const remote = remoteFunctions(functions, {
      urlOf,
      deadlineMs: chosen.deadline * 1000,
      clock: systemClock,
      random: Math.random,
      signal: stopping.signal,
      onReach: (name, reason) =>
        reason === undefined
          ? logger.info({ function: name }, 'the function is there again')
          : logger.warn({ function: name, reason }, 'the function cannot be reached: its events wait'),
    });
    let code = 1;
    try {
      const bus = await connectSession(session);
      await runDeployment({
        session,
        bus,
        ...chosen,
        io,
        logger,
        stopped,
        functions: remote.functions,
        takeSnapshots: (log) =>
          takeSnapshots({
            ...{ site: session.settings.site, bus, log, logger },
            told: 'on the stream',
            signal: stopping.signal,
          }),
        onStopping: () => stopping.abort(new Error('stopping')),
      });
      await bus.close();
      code = 0;
    } finally {
      exitSoon(code);
      await Promise.all([remote.close(), session.close()]);
    }
    return code;
  },
};
