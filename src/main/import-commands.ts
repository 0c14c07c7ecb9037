import { type Command, Option } from 'commander';
import { IMPORT_LAYOUTS, type ImportLayout } from '../backends/nfs/import/foreign-source.ts';
import { DEFAULT_CONFIG, type PoolCommandsHost } from './pool-commands.ts';
import { toSentence } from './command-failure.ts';

/** Trees of many millions of files are walked. */
const DEADLINE_MS = 24 * 60 * 60 * 1000;

interface ImportFlags {
  readonly config: string;
  readonly from: ImportLayout;
  readonly pool?: string;
  readonly directory?: string;
  readonly server: readonly string[];
  readonly export?: string;
  readonly pvs?: string;
  readonly quota: 'required' | 'none';
  readonly size: readonly string[];
  readonly storageClass?: string;
  readonly yes: boolean;
}

/** Adds `import nfs`. */
export function addImportCommands(program: Command, host: PoolCommandsHost): void {
  const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];
  program
    .command('import')
    .description('take over volumes of other drivers')
    .command('nfs')
    .description(
      'make directories that another provisioner made on an export volumes of a pool, without copying',
    )
    .addOption(
      new Option('--from <provisioner>', 'who made them').choices(IMPORT_LAYOUTS).makeOptionMandatory(),
    )
    .option('--config <file>', 'configuration file', DEFAULT_CONFIG)
    .option('--pool <name>', 'the pool; may be left out when there is only one')
    .option('--directory <path>', 'where the pool is on this machine; default: as the configuration says')
    .option(
      '--pvs <file>',
      'what "kubectl get pv -o json" printed; default: the cluster is asked (KUBECONFIG)',
    )
    .option('--server <name>', 'another name or address of the server; may be repeated', collect, [])
    .option(
      '--export <path>',
      'what PersistentVolumes call the directory of the pool; default: as the configuration says',
    )
    .addOption(
      new Option('--quota <quota>', 'whether sizes are to be enforced')
        .choices(['required', 'none'])
        .default('required'),
    )
    .option('--size <pv=size>', 'another size than the PersistentVolume says; may be repeated', collect, [])
    .option('--storage-class <name>', 'class of the new PersistentVolumes and claims; default: as before')
    .option('--yes', 'do it, and print manifests; otherwise what would happen is only said', false)
    .action(async (flags: ImportFlags) => await importNfs(host, flags));
}

async function importNfs(host: PoolCommandsHost, { config: file, ...flags }: ImportFlags): Promise<void> {
  const [{ importVolumes }, { getClusterEnvironment }] = await Promise.all([
    import('./import-nfs.ts'),
    import('./config.ts'),
  ]);
  const config = await host.readConfig(file);
  if (config === undefined) return host.setExitCode(2);
  const deadline = (host.startDeadline ?? (() => AbortSignal.timeout(DEADLINE_MS)))();
  try {
    const environment = host.environment ?? getClusterEnvironment();
    const isWhole = await importVolumes({ ...flags, config, environment }, host, deadline);
    if (!isWhole) host.setExitCode(1);
  } catch (error) {
    host.printError(`${await toSentence(error)}\n`);
    host.setExitCode(1);
  }
}
