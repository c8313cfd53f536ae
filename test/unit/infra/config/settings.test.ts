import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseNatsUrl } from '../../../../infra/config/nats-url.ts';
import { readSettings, SettingsError } from '../../../../infra/config/settings.ts';

describe('settings', () => {
  it('have defaults where the environment says nothing', () => {
    expect(readSettings({ HOME: '/root', PORT: '' })).toEqual({
      logLevel: 'info',
      nats: undefined,
      documents: ['causeway.yaml'],
      natsReplicas: 1,
      concurrency: 64,
      deadlines: { requestMs: 10_000, putMs: 60_000 },
      sliceMs: 240_000,
      stackBytes: 8_388_608,
      gatherMs: 0,
      site: undefined,
      leaseMs: 15_000,
      receives: [],
      copyBytes: 262_144,
      port: 8080,
      sink: undefined,
      service: undefined,
    });
  });

  it('are read from the environment', () => {
    const settings = readSettings({
      CAUSEWAY_LOG: 'debug',
      CAUSEWAY_NATS_URL: 'nats://10.0.0.1,nats://10.0.0.2:4333',
      CAUSEWAY_DOCUMENTS: 'sites.yaml, rules.yaml',
      CAUSEWAY_NATS_REPLICAS: '3',
      CAUSEWAY_CONCURRENCY: '8',
      CAUSEWAY_REQUEST_DEADLINE: '2s',
      CAUSEWAY_PUT_DEADLINE: '5m',
      CAUSEWAY_SLICE: '90s',
      CAUSEWAY_STACK_SIZE: '16MiB',
      CAUSEWAY_STACK_WAIT: '1500ms',
      CAUSEWAY_RECEIVES: 'tokyo/photos, tokyo/records',
      CAUSEWAY_COPY_SIZE: '1MiB',
      PORT: '0',
      K_SINK: 'http://broker-ingress.knative-eventing.svc/default/default',
      K_SERVICE: 'replicate',
      CAUSEWAY_SITE: 'paris',
      CAUSEWAY_MOVER_IMAGE: 'registry.example/causeway:1',
      CAUSEWAY_LEASE: '30s',
    });

    expect(settings).toEqual({
      logLevel: 'debug',
      nats: { servers: ['10.0.0.1:4222', '10.0.0.2:4333'], tls: false, login: undefined },
      documents: ['sites.yaml', 'rules.yaml'],
      natsReplicas: 3,
      concurrency: 8,
      deadlines: { requestMs: 2000, putMs: 300_000 },
      sliceMs: 90_000,
      stackBytes: 16_777_216,
      gatherMs: 1500,
      site: 'paris',
      leaseMs: 30_000,
      moverImage: 'registry.example/causeway:1',
      receives: ['tokyo/photos', 'tokyo/records'],
      copyBytes: 1_048_576,
      port: 0,
      sink: 'http://broker-ingress.knative-eventing.svc/default/default',
      service: 'replicate',
    });
  });

  it('name every variable that is wrong, at once', () => {
    const read = (): unknown =>
      readSettings({
        CAUSEWAY_LOG: 'loud',
        CAUSEWAY_CONCURRENCY: '1.5',
        CAUSEWAY_PUT_DEADLINE: '60',
        CAUSEWAY_RECEIVES: 'tokyo',
        CAUSEWAY_RECEIVER_TOKEN: 'short',
        PORT: '70000',
      });

    expect(read).toThrow(SettingsError);
    expect(read).toThrow(
      [
        'environment variable CAUSEWAY_LOG must be one of trace, debug, info, warn, error, fatal, silent',
        'environment variable CAUSEWAY_CONCURRENCY must be a whole number from 1 to 1024',
        'environment variable CAUSEWAY_PUT_DEADLINE must be a duration such as 1m, 2s or 500ms, from 100ms to 24h',
        'environment variable CAUSEWAY_RECEIVER_TOKEN must have 16 characters or more',
        'environment variable CAUSEWAY_RECEIVES must be SITE/BUCKET, with commas between several',
        'environment variable PORT must be a whole number from 0 to 65535',
      ].join('\n'),
    );
  });

  it('do not repeat a NATS URL that cannot be read: it may hold a password', () => {
    const read = (): unknown => readSettings({ CAUSEWAY_NATS_URL: 'natss://me:hunter2@10.0.0.1' });

    expect(read).toThrow(
      'environment variable CAUSEWAY_NATS_URL must be a URL such as nats://127.0.0.1:4222',
    );
    expect(read).not.toThrow(/hunter2/);
  });
});

describe('a NATS URL', () => {
  it('is parted into what may be shown and the login', () => {
    const nats = parseNatsUrl('tls://me:p%40ss@nats.example:4333');

    expect(nats).toMatchObject({ servers: ['nats.example:4333'], tls: true, login: { user: 'me' } });
    expect(inspect(nats, { depth: 9 })).not.toContain('p@ss');
    expect(nats?.login && 'password' in nats.login && nats.login.password.reveal()).toBe('p@ss');
  });

  it('may hold a token, and percent signs as they are', () => {
    const login = parseNatsUrl('nats://to%ken@127.0.0.1')?.login;

    expect(login && 'token' in login && login.token.reveal()).toBe('to%ken');
  });

  it.each([
    '',
    'nats',
    'http://127.0.0.1',
    'nats://',
    'nats://host/path',
    'nats://a,',
    'nats://a,tls://b',
    'nats://me:x@a,nats://me:y@b',
  ])('is not %j', (text) => {
    expect(parseNatsUrl(text)).toBeUndefined();
  });
});
