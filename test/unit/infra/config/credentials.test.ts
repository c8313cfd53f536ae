import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { credentialsFromEnvironment, credentialsFromFile } from '../../../../infra/config/credentials.ts';

const shown = (found: object): string => inspect(found, { depth: 9 });

describe('credentials in the environment', () => {
  it('are the variables that begin with the prefix', () => {
    const found = credentialsFromEnvironment('PARIS', {
      PARIS_ACCESS_KEY_ID: 'AK',
      PARIS_SECRET_ACCESS_KEY: 'sekret',
    });

    expect(found).toMatchObject({ credentials: { accessKeyId: 'AK', sessionToken: undefined } });
    expect('credentials' in found && found.credentials.secretAccessKey.reveal()).toBe('sekret');
    expect(shown(found)).not.toContain('sekret');
  });

  it.each([
    [{}, 'PARIS_ACCESS_KEY_ID and PARIS_SECRET_ACCESS_KEY are not set in the environment'],
    [{ PARIS_ACCESS_KEY_ID: 'AK' }, 'PARIS_SECRET_ACCESS_KEY is not set in the environment'],
    [
      { PARIS_SECRET_ACCESS_KEY: 'sekret', PARIS_ACCESS_KEY_ID: '' },
      'PARIS_ACCESS_KEY_ID is not set in the environment',
    ],
  ])('name the variables that are missing from %j', (environment, problem) => {
    expect(credentialsFromEnvironment('PARIS', environment)).toEqual({ problem });
  });
});

describe('a credentials file', () => {
  it.each([
    ['without a section', 'aws_access_key_id=AK\naws_secret_access_key = se=kr+et/\n'],
    [
      'with one section',
      '# mine\r\n[paris]\r\naws_access_key_id = AK\r\naws_secret_access_key = se=kr+et/\r\n',
    ],
    [
      'with a default among several',
      '[other]\naws_access_key_id=X\n[default]\nregion = x\naws_access_key_id=AK\naws_secret_access_key=se=kr+et/',
    ],
  ])('is read %s', (_, text) => {
    const found = credentialsFromFile(text);

    expect(found).toMatchObject({ credentials: { accessKeyId: 'AK' } });
    expect('credentials' in found && found.credentials.secretAccessKey.reveal()).toBe('se=kr+et/');
    expect(shown(found)).not.toContain('se=kr');
  });

  it('may hold a session token', () => {
    const found = credentialsFromFile('aws_access_key_id=AK\naws_secret_access_key=s\naws_session_token=t');

    expect('credentials' in found && found.credentials.sessionToken?.reveal()).toBe('t');
  });

  it.each([
    ['', 'does not set aws_access_key_id and aws_secret_access_key'],
    [
      'aws_access_key_id=AK\naws_secret_key=sekret',
      'does not set aws_secret_access_key (it sets aws_secret_key)',
    ],
    ['AKIA\nsekret', 'line 1 is not name = value'],
    ['[a]\nx=1\n[b]\ny=2', 'has several sections and no [default]'],
  ])('that is %j gets a clear word, without a secret in it', (text, problem) => {
    expect(credentialsFromFile(text)).toEqual({ problem });
  });
});
