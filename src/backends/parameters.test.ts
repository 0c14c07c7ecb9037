import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { DriverError } from '../domain/errors.ts';
import { parseFsType, parseParameters } from './parameters.ts';

const Schema = z.strictObject({
  pool: z.string().min(1),
  quota: z.enum(['required', 'none']).default('required'),
  uid: z
    .string()
    .regex(/^\d+$/, 'must be a number')
    .transform((text) => Number(text))
    .optional(),
});

function messageOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof DriverError && error.code === 'INVALID_ARGUMENT') return error.message;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('parseParameters', () => {
  it('parses the own keys and keeps them as written', () => {
    const parsed = parseParameters(Schema, { pool: 'ssd', uid: '1000' });

    expect(parsed).toEqual({
      parameters: { pool: 'ssd', quota: 'required', uid: 1000 },
      asked: { pool: 'ssd', uid: '1000' },
      claim: undefined,
      fsType: undefined,
    });
  });

  it('takes what Kubernetes adds out of them', () => {
    const parsed = parseParameters(Schema, {
      pool: 'ssd',
      'csi.storage.k8s.io/pvc/name': 'data',
      'csi.storage.k8s.io/pvc/namespace': 'shop',
      'csi.storage.k8s.io/pv/name': 'pvc-1',
      'csi.storage.k8s.io/fstype': 'xfs',
      'csi.storage.k8s.io/provisioner-secret-name': 'secret',
    });

    expect(parsed.asked).toEqual({ pool: 'ssd' });
    expect(parsed.claim).toEqual({ namespace: 'shop', name: 'data' });
    expect(parsed.fsType).toBe('xfs');
  });

  it.each([
    ['a mistyped key', { pool: 'a', qouta: 'none' }, 'Parameter "qouta" is unknown. Did you mean "quota"?'],
    ['an unknown key', { pool: 'a', encryption: 'x' }, 'Known ones are pool, quota, uid.'],
    ['a missing key', {}, 'Parameter "pool" is missing.'],
    ['an empty value', { pool: '' }, 'Parameter "pool" cannot be used: '],
    ['a value that is none', { pool: 'a', quota: 'maybe' }, 'Parameter "quota" cannot be used: '],
    [
      'a value of the wrong form',
      { pool: 'a', uid: 'x' },
      'Parameter "uid" cannot be used: must be a number.',
    ],
    [
      'the old spelling of fstype',
      { pool: 'a', fsType: 'xfs' },
      'Write "csi.storage.k8s.io/fstype" instead.',
    ],
    [
      'a file system that is none',
      { pool: 'a', 'csi.storage.k8s.io/fstype': 'ext5' },
      'Did you mean "ext4"?',
    ],
    ['a key of the prototype', { pool: 'a', constructor: 'x' }, 'Parameter "constructor" is unknown.'],
  ])('refuses %s with a sentence that names it', (_, raw, sentence) => {
    expect(messageOf(() => parseParameters(Schema, raw))).toContain(sentence);
  });

  it('has a sentence for each key', () => {
    const message = messageOf(() => parseParameters(Schema, { quota: 'maybe', nope: '', nada: '' }));

    expect(message).toContain('"pool"');
    expect(message).toContain('"quota"');
    expect(message).toContain('"nope"');
    expect(message).toContain('"nada"');
  });

  it('shows little of a huge key', () => {
    const message = messageOf(() => parseParameters(Schema, { pool: 'a', ['k'.repeat(10_000)]: '' }));

    expect(message.length).toBeLessThan(300);
  });
});

describe('parseFsType', () => {
  it('knows what this driver makes', () => {
    expect(parseFsType('btrfs', 'fs_type')).toBe('btrfs');
  });

  it.each(['ntfs', 'EXT4', '../ext4', 'ext4\0'])('refuses %j and lists what there is', (text) => {
    expect(messageOf(() => parseFsType(text, 'fs_type'))).toContain('ext4, xfs, btrfs');
  });
});
