import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex, Readable } from 'node:stream';
import { killGroup, spawnGroup } from './process-group.ts';
import type { GuestPort } from './uml-network.ts';

const INIT = resolve(import.meta.dirname, '../uml/guest-init.sh');
const KERNEL = '/usr/bin/linux.uml';
const CONSOLE_CHARACTERS = 256 * 1024;

/** What a guest is given. */
export interface GuestOptions {
  /** Run inside, in the project's folder, as root, with the project's node on PATH; what it prints is the console's. */
  readonly command: readonly [program: string, ...args: string[]];
  readonly environment?: Readonly<Record<string, string>>;
  readonly memoryMiB?: number;
  /** Files on this machine that are its disks: /dev/ubda, /dev/ubdb… Not more than one guest may have one. */
  readonly disks?: readonly string[];
  /** Size of a blank disk for /var/tmp inside, which is in memory without it (and takes no direct I/O then). */
  readonly scratchMiB?: number;
  /** Put into `$EXCHANGE` before it boots: content by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Its network device, eth0, which is not configured. Default: none. */
  readonly port?: GuestPort;
  /** Called with each line that is written to /dev/ttyS0 inside. */
  readonly onLine?: (line: string) => void;
}

/** How a guest's command ended. */
export interface GuestResult {
  readonly exitCode: number;
  /** The end of what the console showed. */
  readonly output: string;
}

/** A User-mode Linux that runs on this machine's root file system. Disposing kills it and removes its folder. */
export interface Guest extends AsyncDisposable {
  /** Leader of the process group that is the guest. */
  readonly pid: number;
  /** A folder on the machine that both sides see, `$EXCHANGE` inside. Removed by disposing. */
  readonly exchange: string;
  /** What the console has shown, its end. */
  output(): string;
  /** Resolves when it has ended, in whatever way. */
  readonly ended: Promise<unknown>;
  /** Writes a line that can be read from /dev/ttyS0 inside. What nobody reads there is lost beyond some kilobytes. */
  send(line: string): void;
  /** Stops it from one instruction to the next: it answers nothing, and keeps all that it has. */
  freeze(): void;
  /** Lets it go on as if nothing had been. */
  thaw(): void;
  /** Waits for the end of the command and of the guest. Throws when the guest dies, or is killed here because it takes longer than this. */
  finish(deadlineMs: number): Promise<GuestResult>;
  /** Takes its power away: what was not written to its disks is gone. Returns once no process of it is left and its last line has been read. */
  cutPower(): Promise<void>;
}

/** Boots a guest. Throws when this is not root, or the packages that it takes are missing. */
export async function bootGuest(options: GuestOptions): Promise<Guest> {
  await checkInstalled();
  const exchange = await mkdtemp('/var/tmp/stowage-uml-');
  await writeFile(join(exchange, 'run.sh'), toScript(options));
  for (const [name, content] of Object.entries(options.files ?? {})) {
    await writeFile(join(exchange, name), content);
  }
  const child = spawnGroup([
    ...toNamespace(options.port),
    ...(await toPinning()),
    KERNEL,
    ...toKernelArguments(options, exchange),
    ...(await makeScratch(options, exchange)),
  ]);
  const [pid, stdout, stderr, serial] = [child.pid, child.stdout, child.stderr, child.stdio[4]];
  if (pid === undefined || stdout === null || stderr === null || serial === null || serial === undefined) {
    throw new Error(`Cannot start ${KERNEL}.`);
  }
  const screen = collect([stdout, stderr]);
  // `exit` comes with the leader's end; the helper threads of the guest keep its pipes open until they are killed.
  const exited = once(child, 'exit');
  const isRead = readLines(serial as Duplex, options.onLine);
  const guest: Guest = {
    pid,
    exchange,
    output: screen,
    ended: exited,
    send: (line) => void (serial as Duplex).write(`${line}\n`),
    // To its first process only: the guest dies when its helpers are stopped as well.
    freeze: () => void process.kill(pid, 'SIGSTOP'),
    thaw: () => void process.kill(pid, 'SIGCONT'),
    async finish(deadlineMs) {
      const inTime = await settlesWithin(exited, deadlineMs);
      await killGroup(pid);
      await isRead;
      if (!inTime) {
        throw new Error(`The guest did not end within ${deadlineMs} ms. Its console:\n${screen()}`);
      }
      return { exitCode: await readExitStatus(exchange, screen), output: screen() };
    },
    async cutPower() {
      await killGroup(pid);
      await Promise.all([exited, isRead]);
    },
    async [Symbol.asyncDispose]() {
      await killGroup(pid);
      child.stdio[3]?.destroy();
      await rm(exchange, { recursive: true, force: true });
    },
  };
  return guest;
}

