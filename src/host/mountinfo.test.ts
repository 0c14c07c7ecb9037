import { describe, expect, it } from 'vitest';
import { parseMountInfo } from './mountinfo.ts';

/** Lines that a kernel has written. */
const SAMPLES: readonly { readonly name: string; readonly line: string; readonly expected: object }[] = [
  {
    name: 'a root file system',
    line: '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard,resuid=65534',
    expected: {
      mountId: 27,
      parentId: 1,
      majorMinor: '254:0',
      root: '/',
      mountPoint: '/',
      options: ['rw', 'relatime'],
      fsType: 'ext4',
      source: '/dev/vda',
      superOptions: ['rw', 'discard', 'resuid=65534'],
    },
  },
  {
    name: 'one optional field',
    line: '36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 - ext3 /dev/root rw,errors=continue',
    expected: { root: '/mnt1', mountPoint: '/mnt2', fsType: 'ext3', source: '/dev/root' },
  },
  {
    name: 'several optional fields',
    line: '61 60 0:33 / /var/lib/kubelet rw shared:314 master:1 propagate_from:2 unbindable - tmpfs tmpfs rw,size=4k',
    expected: { fsType: 'tmpfs', superOptions: ['rw', 'size=4k'] },
  },
  {
    name: 'a subvolume of btrfs, mounted by option',
    line: '45 27 0:39 /v /srv/sub\\040vol rw,relatime - btrfs /dev/loop0 rw,discard=async,subvolid=256,subvol=/v',
    expected: { majorMinor: '0:39', root: '/v', mountPoint: '/srv/sub vol', fsType: 'btrfs' },
  },
  {
    name: 'a bind mount of a file',
    line: '50 27 254:0 /pool/f /pool/f2 rw,relatime - ext4 /dev/vda rw',
    expected: { root: '/pool/f', mountPoint: '/pool/f2' },
  },
  {
    name: 'a bind mount whose directory is gone',
    line: '51 27 254:0 /pool/gone//deleted /pool/gb rw,relatime - ext4 /dev/vda rw',
    expected: { root: '/pool/gone//deleted', mountPoint: '/pool/gb' },
  },
  {
    name: 'a newline, a tab and a backslash in names',
    line: '46 27 0:39 /a\\134b /srv/new\\012line\\011tab rw - btrfs /dev/loop0 rw',
    expected: { root: '/a\\b', mountPoint: '/srv/new\nline\ttab' },
  },
  {
    name: 'an overlay',
    line: '49 27 0:42 / /srv/ov rw,relatime - overlay overlay rw,lowerdir=lo,upperdir=up,workdir=wo,uuid=on',
    expected: { fsType: 'overlay', source: 'overlay' },
  },
  {
    name: 'an NFS mount',
    line: '70 27 0:50 / /mnt/nfs rw,relatime shared:9 - nfs4 server:/export\\040one rw,vers=4.2,addr=10.0.0.1',
    expected: { source: 'server:/export one', superOptions: ['rw', 'vers=4.2', 'addr=10.0.0.1'] },
  },
  {
    name: 'an empty source',
    line: '71 27 0:51 / /mnt/x rw - tmpfs  rw',
    expected: { source: '', superOptions: ['rw'] },
  },
];

describe('parseMountInfo', () => {
  it.each(SAMPLES)('reads $name', ({ line, expected }) => {
    expect(parseMountInfo(`${line}\n`)).toEqual([expect.objectContaining(expected)]);
  });

  it('keeps the order of the lines', () => {
    const entries = parseMountInfo(SAMPLES.map((sample) => sample.line).join('\n'));

    expect(entries.map((entry) => entry.mountId)).toEqual([27, 36, 61, 45, 50, 51, 46, 49, 70, 71]);
  });

  it.each(['garbage', '27 1 254:0 / / rw,relatime ext4 /dev/vda rw'])('refuses the line "%s"', (line) => {
    expect(() => parseMountInfo(line)).toThrow('not a line of mountinfo');
  });
});
