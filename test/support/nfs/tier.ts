import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answerLine } from '../line-questions.ts';
import { makeScratchDirectory } from '../scratch.ts';
import { bootGuest, type GuestOptions, type GuestResult } from '../uml.ts';
import { createGuestNetwork, type GuestPort } from '../uml-network.ts';
import { toAgentConfig, writeTls } from './cluster.ts';
import { controlServer, toSaid } from './server-control.ts';
import { createServerGuest, type ServerGuest, type ServerGuestOptions } from './server-guest.ts';
import { SERVER_DISK, SERVER_EXPORT } from './server-guest-places.ts';
import { SERVED_POOL, SERVER_NODE } from './tier-pools.ts';

export interface TierOptions extends Pick<ServerGuestOptions, 'diskBytes'> {
  /** What the agent on the server is started with. Default: the sources. */
  readonly program?: readonly string[];
}

/** What a guest needs to be a client of the tier's server. */
export interface TierClient {
  readonly port: GuestPort;
  readonly environment: Readonly<Record<string, string>>;
  /** What it asks over its serial line: {@link connectServerControl}. */
  readonly answer: (words: readonly string[]) => Promise<string>;
}

/** A User-mode Linux that serves NFS and has an agent, and room for another one that is its client. Disposing takes the server's power. */
export interface NfsTier extends AsyncDisposable {
  /** It has no power yet. */
  readonly server: ServerGuest;
  readonly client: TierClient;
  /**
   * Boots the client and runs a program there to its end. `onSaid` gets what it says line by line; the files that it leaves in its
   * exchange folder are read by `collect`.
   */
  runClient<T>(
    options: Pick<GuestOptions, 'command' | 'scratchMiB'> & {
      readonly deadlineMs: number;
      readonly onSaid?: (line: string) => void;
      readonly collect: (exchange: string, result: GuestResult) => Promise<T>;
    },
  ): Promise<T>;
}

/** Makes the wire, certificates for both ends, and the server's disk. */
export async function createNfsTier(options: TierOptions = {}): Promise<NfsTier> {
  await using undo = new AsyncDisposableStack();
  const network = undo.use(await createGuestNetwork(2));
  const [first, second] = network.ports;
  if (first === undefined || second === undefined) throw new Error('A network of two has two ports.');
  // Both guests see it below /run/machine.
  const shared = undo.use(await makeScratchDirectory());
  const { program = ['node', 'src/main/cli.ts'], diskBytes } = options;
  const command = await prepareAgent(shared.path, program);
  const server = undo.use(
    await createServerGuest({
      port: first,
      program: ['sh', '-c', command],
      ...(diskBytes === undefined ? {} : { diskBytes }),
    }),
  );
  const client: TierClient = {
    port: second,
    environment: { SHARED_DIRECTORY: `/run/machine${shared.path}` },
    answer: async (words) => await controlServer(server, words),
  };
  const kept = undo.move();
  return {
    server,
    client,
    async runClient({ deadlineMs, onSaid, collect, ...guestOptions }) {
      await using guest = await bootGuest({
        ...guestOptions,
        port: client.port,
        environment: client.environment,
        onLine(line) {
          const said = toSaid(line);
          if (said !== undefined) onSaid?.(said);
          else void answerLine(line, client.answer, (answer) => guest.send(answer));
        },
      });
      const result = await guest.finish(deadlineMs);
      return await collect(guest.exchange, result);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Writes what an agent on the server needs, and certificates for both ends; the command that starts it there. */
async function prepareAgent(directory: string, program: readonly string[]): Promise<string> {
  await writeTls(join(directory, 'tls'));
  const config = toAgentConfig({
    node: SERVER_NODE,
    address: '0.0.0.0',
    pools: [SERVED_POOL],
    tlsDirectory: `/run/machine${directory}/tls`,
    stateDirectory: `${SERVER_DISK}/stowage`,
  });
  await writeFile(join(directory, 'agent.json'), JSON.stringify(config));
  const agent = `${program.join(' ')} agent --config /run/machine${directory}/agent.json`;
  return `mkdir -p ${SERVER_EXPORT}/served ${SERVER_EXPORT}/plain; touch /run/program; exec ${agent}`;
}
