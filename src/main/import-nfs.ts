import type { ImportLayout } from '../backends/nfs/import/foreign-source.ts';
import { renderManifests } from '../backends/nfs/import/manifests.ts';
import {
  type ImportPlan,
  type LeftVolume,
  type PlannedImport,
  planImport,
} from '../backends/nfs/import/plan-import.ts';
import { systemClock } from '../base/clock.ts';
import { parseQuantity } from '../config/quantity.ts';
import { DriverError } from '../domain/errors.ts';
import type { VolumeRecord } from '../filestore/records.ts';
import { createHost } from '../host/create-host.ts';
import { createRequestContext } from '../observability/request-context.ts';
import { createLogger } from '../observability/winston-logger.ts';
import type { ClusterEnvironment, Config } from './config.ts';
import { findImportPlace, type PlaceFlags, type PoolPlaceHere } from './import-place.ts';
import { type ImportedLine, renderReport } from './import-report.ts';
import { type ImportTarget, openImportTarget } from './import-target.ts';
import { readPersistentVolumes } from './import-volumes-source.ts';

/** What is asked of an import. */
export interface ImportRequest extends PlaceFlags {
  readonly config: Config;
  readonly environment: ClusterEnvironment;
  readonly from: ImportLayout;
  readonly pvs?: string | undefined;
  readonly quota: 'required' | 'none';
  /** `pvc-1=20Gi` */
  readonly size: readonly string[];
  readonly storageClass?: string | undefined;
  readonly yes: boolean;
}

/** Where what is said goes. */
export interface ImportOutput {
  print(text: string): void;
  printError(text: string): void;
}

/**
 * Imports volumes, or says what that would come to. Manifests are all that is printed to the output once something is done, so that they can be kept in a file;
 * the report goes to where errors go then. Returns whether everything of this pool can be, or was, imported. Throws DriverError when nothing can.
 */
export async function importVolumes(
  request: ImportRequest,
  output: ImportOutput,
  signal: AbortSignal,
): Promise<boolean> {
  requireRoot();
  const { config, from, yes } = request;
  const place = findImportPlace(config, request);
  const sizes = parseSizes(request.size);
  const volumes = await readPersistentVolumes(request.pvs, request.environment, signal);
  const plan = planImport(volumes, { layout: from, place, sizes });
  await using undo = new AsyncDisposableStack();
  const log = createLogger({
    level: 'warn',
    format: 'pretty',
    context: createRequestContext(),
    stream: process.stderr,
  });
  undo.defer(() => log.close());
  const host = createHost({ logger: log.logger, clock: systemClock, runDirectory: config.runDirectory });
  undo.defer(() => host.close());
  const deps = { host, logger: log.logger, nodeName: config.node.name };
  const target = undo.use(await openImportTarget(deps, { place, quota: request.quota, isDone: yes }, signal));
  const { lines, failed, manifests } = await importAll({ target, place, plan, request }, signal);
  const refused = [...plan.refused, ...failed];
  const report = renderReport({
    title: `Pool ${place.pool.name} (${target.poolId}) at ${place.directory}: ${lines.length} of ${plan.imports.length + plan.refused.length} PersistentVolumes of ${from} that lie there ${yes ? 'are imported' : 'can be imported'}.`,
    lines,
    refused,
    left: plan.left,
    unclaimed: await target.listUnclaimed(plan.imports),
    unfinished: await target.listUnfinished(plan.imports),
    isDone: yes,
  });
  if (yes) {
    output.printError(report);
    output.print(manifests.join(''));
  } else output.print(report);
  return refused.length === 0;
}

interface Importing {
  readonly target: ImportTarget;
  readonly place: PoolPlaceHere;
  readonly plan: ImportPlan;
  readonly request: ImportRequest;
}

interface Imported {
  readonly lines: readonly ImportedLine[];
  readonly failed: readonly LeftVolume[];
  readonly manifests: readonly string[];
}

/** One that fails keeps no other from being imported. */
async function importAll(
  { target, place, plan, request }: Importing,
  signal: AbortSignal,
): Promise<Imported> {
  const lines: ImportedLine[] = [];
  const failed: LeftVolume[] = [];
  const manifests: string[] = [];
  const options = { driver: place.driver, pool: place.pool.name, storageClass: request.storageClass };
  for (const planned of plan.imports) {
    const { volume } = planned;
    try {
      const { outcome, record } = await importOne(target, planned, request, signal);
      lines.push({ planned, outcome });
      if (record !== undefined) manifests.push(renderManifests(volume, record, options));
    } catch (error) {
      if (!(error instanceof DriverError)) throw error;
      failed.push({ name: volume.metadata.name, reason: toReason(volume.metadata.name, error) });
    }
  }
  return { lines, failed, manifests };
}

/** With what the command line has for it. */
function toReason(name: string, error: DriverError): string {
  if (error.code !== 'SIZE_OUT_OF_RANGE') return error.message;
  return `${error.message} (--size ${name}=SIZE, or --quota none)`;
}

async function importOne(
  target: ImportTarget,
  planned: PlannedImport,
  { quota, yes }: ImportRequest,
  signal: AbortSignal,
): Promise<{ readonly outcome: string; readonly record?: VolumeRecord }> {
  const { volume, directory, capacityBytes } = planned;
  const asked = { name: volume.metadata.name, directory, capacityBytes, quota, claim: volume.spec.claimRef };
  const facts = await target.examine(planned, asked, signal);
  if (yes) {
    const record = await target.adopt(asked, signal);
    return {
      outcome: facts.state === 'done' ? `was imported before as ${record.id}` : `is imported as ${record.id}`,
      record,
    };
  }
  switch (facts.state) {
    case 'done':
      return { outcome: `was imported before as ${facts.record.id}` };
    case 'begun':
      return { outcome: 'an import of it was cut short, and would be finished' };
    default:
      return { outcome: `would be imported; it holds ${facts.usedBytes} bytes` };
  }
}

function parseSizes(texts: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    texts.map((text) => {
      const at = text.lastIndexOf('=');
      const bytes = parseQuantity(text.slice(at + 1));
      if (at > 0 && bytes !== undefined) return [text.slice(0, at), bytes] as const;
      throw new DriverError('INVALID_ARGUMENT', `--size ${text} is none: write it like --size pvc-1=20Gi.`);
    }),
  );
}

function requireRoot(): void {
  if (process.getuid?.() === 0) return;
  throw new DriverError(
    'PERMISSION_DENIED',
    'Directories of others are looked at and moved: run it as root.',
  );
}