async function checkInstalled(): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error('Guests take root: run as root, or set SKIP_ROOT_TESTS=1 to leave their tests out.');
  }
  try {
    await access(KERNEL);
    await access('/sbin/modprobe');
  } catch (error) {
    const message = 'User-mode Linux is not installed: apt-get install user-mode-linux kmod xfsprogs dmsetup';
    throw new Error(message, { cause: error });
  }
}

function toKernelArguments(options: GuestOptions, exchange: string): readonly string[] {
  const device = options.port === undefined ? [] : [`eth0=tuntap,${options.port.tap}`];
  const disks = (options.disks ?? []).map((file, index) => `${toDiskName(index)}=${file}`);
  return [
    `mem=${options.memoryMiB ?? 2048}M`,
    'rootfstype=hostfs',
    'rootflags=/',
    'rw',
    `init=${INIT}`,
    'con=null',
    'con0=fd:0,fd:1',
    'ssl0=fd:4,fd:4',
    'quiet',
    `uml_dir=${exchange}`,
    'umid=uml',
    ...disks,
    ...device,
    `EXCHANGE=${exchange}`,
  ];
}

/**
 * Keeps a guest on one processor, any of those that this process may use: its kernel and its programs take turns, and passing
 * the turn to another processor makes it three times slower (measured).
 */
async function toPinning(): Promise<readonly string[]> {
  const status = await readFile('/proc/self/status', 'utf8');
  const ranges = /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1]?.split(',') ?? [];
  const processors = ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
  const chosen = processors[randomInt(Math.max(processors.length, 1))];
  return chosen === undefined ? [] : ['taskset', '--cpu-list', String(chosen)];
}

/** The device lies in the namespace of its wire, so the guest runs there. */
function toNamespace(port: GuestPort | undefined): readonly string[] {
  return port === undefined ? [] : ['nsenter', '--target', `${port.pid}`, '--net'];
}

/** Makes the scratch disk, which comes after the others, and returns its kernel arguments. */
async function makeScratch(options: GuestOptions, exchange: string): Promise<readonly string[]> {
  if (options.scratchMiB === undefined) return [];
  const file = join(exchange, 'scratch.img');
  await writeFile(file, '');
  await truncate(file, options.scratchMiB * 2 ** 20);
  const name = toDiskName(options.disks?.length ?? 0);
  return [`${name}=${file}`, `SCRATCH=/dev/${name}`];
}

function toDiskName(index: number): string {
  return `ubd${'abcdefgh'.charAt(index)}`;
}

function toScript(options: GuestOptions): string {
  const variables = Object.entries(options.environment ?? {}).map(([name, value]) => `${name}=${value}`);
  return `exec ${['env', ...variables, ...options.command].map(quote).join(' ')}\n`;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** Keeps the end of what the streams bring; the function returned tells it. */
function collect(streams: readonly Readable[]): () => string {
  let text = '';
  for (const stream of streams) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk: string) => {
      text = (text + chunk).slice(-CONSOLE_CHARACTERS);
    });
  }
  return () => text;
}

/** Resolves when the last line has been handed on, after the guest's end. */
async function readLines(serial: Duplex, onLine: ((line: string) => void) | undefined): Promise<void> {
  // The guest's end resets the connection; what came before has been read by then.
  serial.on('error', () => undefined);
  const lines = createInterface({ input: serial });
  lines.on('line', (line) => onLine?.(line));
  await once(lines, 'close');
}

async function settlesWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve: giveUp } = Promise.withResolvers<boolean>();
  const timer = setTimeout(giveUp, ms, false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function readExitStatus(exchange: string, screen: () => string): Promise<number> {
  try {
    return Number.parseInt(await readFile(join(exchange, 'exit-status'), 'utf8'), 10);
  } catch (error) {
    throw new Error(`The guest died before its command ended. Its console:\n${screen()}`, { cause: error });
  }
}
