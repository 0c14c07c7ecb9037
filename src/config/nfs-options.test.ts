import { describe, expect, it } from 'vitest';
import { parseNfsOptions } from './nfs-options.ts';
import { toNfsSource } from './nfs-source.ts';

describe('mount options of NFS', () => {
  it.each<[string, readonly string[], object]>([
    ['nothing is nothing', [], { version: undefined, words: [], bindWords: [] }],
    [
      'are split at commas',
      ['hard,timeo=600', ' nconnect=4 '],
      { words: ['hard', 'nconnect=4', 'timeo=600'] },
    ],
    [
      'have one order, whatever order they are written in',
      ['wsize=1', 'ac', 'rsize=2'],
      { words: ['ac', 'rsize=2', 'wsize=1'] },
    ],
    ['win over the same ones before them', ['timeo=600', 'timeo=50'], { words: ['timeo=50'] }],
    [
      'win over those that they exclude',
      ['hard', 'lock', 'softerr', 'nolock'],
      { words: ['softerr', 'nolock'] },
    ],
    [
      'of single mounts are for the bind mounts',
      ['noexec', 'hard', 'nosuid'],
      { words: ['hard'], bindWords: ['noexec', 'nosuid'] },
    ],
    [
      'that mean nothing here are left out',
      ['defaults,_netdev,retry=5,x-systemd.automount,fg,intr'],
      { words: [] },
    ],
    [
      'keep a comma in quotation marks',
      ['context="a:b:c:s0,c1",hard'],
      { words: ['context="a:b:c:s0,c1"', 'hard'] },
    ],
  ])('%s', (_, options, expected) => {
    expect(parseNfsOptions(options)).toMatchObject(expected);
  });

  it.each([
    ['vers=4.2', '4.2'],
    ['nfsvers=3', '3'],
    ['v4.1', '4.1'],
    ['v3', '3'],
    ['vers=4', '4.1'],
    ['v4', '4.1'],
    ['vers=4.0', '4.0'],
  ])('%s names version %s, and is no word of the mount', (word, version) => {
    expect(parseNfsOptions(['vers=3', word])).toEqual({ version, words: [], bindWords: [] });
  });

  it.each([
    ['vers=2', 'does not mount'],
    ['nfsvers=', 'does not mount'],
    ['vers=4.3', 'It mounts 4.2, 4.1, 4.0, 3'],
    ['nconect=4', 'Did you mean "nconnect"?'],
    ['size=5', 'is unknown'],
    ['__proto__=5', 'is unknown'],
    ['toString', 'is unknown'],
    ['timeo', 'has no value that nfs(5) knows'],
    ['timeo=fast', 'has no value that nfs(5) knows'],
    ['nconnect=17', 'has no value that nfs(5) knows'],
    ['nconnect=0', 'has no value that nfs(5) knows'],
    ['sec=krb4', 'has no value that nfs(5) knows'],
    ['addr=10.0.0.1', 'which says it itself'],
    ['mountaddr=10.0.0.1', 'which says it itself'],
    ['clientaddr=10.0.0.1', 'which says it itself'],
    ['minorversion=1', 'which says it itself'],
    ['bg', 'which says it itself'],
    ['udp', 'which says it itself'],
  ])('%s is refused, and the sentence says what to do', (word, sentence) => {
    expect(() => parseNfsOptions(['hard', word])).toThrow(`"${word}"`);
    expect(() => parseNfsOptions(['hard', word])).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(sentence),
      }),
    );
  });
});

describe('an export', () => {
  it.each([
    ['nfs1', 'nfs1:/srv'],
    ['10.0.0.1', '10.0.0.1:/srv'],
    ['fd00::1', '[fd00::1]:/srv'],
  ])('of %s is %s', (server, source) => {
    expect(toNfsSource({ server, export: '/srv' })).toBe(source);
  });
});
