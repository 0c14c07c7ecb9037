import { join } from 'node:path';
import { type Asking, createAsking } from '../line-questions.ts';
import { makeImage, makeScratchDirectory } from '../scratch.ts';
import { bootGuest, type Guest } from '../uml.ts';
import type { GuestPort } from '../uml-network.ts';
import { SERVER_GUEST_NUMBER } from './server-guest-places.ts';

const DISK_BYTES = 4 * 2 ** 30;
/** A boot takes seconds; the machine that runs this may be a busy one. */
const WITHIN_MS = 120_000;

/** What a server guest is made with. */
export interface ServerGuestOptions {
  readonly port: GuestPort;
  /** Started at each boot, once the export is served; the directory of the export is its `$EXPORT`. Default: none. */
  readonly program?: readonly string[];
  /** Default: 4 GiB. */
  readonly diskBytes?: number;
}

/**
 * A machine of its own that serves an xfs with project quotas, at `/pool`. Its disk outlives it, with the list of its clients. Disposing
 * takes its power and removes the disk.
 */
export interface ServerGuest extends AsyncDisposable {
  /** Resolves when it serves: from power off, frozen, or already. */
  boot(): Promise<void>;
  /** It answers nothing any more, and closes nothing. */
  freeze(): void;
  thaw(): void;
  /** What was not written to its disk is gone. */
  cutPower(): Promise<void>;
  /** Runs a program there and hands back what it printed. */
  run(argv: readonly string[]): Promise<string>;
}

interface Running {
  readonly guest: Guest;
  readonly asking: Asking;
}

/** Makes its disk; it has no power yet. */
export async function createServerGuest(options: ServerGuestOptions): Promise<ServerGuest> {
  const { port, program = [], diskBytes = DISK_BYTES } = options;
  await using undo = new AsyncDisposableStack();
  const scratch = undo.use(await makeScratchDirectory());
  const disk = join(scratch.path, 'server.img');
  await makeImage(disk, { type: 'xfs', sizeBytes: diskBytes });
  let running: Running | undefined;

  const cutPower = async (): Promise<void> => {
    await running?.guest.cutPower();
    await running?.guest[Symbol.asyncDispose]();
    running = undefined;
  };
  undo.defer(cutPower);
  const getRunning = (): Running => {
    if (running === undefined) throw new Error('The server guest has no power.');
    return running;
  };
  const start = async (): Promise<Running> => {
    const serving = Promise.withResolvers<void>();
    const asking = createAsking((line) => guest.send(line));
    const guest = await bootGuest({
      command: ['node', 'test/support/nfs/server-guest-main.ts'],
      environment: { NFS_GUEST_NUMBER: `${SERVER_GUEST_NUMBER}`, PROGRAM: JSON.stringify(program) },
      disks: [disk],
      memoryMiB: 1024,
      port,
      onLine(line) {
        if (line === 'serving') serving.resolve();
        asking.receive(line);
      },
    });
    running = { guest, asking };
    const ended = guest.ended.then(() => {
      throw new Error(`The server guest ended by itself. Its console:\n${guest.output()}`);
    });
    ended.catch(() => undefined);
    const timer = setTimeout(() => {
      serving.reject(new Error(`No server after ${WITHIN_MS} ms. Its console:\n${guest.output()}`));
    }, WITHIN_MS);
    try {
      await Promise.race([serving.promise, ended]);
    } finally {
      clearTimeout(timer);
    }
    return running;
  };
  const resources = undo.move();
  return {
    async boot() {
      const { guest } = running ?? (await start());
      guest.thaw();
    },
    freeze: () => getRunning().guest.freeze(),
    thaw: () => getRunning().guest.thaw(),
    cutPower,
    run: async (argv) => await getRunning().asking.ask(argv, WITHIN_MS),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
