#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError, Option } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import type { Config, ConfigFlags, ConfigSources } from './config.ts';
import { addImportCommands } from './import-commands.ts';
import type { Lifetime } from './lifecycle.ts';
import { addPoolCommands, type PoolCommandsHost } from './pool-commands.ts';
import type { ProgramOptions } from './program.ts';
import { ROLES, type Role } from './roles.ts';
import { setFileThreads } from './thread-pool.ts';

/** Exit code for a command line or a configuration that cannot be understood. */
const USAGE = 2;
/** On top of what calls under way are given: closing pools, workers and the log. */
const STOP_MARGIN_MS = 15_000;
/**
 * The heap's space for young objects stays as small as it begins instead of growing to three times 16 MiB, which a server of small
 * requests fills with garbage and never gives back. The other flags for it are read before any of this program runs.
 */
const HEAP_FLAGS = '--semi-space-growth-factor=1';

const DESCRIPTIONS: Readonly<Record<Role, string>> = {
  controller: 'serve Controller of every configured driver, over the agents of the nodes (no root)',
  node: 'serve Node of every configured driver, and the agent for this node’s pools (root)',
  agent: 'offer the pools of a server that is no node to controllers (root)',
  'all-in-one': 'serve Controller and Node of every configured driver on this machine (root)',
};

interface RoleFlags extends ConfigFlags {
  readonly config: string;
}

/** Runs one command line and returns its exit code. What a command needs is imported when it is asked for. */
async function main(argv: readonly string[]): Promise<number> {
  setFileThreads();
  setFlagsFromString(HEAP_FLAGS);
  let exitCode = 0;
  const program = new Command('stowage')
    .description('A CSI driver for storage that a cluster has at hand: real sizes, instant snapshots.')
    .exitOverride();

  for (const role of ROLES) {
    program
      .command(role)
      .description(DESCRIPTIONS[role])
      .requiredOption('--config <file>', 'configuration file')
      .addOption(
        new Option('--log-level <level>', 'the least that is logged').choices([
          'error',
          'warn',
          'info',
          'debug',
        ]),
      )
      .addOption(new Option('--log-format <format>', 'how lines are written').choices(['json', 'pretty']))
      .option('--node-name <name>', 'name of this node')
      .option('--http-address <address>', 'where /healthz, /readyz and /metrics are served')
      .action(async ({ config, ...flags }: RoleFlags) => {
        exitCode = await runRole(role, config, flags);
      });
  }

  program
    .command('config')
    .description('work with the configuration file')
    .command('check <file>')
    .description('say whether a configuration file is valid, and what it means')
    .addOption(new Option('--role <role>', 'what is to run with it; left out: any').choices(ROLES))
    .action(async (file: string, { role }: { readonly role?: Role }) => {
      exitCode = await checkConfig(file, role);
    });

  const commandsHost: PoolCommandsHost = {
    readConfig: async (path) => await readConfig({ path }),
    print: (text) => void process.stdout.write(text),
    printError: (text) => void process.stderr.write(text),
    setExitCode: (code) => {
      exitCode = code;
    },
  };
  addPoolCommands(program, commandsHost);
  addImportCommands(program, commandsHost);

  program
    .command('version')
    .description('print the version')
    .action(() => {
      process.stdout.write(`stowage ${manifest.version} (Node.js ${process.versions.node})\n`);
    });

  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : USAGE;
  }
  return exitCode;
}

async function checkConfig(file: string, role: Role | undefined): Promise<number> {
  const config = await readConfig({ path: file, ...(role === undefined ? {} : { role }) });
  if (config === undefined) return USAGE;
  const { describeConfig } = await import('./describe-config.ts');
  process.stdout.write(describeConfig(file, config, role));
  return 0;
}

async function runRole(role: Role, file: string, flags: ConfigFlags): Promise<number> {
  const config = await readConfig({ path: file, flags, role });
  if (config === undefined) return USAGE;
  const [{ runLifecycle }, start, { createLogger }, { createRequestContext }, { keepHeapTidy }] =
    await Promise.all([
      import('./lifecycle.ts'),
      loadRole(role),
      import('../observability/winston-logger.ts'),
      import('../observability/request-context.ts'),
      import('./tidy-heap.ts'),
    ]);
  const context = createRequestContext();
  const log = createLogger({ ...config.log, context, stream: process.stdout });
  return await runLifecycle(
    async (lifetime) => {
      lifetime.stack.use(keepHeapTidy());
      await start({ config, version: manifest.version, logger: log.logger, context }, lifetime);
    },
    {
      logger: log.logger,
      closeLog: () => log.close(),
      stopWithinMs: config.limits.shutdownSeconds * 1000 + STOP_MARGIN_MS,
      process: {
        on: (event, listener) => process.on(event, listener),
        off: (event, listener) => process.off(event, listener),
        exit: (code) => process.exit(code),
        kill: () => process.kill(process.pid, 'SIGKILL'),
        listThreadWork: () => process.getActiveResourcesInfo().filter(isThreadWork),
      },
    },
  );
}

/** Loads what the role needs and nothing else: a node has no use for the client of Kubernetes, a controller none for system calls. */
async function loadRole(role: Role): Promise<(options: ProgramOptions, lifetime: Lifetime) => Promise<void>> {
  switch (role) {
    case 'controller':
      return (await import('./controller.ts')).startController;
    case 'node':
      return (await import('./node.ts')).startNode;
    case 'agent':
      return (await import('./agent.ts')).startAgent;
    case 'all-in-one':
      return (await import('./all-in-one.ts')).startAllInOne;
    default:
      throw new TypeError(`There is no role ${String(role satisfies never)}.`);
  }
}

/** Names of resources whose threads process.exit waits for: file operations, and the channel of a worker thread. */
function isThreadWork(resource: string): boolean {
  return resource.startsWith('FSReq') || resource === 'MessagePort';
}

/** The configuration; undefined when it is not valid, which the operator has then been told. */
async function readConfig(sources: ConfigSources): Promise<Config | undefined> {
  const [{ loadConfig, getConfigEnvironment }, { isDriverError }] = await Promise.all([
    import('./config.ts'),
    import('../domain/errors.ts'),
  ]);
  try {
    return await loadConfig({ ...sources, environment: getConfigEnvironment() });
  } catch (error) {
    if (!isDriverError(error, 'INVALID_ARGUMENT')) throw error;
    process.stderr.write(`${error.message}\n`);
    return undefined;
  }
}

process.exit(await main(process.argv.slice(2)));
