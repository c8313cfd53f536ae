/** Whether the receivers beside a site answer, take our token, and may write where the rules lead. */
import { messageOf } from '../../functions/errors.ts';
import type { Link } from '../../functions/ports.ts';
import { openReceiver } from '../stores/receiver.ts';
import type { Check } from './check.ts';
import type { Patient } from './reach.ts';
import { needsOf } from './site-needs.ts';

export function checkReceivers(patient: Patient, links: readonly Link[]): Promise<Check[]> {
  const { site } = patient;
  const wanted = needsOf(links, site.metadata.name)
    .filter(({ isTarget }) => isTarget)
    .map(({ bucket }) => `${site.metadata.name}/${bucket}`);
  return Promise.all(site.access.receivers.map((_, index) => checkReceiver(patient, index, wanted)));
}

async function checkReceiver(
  { site, report, deadlineMs }: Patient,
  index: number,
  wanted: readonly string[],
): Promise<Check> {
  const access = site.access.receivers[index];
  const url = access?.url ?? '';
  const receiver = openReceiver({ url, token: access?.token.reveal() ?? '', ca: site.access.ca });
  try {
    const places = new Set(await receiver.places(deadlineMs));
    const missing = wanted.filter((place) => !places.has(place));
    if (missing.length === 0) return report.ok('receivers', `${url} takes stacks for ${wanted.join(', ')}`);
    return report.failed(
      'receivers',
      `${url} may not write to ${missing.join(', ')}: stacks go there another way`,
      `at the receiver: CAUSEWAY_RECEIVES=${[...places, ...missing].join(',')}`,
    );
  } catch (error) {
    const words = messageOf(error);
    const named = tokenOf(site.spec.receivers[index]?.token);
    const fix = words.startsWith('it refuses the token')
      ? `give ${named} what the receiver has in CAUSEWAY_RECEIVER_TOKEN`
      : 'start it: causeway serve receive-stack; or correct url under receivers';
    return report.failed('receivers', `${url}: ${words}; stacks go another way`, fix);
  } finally {
    await receiver.close();
  }
}

function tokenOf(token: Patient['site']['spec']['receivers'][number]['token'] | undefined): string {
  switch (token?.from) {
    case 'env':
      return `the environment variable ${token.name}`;
    case 'file':
      return `the file ${token.file}`;
    case 'secretName':
      return `Secret ${token.secretName}`;
    case undefined:
      return 'the token';
  }
}
