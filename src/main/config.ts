import { readFile } from 'node:fs/promises';
import { LineCounter, parseDocument } from 'yaml';
import * as z from 'zod';
import { HostpathConfig } from '../backends/hostpath/config.ts';
import { NfsConfig } from '../backends/nfs/config.ts';
import { clusterConfigShape } from '../config/cluster-schema.ts';
import { baseConfigShape } from '../config/schema.ts';
import { DriverError } from '../domain/errors.ts';
import { describeIssue, describePlace } from './config-issues.ts';
import { findDriverConflicts } from './drivers/driver-conflicts.ts';
import { listRoleIssues, type Role } from './roles.ts';

/** The whole configuration file: what every role shares, and one section for each driver that is to run. */
export const Config = z.strictObject({
  ...baseConfigShape,
  ...clusterConfigShape,
  drivers: z
    .strictObject({
      hostpath: HostpathConfig.optional().meta({
        description: 'Volumes in directories and on disks of this node.',
      }),
      nfs: NfsConfig.optional().meta({
        description: 'Volumes on NFS exports, and on other file systems that all nodes share.',
      }),
    })
    .refine(
      (drivers) => Object.values(drivers).some((driver) => driver !== undefined),
      'needs at least one driver, for instance hostpath',
    )
    .superRefine((drivers, context) => {
      for (const { path, message } of findDriverConflicts(drivers)) {
        context.addIssue({ code: 'custom', path: [...path], message });
      }
    })
    .meta({ description: 'The drivers that run, each with its section.' }),
});
export type Config = Readonly<z.infer<typeof Config>>;

/** What the command line may say over the file. */
export interface ConfigFlags {
  readonly logLevel?: string | undefined;
  readonly logFormat?: string | undefined;
  readonly nodeName?: string | undefined;
  readonly httpAddress?: string | undefined;
}

/** The variables that are read: NODE_NAME (downward API) and CSI_ENDPOINT (CSI: how an orchestrator names the socket). */
export type ConfigEnvironment = Readonly<Partial<Record<'NODE_NAME' | 'CSI_ENDPOINT', string>>>;

/** The variables by which a Kubernetes API is found: those of every pod, or a person's. */
export type ClusterEnvironment = Readonly<
  Partial<Record<'KUBERNETES_SERVICE_HOST' | 'KUBERNETES_SERVICE_PORT' | 'KUBECONFIG', string>>
>;

/** Where a configuration comes from. Flags win over the environment, and that over the file. */
export interface ConfigSources {
  readonly path: string;
  /** What is to run: its sections have to be there. Left out: the file is checked for itself alone. */
  readonly role?: Role;
  readonly flags?: ConfigFlags;
  readonly environment?: ConfigEnvironment;
}

/** How this process finds a Kubernetes API, as far as its environment says. */
export function getClusterEnvironment(): ClusterEnvironment {
  const { KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT, KUBECONFIG } = process.env;
  return {
    ...(KUBERNETES_SERVICE_HOST ? { KUBERNETES_SERVICE_HOST } : {}),
    ...(KUBERNETES_SERVICE_PORT ? { KUBERNETES_SERVICE_PORT } : {}),
    ...(KUBECONFIG ? { KUBECONFIG } : {}),
  };
}

/** What the environment says of the configuration; beside it and {@link getClusterEnvironment} nothing of it is ever looked at. */
export function getConfigEnvironment(): ConfigEnvironment {
  const { NODE_NAME, CSI_ENDPOINT } = process.env;
  return {
    ...(NODE_NAME ? { NODE_NAME } : {}),
    ...(CSI_ENDPOINT ? { CSI_ENDPOINT } : {}),
  };
}

/**
 * Reads, merges and checks the configuration; the result is frozen to its leaves. Throws INVALID_ARGUMENT (DriverError)
 * with one line for each thing that is wrong, which names the key and, where the file has it, the line.
 */
export async function loadConfig(sources: ConfigSources): Promise<Config> {
  return parseConfig(await readConfigFile(sources.path), sources);
}

/** {@link loadConfig} for a text that is already read. */
export function parseConfig(text: string, sources: ConfigSources): Config {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: true });
  if (document.errors.length > 0) {
    throw refuse(
      sources.path,
      document.errors.map((error) => error.message.trim()),
    );
  }
  const parsed = Config.safeParse(merge(document.toJS() ?? {}, sources));
  const source = { schema: Config, document, lineCounter };
  if (!parsed.success) {
    throw refuse(
      sources.path,
      parsed.error.issues.flatMap((issue) => describeIssue(issue, source)),
    );
  }
  const lacks = sources.role === undefined ? [] : listRoleIssues(parsed.data, sources.role);
  if (lacks.length > 0) {
    throw refuse(
      sources.path,
      lacks.map(({ path, message }) => `${describePlace(path, source)}: ${message}`),
    );
  }
  return deepFreeze(parsed.data);
}

async function readConfigFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DriverError(
      'INVALID_ARGUMENT',
      `The configuration file ${path} cannot be read (${why}): name a readable file with --config.`,
      { cause },
    );
  }
}

function refuse(path: string, lines: readonly string[]): DriverError {
  const list = lines.map((line) => `\n  - ${line}`).join('');
  return new DriverError('INVALID_ARGUMENT', `The configuration file ${path} is not valid:${list}`);
}

/** Lays environment and flags over the file, before anything is checked, so that one schema judges all three. */
function merge(file: unknown, { flags = {}, environment = {} }: ConfigSources): unknown {
  if (!isMapping(file)) return file;
  const merged: Record<string, unknown> = { ...file };
  setIn(merged, 'node', 'name', flags.nodeName ?? environment.NODE_NAME);
  setIn(merged, 'log', 'level', flags.logLevel);
  setIn(merged, 'log', 'format', flags.logFormat);
  setIn(merged, 'http', 'address', flags.httpAddress);
  if (environment.CSI_ENDPOINT !== undefined) {
    merged['drivers'] = withEndpoint(merged['drivers'], environment.CSI_ENDPOINT);
  }
  return merged;
}

/** Sets one key of a section; a section that is no mapping is left for the schema to refuse. */
function setIn(target: Record<string, unknown>, section: string, key: string, value: unknown): void {
  const old = target[section] ?? {};
  if (value !== undefined && isMapping(old)) target[section] = { ...old, [key]: value };
}

/** CSI_ENDPOINT names one socket: it serves the only driver, where the file names none for it. */
function withEndpoint(drivers: unknown, endpoint: string): unknown {
  if (!isMapping(drivers)) return drivers;
  const entries = Object.entries(drivers);
  const [only] = entries;
  if (entries.length !== 1 || only === undefined || !isMapping(only[1])) return drivers;
  const [name, driver] = only;
  const isSet = ['endpoint', 'controllerEndpoint', 'nodeEndpoint'].some((key) => key in driver);
  return isSet ? drivers : { [name]: { ...driver, endpoint } };
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
