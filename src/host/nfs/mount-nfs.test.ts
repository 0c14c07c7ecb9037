import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { DriverError } from '../../domain/errors.ts';
import { SystemCallError, toErrorName } from '../errno.ts';
import type { MountOptions } from '../host.ts';
import { mountNfs, type NfsMount } from './mount-nfs.ts';

const never = new AbortController().signal;
const EXPORT: NfsMount = {
  poolName: 'web',
  server: '10.0.0.1',
  export: '/srv',
  target: '/mounts/web',
  versions: ['4.2'],
  words: ['hard'],
};

function fail(name: keyof typeof constants.errno): SystemCallError {
  const errno = constants.errno[name];
  return new SystemCallError({
    code: toErrorName(errno),
    errno,
    syscall: 'mount',
    message: `mount: ${name}`,
  });
}

interface Scene {
  readonly tried: readonly MountOptions[];
  mount(changes?: Partial<NfsMount>, signal?: AbortSignal): Promise<{ readonly version: string }>;
}

/** `answer` says what the kernel says to each mount; undefined mounts it. */
function createScene(
  answer: (options: string) => Error | undefined = () => undefined,
  {
    addresses = ['10.0.0.1'],
    hasStatd = true,
  }: { addresses?: readonly string[] | Error; hasStatd?: boolean } = {},
): Scene {
  const tried: MountOptions[] = [];
  return {
    tried,
    mount: async (changes = {}, signal = never) =>
      await mountNfs(
        {
          mounts: {
            async mount(options) {
              tried.push(options);
              await Promise.resolve();
              const failure = answer(options.options.join(','));
              if (failure !== undefined) throw failure;
            },
          },
          resolve: async () => {
            await Promise.resolve();
            if (addresses instanceof Error) throw addresses;
            return addresses;
          },
          findStatd: async () => await Promise.resolve(hasStatd),
        },
        { ...EXPORT, ...changes },
        signal,
      ),
  };
}

const optionsOf = ({ tried }: Scene): readonly string[] => tried.map(({ options }) => options.join(','));

