import { createAsking } from '../line-questions.ts';
import { openSerialLine } from '../serial-line.ts';
import { type Addresses, toAddresses } from './network.ts';
import type { ServerGuest } from './server-guest.ts';
import { SERVER_GUEST_NUMBER } from './server-guest-places.ts';

/** Longer than the machine itself waits for anything. */
const WITHIN_MS = 150_000;

/** The server guest as a suite in another guest has it. Disposing lets go of the line; the server stays as it is. */
export interface ServerControl extends Disposable, Omit<ServerGuest, 'freeze' | 'thaw' | symbol> {
  readonly addresses: Addresses;
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Says a line to what has booted this guest: {@link toSaid}. */
  readonly say: (line: string) => void;
}

const SAYS = 'says ';

/** Takes hold of the server from a suite in a guest of {@link controlServer}; one at a time. */
export function connectServerControl(): ServerControl {
  const asking = createAsking((line) => serial.send(line));
  const serial = openSerialLine((line) => asking.receive(line));
  const tell = async (...words: readonly string[]): Promise<void> => {
    await asking.ask(words, WITHIN_MS);
  };
  return {
    addresses: toAddresses(SERVER_GUEST_NUMBER),
    boot: () => tell('boot'),
    freeze: () => tell('freeze'),
    thaw: () => tell('thaw'),
    cutPower: () => tell('cutPower'),
    say: (line) => serial.send(`${SAYS}${line}`),
    run: (argv) => asking.ask(['run', ...argv], WITHIN_MS),
    [Symbol.dispose]: () => serial[Symbol.dispose](),
  };
}

/** What a suite has said with a line of its guest; undefined when the line is something else. */
export function toSaid(line: string): string | undefined {
  return line.startsWith(SAYS) ? line.slice(SAYS.length) : undefined;
}

/** What the machine does with the words of a suite. */
export async function controlServer(server: ServerGuest, words: readonly string[]): Promise<string> {
  const [verb, ...argv] = words;
  switch (verb) {
    case 'boot':
      await server.boot();
      return '';
    case 'freeze':
      server.freeze();
      return '';
    case 'thaw':
      server.thaw();
      return '';
    case 'cutPower':
      await server.cutPower();
      return '';
    case 'run':
      return await server.run(argv);
    default:
      throw new Error(`A server guest cannot ${verb}.`);
  }
}
