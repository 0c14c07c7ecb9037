import { type Command, Option } from 'commander';
import type { PoolRegistry } from '../pools/registry.ts';
import type { ClusterEnvironment, Config } from './config.ts';
import { toSentence } from './command-failure.ts';
import type { ForgetTarget } from './forget-pools.ts';

/** Where the chart puts it. */
export const DEFAULT_CONFIG = '/etc/stowage/config/stowage.yaml';
const LOCAL = 'what this node has noted for itself, not the registry of the cluster';
const DEADLINE_MS = 60_000;

/** What commands need of the program around them. */
export interface PoolCommandsHost {
  /** Undefined when it is not valid, which the operator has then been told. */
  readConfig(file: string): Promise<Config | undefined>;
  print(text: string): void;
  printError(text: string): void;
  setExitCode(code: number): void;
  /** Default: that of this process. */
  readonly environment?: ClusterEnvironment;
  /** Bound on everything that a command asks of the registry. Default: a minute. */
  readonly startDeadline?: () => AbortSignal;
}

interface RegistryFlags {
  readonly config: string;
  readonly local: boolean;
}

interface ListFlags extends RegistryFlags {
  readonly output: 'table' | 'json';
}

interface ForgetFlags extends RegistryFlags {
  readonly yes: boolean;
  readonly force: boolean;
}

/** Adds `pools`, `pools forget` and `nodes forget`. */
export function addPoolCommands(program: Command, host: PoolCommandsHost): void {
  const pools = program
    .command('pools')
    .description('list the pools of all nodes, as the registry knows them')
    .option('--config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--local', LOCAL, false)
    .addOption(
      new Option('-o, --output <format>', 'how they are written').choices(['table', 'json']).default('table'),
    )
    .action(async (flags: ListFlags) => await listPools(host, flags));
  addForget(pools, host, {
    usage: 'forget <pool-id>',
    description: 'give up a pool whose disk is gone for good, or was moved to another node',
    toTarget: (poolId) => ({ poolId }),
  });
  addForget(program.command('nodes').description('work with what is known of nodes'), host, {
    usage: 'forget <node>',
    description: 'give up all pools of a node that is gone for good',
    toTarget: (node) => ({ node }),
  });
}

interface ForgetCommand {
  readonly usage: string;
  readonly description: string;
  readonly toTarget: (argument: string) => ForgetTarget;
}

function addForget(
  parent: Command,
  host: PoolCommandsHost,
  { usage, description, toTarget }: ForgetCommand,
): void {
  parent
    .command(usage)
    .description(description)
    .option('--config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--local', LOCAL, false)
    .option('--yes', 'do it; otherwise what would happen is only said', false)
    .option('--force', 'also when it seems to be alive', false)
    .action(async (argument: string, _flags: unknown, command: Command) => {
      // The command above has a --config of its own, which counts when it was given there.
      await forget(host, toTarget(argument), command.optsWithGlobals<ForgetFlags>());
    });
}

async function listPools(host: PoolCommandsHost, { output, ...flags }: ListFlags): Promise<void> {
  await withRegistry(host, flags, async (registry, signal) => {
    const { renderPoolsJson, renderPoolsTable } = await import('./pools-table.ts');
    const instances = await registry.list(signal);
    host.print(output === 'json' ? renderPoolsJson(instances) : renderPoolsTable(instances, Date.now()));
  });
}

async function forget(
  host: PoolCommandsHost,
  target: ForgetTarget,
  { yes, force, ...flags }: ForgetFlags,
): Promise<void> {
  await withRegistry(host, flags, async (registry, signal) => {
    const { forgetPools } = await import('./forget-pools.ts');
    host.print(await forgetPools(registry, { target, yes, force, nowMs: Date.now() }, signal));
  });
}

type Work = (registry: PoolRegistry, signal: AbortSignal) => Promise<void>;

/** Says what the registry, or the rules, refuse; the exit code is 1 then, and 2 for a configuration that is not valid. */
async function withRegistry(
  host: PoolCommandsHost,
  { config: file, local }: RegistryFlags,
  work: Work,
): Promise<void> {
  const [{ openLocalRegistry, openRegistry }, { getClusterEnvironment }] = await Promise.all([
    import('./open-registry.ts'),
    import('./config.ts'),
  ]);
  const { startDeadline = () => AbortSignal.timeout(DEADLINE_MS) } = host;
  const config = await host.readConfig(file);
  if (config === undefined) return host.setExitCode(2);
  try {
    using open = await (local
      ? openLocalRegistry(config)
      : openRegistry(config, host.environment ?? getClusterEnvironment()));
    await work(open.registry, startDeadline());
  } catch (error) {
    host.printError(`${await toSentence(error)}\n`);
    host.setExitCode(1);
  }
}
