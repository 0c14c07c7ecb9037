import { mkdtempDisposable, rename, rm, symlink, writeFile, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { createTestAuthority } from '../../test/support/tls.ts';
import { type Logger, silentLogger } from '../observability/logger.ts';
import { Trouble } from '../observability/trouble.ts';
import { createFileTls, type FileTls, waitForFileTls } from './file-tls.ts';
import type { TlsMaterial } from './tls.ts';

const NAME = 'agent.stowage.internal';
const OTHER_NAME = 'controller.stowage.internal';
const WRONG_NAME =
  'tls.crt is for controller.stowage.internal, and this program has to show one for agent.stowage.internal';

async function write(directory: string, material: Partial<TlsMaterial>): Promise<void> {
  const files = { 'ca.crt': material.ca, 'tls.crt': material.certificate, 'tls.key': material.key };
  for (const [name, text] of Object.entries(files)) {
    if (text !== undefined) await writeFile(join(directory, name), text);
  }
}

interface Scene extends AsyncDisposable {
  readonly path: string;
  readonly first: TlsMaterial;
  readonly tls: FileTls;
  readonly changes: () => number;
  /** What was logged as a warning. */
  readonly warnings: readonly string[];
  /** Ten seconds pass, and the files have been looked at. */
  look(): Promise<void>;
}

async function startScene(): Promise<Scene> {
  await using undo = new AsyncDisposableStack();
  const directory = undo.use(await mkdtempDisposable(join(tmpdir(), 'stowage-tls-')));
  const first = await (await createTestAuthority()).material(NAME);
  await write(directory.path, first);
  const clock = new FakeClock();
  const warnings: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    warn: (_message, fields) => void warnings.push(String(fields?.['err'])),
  };
  const tls = await createFileTls({ directory: directory.path, ownName: NAME, clock, logger });
  undo.defer(() => tls.close());
  let changes = 0;
  tls.onChange(() => (changes += 1));
  const owned = undo.move();
  return {
    path: directory.path,
    first,
    tls,
    changes: () => changes,
    warnings,
    async look() {
      await clock.whenSleeping();
      clock.advance(10_000);
      await clock.whenSleeping();
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

describe('certificates from files', () => {
  it('are taken up anew, once, when they change', async () => {
    await using scene = await startScene();
    const second = await (await createTestAuthority()).material(NAME);
    expect(scene.tls.current()).toEqual(scene.first);

    await scene.look();
    expect(scene.changes()).toBe(0);
    await write(scene.path, second);
    await scene.look();
    await scene.look();

    expect(scene.tls.current()).toEqual(second);
    expect(scene.changes()).toBe(1);
  });

  it('are taken up when a mounted Secret changes, which is a symlink that is replaced', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-tls-'));
    const { path } = directory;
    const authority = await createTestAuthority();
    const versions = [await authority.material(NAME), await authority.material(NAME)];
    for (const [index, version] of versions.entries()) {
      await mkdir(join(path, `..${index}`));
      await write(join(path, `..${index}`), version);
    }
    await symlink('..0', join(path, '..data'));
    for (const name of ['ca.crt', 'tls.crt', 'tls.key']) await symlink(`..data/${name}`, join(path, name));
    const clock = new FakeClock();
    const tls = await createFileTls({ directory: path, ownName: NAME, clock, logger: silentLogger });

    await symlink('..1', join(path, '..new'));
    await rename(join(path, '..new'), join(path, '..data'));
    await clock.whenSleeping();
    clock.advance(10_000);
    await clock.whenSleeping();

    expect(tls.current()).toEqual(versions[1]);
    await tls.close();
  });

  it.each([
    ['a new certificate before its key', ({ certificate }: TlsMaterial) => ({ certificate })],
    ['a new key before its certificate', ({ key }: TlsMaterial) => ({ key })],
    [
      'a certificate whose authority is not there yet',
      ({ certificate, key }: TlsMaterial) => ({ certificate, key }),
    ],
    ['half of a file', ({ ca }: TlsMaterial) => ({ ca: ca.slice(0, 100) })],
    ['an authority that did not sign', ({ ca }: TlsMaterial) => ({ ca })],
  ])('are kept while the files hold %s, until the rest is there', async (_what, choose) => {
    await using scene = await startScene();
    const second = await (await createTestAuthority()).material(NAME);

    await write(scene.path, choose(second));
    await scene.look();
    expect(scene.tls.current()).toEqual(scene.first);
    await write(scene.path, second);
    await scene.look();

    expect(scene.tls.current()).toEqual(second);
    expect(scene.changes()).toBe(1);
  });

  it('are kept while a file is missing', async () => {
    await using scene = await startScene();

    await rm(join(scene.path, 'tls.key'));
    await scene.look();

    expect(scene.tls.current()).toEqual(scene.first);
  });

  it('are kept, in words, while the files hold a certificate for another name', async () => {
    await using scene = await startScene();
    const authority = await createTestAuthority();

    await write(scene.path, await authority.material(OTHER_NAME));
    await scene.look();
    await scene.look();
    expect(scene.tls.current()).toEqual(scene.first);
    expect(scene.warnings).toEqual([expect.stringContaining(WRONG_NAME)]);
    const right = await authority.material(NAME);
    await write(scene.path, right);
    await scene.look();

    expect(scene.tls.current()).toEqual(right);
  });

  it.each([
    ['another name', OTHER_NAME, WRONG_NAME],
    ['a pattern', '*.stowage.internal', 'tls.crt is for *.stowage.internal, '],
  ])('are refused at the start when they are for %s', async (_what, name, sentence) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-tls-'));
    const { path } = directory;
    await write(path, await (await createTestAuthority()).material(name));

    const opening = createFileTls({
      directory: path,
      ownName: NAME,
      clock: new FakeClock(),
      logger: silentLogger,
    });

    await expect(opening).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining(`The certificates in ${path} cannot be used: ${sentence}`),
    });
  });

  it('have to be there at the start', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-tls-'));
    const { path } = directory;
    const options = { directory: path, ownName: NAME, clock: new FakeClock(), logger: silentLogger };

    await expect(createFileTls(options)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      // Which one of the three is missed first is a matter of chance.
      message: expect.stringMatching(/(ca\.crt|tls\.crt|tls\.key) cannot be read \(ENOENT\)/),
    });
    await write(path, { ca: 'x', certificate: 'y', key: 'z' });
    await expect(createFileTls(options)).rejects.toMatchObject({
      code: 'PRECONDITION_FAILED',
      message: expect.stringContaining('ca.crt holds no certificate'),
    });
  });
});