describe('mounting an export', () => {
  it('is one call of mount(2), with what mount.nfs would add', async () => {
    const scene = createScene();

    await expect(scene.mount()).resolves.toEqual({ version: '4.2' });

    expect(scene.tried).toEqual([
      {
        source: '10.0.0.1:/srv',
        target: '/mounts/web',
        fsType: 'nfs',
        readOnly: false,
        options: ['vers=4.2', 'hard', 'addr=10.0.0.1'],
      },
    ]);
  });

  it('says over IPv6 that it is so, unless the options do', async () => {
    const scene = createScene();

    await scene.mount({ server: 'fd00::1' });
    await scene.mount({ server: 'fd00::1', words: ['proto=rdma6'] });

    expect(scene.tried[0]?.source).toBe('[fd00::1]:/srv');
    expect(optionsOf(scene)).toEqual([
      'vers=4.2,hard,proto=tcp6,addr=fd00::1',
      'vers=4.2,proto=rdma6,addr=fd00::1',
    ]);
  });

  it('goes on with the next version where the server does not have the one before', async () => {
    const scene = createScene((options) =>
      options.includes('vers=4') ? fail('EPROTONOSUPPORT') : undefined,
    );

    await expect(scene.mount({ versions: ['4.2', '4.1', '3'] })).resolves.toEqual({ version: '3' });

    expect(optionsOf(scene)).toEqual([
      'vers=4.2,hard,addr=10.0.0.1',
      'vers=4.1,hard,addr=10.0.0.1',
      'vers=3,hard,addr=10.0.0.1,mountaddr=10.0.0.1',
    ]);
  });

  it.each(['EACCES', 'ENOENT', 'ECONNREFUSED', 'ETIMEDOUT', 'ESTALE'] as const)(
    'does not go on with another version after %s',
    async (name) => {
      const scene = createScene(() => fail(name));

      await expect(scene.mount({ versions: ['4.2', '4.1'] })).rejects.toMatchObject({
        code: 'POOL_UNAVAILABLE',
      });

      expect(scene.tried).toHaveLength(1);
    },
  );

  it('tries all addresses of a name until one is reached', async () => {
    const scene = createScene(
      (options) => (options.includes('addr=fd00::1') ? fail('EHOSTUNREACH') : undefined),
      {
        addresses: ['fd00::1', '10.0.0.1', '10.0.0.2'],
      },
    );

    await scene.mount({ server: 'nfs1' });

    expect(scene.tried.map(({ source }) => source)).toEqual(['nfs1:/srv', 'nfs1:/srv']);
    expect(optionsOf(scene).at(-1)).toBe('vers=4.2,hard,addr=10.0.0.1');
  });

  it('does not ask another address what one has answered', async () => {
    const scene = createScene(() => fail('EACCES'), { addresses: ['10.0.0.1', '10.0.0.2'] });

    await expect(scene.mount({ server: 'nfs1' })).rejects.toThrow('does not let this node mount it');

    expect(scene.tried).toHaveLength(1);
  });

  it.each<[keyof typeof constants.errno, string, RegExp]>([
    ['EACCES', 'POOL_UNAVAILABLE', /add the node to the export/],
    ['EPERM', 'POOL_UNAVAILABLE', /add the node to the export/],
    ['ENOENT', 'POOL_UNAVAILABLE', /has no such export/],
    ['ECONNREFUSED', 'POOL_UNAVAILABLE', /start the NFS server/],
    ['ETIMEDOUT', 'POOL_UNAVAILABLE', /firewall lets TCP port 2049 through/],
    ['EHOSTUNREACH', 'POOL_UNAVAILABLE', /firewall/],
    ['EPROTONOSUPPORT', 'POOL_UNAVAILABLE', /nfsVersions of the StorageClass/],
    ['EOPNOTSUPP', 'POOL_UNAVAILABLE', /nfsVersions of the StorageClass/],
    ['EINVAL', 'POOL_UNAVAILABLE', /one of the options/],
    ['ENODEV', 'PRECONDITION_FAILED', /modprobe nfs/],
    ['ESTALE', 'POOL_UNAVAILABLE', /exportfs -r/],
    ['EIO', 'POOL_UNAVAILABLE', /The kernel says EIO; its log/],
  ])('says after %s what to do (%s)', async (name, code, hint) => {
    const scene = createScene(() => fail(name));

    await expect(scene.mount()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(
        /^The export 10\.0\.0\.1:\/srv of pool web cannot be mounted by NFS 4\.2\. /,
      ),
    });
    await expect(scene.mount()).rejects.toThrow(hint);
  });

  it.each([
    ['cannot be resolved', new Error('EAI_AGAIN')],
    ['has no address', []],
  ])('says so when the name of the server %s', async (_, addresses) => {
    const scene = createScene(undefined, { addresses });

    await expect(scene.mount({ server: 'nfs1' })).rejects.toMatchObject({
      code: 'POOL_UNAVAILABLE',
      message: expect.stringContaining('The name nfs1 of the server of pool web cannot be resolved'),
    });
    expect(scene.tried).toEqual([]);
  });

  it('needs rpc.statd by NFS 3, unless nobody locks there', async () => {
    const scene = createScene(undefined, { hasStatd: false });

    await expect(scene.mount({ versions: ['3'] })).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('nolock'),
    });
    await expect(scene.mount({ versions: ['3'], words: ['nolock'] })).resolves.toEqual({ version: '3' });
    await expect(scene.mount({ versions: ['4.1'] })).resolves.toEqual({ version: '4.1' });
  });

  it.each([
    ['a caller that leaves', new DOMException('It was aborted.', 'AbortError')],
    ['an option that is none', new DriverError('INVALID_ARGUMENT', 'There is no such option.')],
  ])('does not take %s for an answer of the server', async (_, error) => {
    const scene = createScene(() => error, { addresses: ['10.0.0.1', '10.0.0.2'] });

    await expect(scene.mount({ versions: ['4.2', '3'] })).rejects.toBe(error);

    expect(scene.tried).toHaveLength(1);
  });

  it('leaves a name that is not resolved with whoever gives up', async () => {
    const leaving = AbortSignal.abort(new Error('enough'));

    await expect(createScene().mount({ server: 'nfs1' }, leaving)).rejects.toThrow('enough');
  });
});