describe('certificates that are not there yet', () => {
  async function startWaiting() {
    await using undo = new AsyncDisposableStack();
    const directory = undo.use(await mkdtempDisposable(join(tmpdir(), 'stowage-tls-')));
    const clock = new FakeClock();
    const trouble = new Trouble(silentLogger);
    const stop = new AbortController();
    const waiting = waitForFileTls(
      { directory: join(directory.path, 'tls'), ownName: NAME, clock, logger: silentLogger, trouble },
      stop.signal,
    );
    const owned = undo.move();
    return {
      path: join(directory.path, 'tls'),
      clock,
      trouble,
      stop,
      waiting,
      /** The files have been looked for once more. */
      async look() {
        await clock.whenSleeping();
        clock.advance(1_000);
        await clock.whenSleeping();
      },
      [Symbol.asyncDispose]: () => owned.disposeAsync(),
    };
  }

  it('are waited for, in words, until all of them are there', async () => {
    await using scene = await startWaiting();
    const material = await (await createTestAuthority()).material(NAME);

    await scene.clock.whenSleeping();
    expect(scene.trouble.sentence).toContain(`no certificates in ${scene.path} yet`);
    await mkdir(scene.path);
    await write(scene.path, { ca: material.ca });
    await scene.look();
    expect(scene.trouble.sentence).toContain(`no certificates in ${scene.path} yet`);
    await write(scene.path, material);
    await scene.clock.whenSleeping();
    scene.clock.advance(1_000);

    const tls = await scene.waiting;
    expect(tls.current()).toEqual(material);
    expect(scene.trouble.sentence).toBeUndefined();
    await tls.close();
  });

  it('are waited for still when what comes is not right, which is said', async () => {
    await using scene = await startWaiting();
    const authority = await createTestAuthority();
    await scene.clock.whenSleeping();

    await mkdir(scene.path);
    await write(scene.path, await authority.material(OTHER_NAME));
    await scene.look();
    expect(scene.trouble.sentence).toContain(WRONG_NAME);
    const right = await authority.material(NAME);
    await write(scene.path, right);
    scene.clock.advance(1_000);

    const tls = await scene.waiting;
    expect(tls.current()).toEqual(right);
    await tls.close();
  });

  it('are not waited for when there are others at the start', async () => {
    await using directory = await mkdtempDisposable(join(tmpdir(), 'stowage-tls-'));
    await write(directory.path, await (await createTestAuthority()).material(OTHER_NAME));

    const waiting = waitForFileTls(
      {
        directory: directory.path,
        ownName: NAME,
        clock: new FakeClock(),
        logger: silentLogger,
        trouble: new Trouble(silentLogger),
      },
      new AbortController().signal,
    );

    await expect(waiting).rejects.toThrow(WRONG_NAME);
  });

  it('are not waited for by a program that stops', async () => {
    await using scene = await startWaiting();
    await scene.clock.whenSleeping();

    scene.stop.abort(new Error('It stops.'));

    await expect(scene.waiting).rejects.toThrow('It stops.');
  });
});
