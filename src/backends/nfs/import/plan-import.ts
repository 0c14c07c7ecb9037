import { parseQuantity } from '../../../config/quantity.ts';
import { isOwnName } from '../../../filestore/paths.ts';
import type { PersistentVolume } from '../../../k8s/persistent-volume-list.ts';
import { findForeignSource, type ForeignSource, type ImportLayout } from './foreign-source.ts';

/** Where volumes are looked for. */
export interface ImportPlace {
  /** Every name and address of the server. */
  readonly servers: readonly string[];
  /** What the server calls the directory that is the pool. */
  readonly exportPath: string;
}

/** What a PersistentVolume is to be imported as. */
export interface PlannedImport {
  readonly volume: PersistentVolume;
  /** Below the pool. */
  readonly directory: string;
  /** What the server calls it. */
  readonly serverPath: string;
  readonly capacityBytes: number;
}

/** What a PersistentVolume is left alone for: the end of a sentence that begins with its name. */
export interface LeftVolume {
  readonly name: string;
  readonly reason: string;
}

export interface ImportPlan {
  readonly imports: readonly PlannedImport[];
  /** Nothing to do with this pool. */
  readonly left: readonly LeftVolume[];
  /** Of this pool, but not to be imported as they are. */
  readonly refused: readonly LeftVolume[];
}

/** What a plan is made from beside the PersistentVolumes. */
export interface ImportWishes {
  readonly layout: ImportLayout;
  readonly place: ImportPlace;
  /** By the name of the PersistentVolume; they win over what it says itself. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Which PersistentVolumes lie in a pool, and where. Those of other provisioners are not spoken of. Looks at nothing but what it is given. */
export function planImport(volumes: readonly PersistentVolume[], wishes: ImportWishes): ImportPlan {
  const imports: PlannedImport[] = [];
  const left: LeftVolume[] = [];
  const refused: LeftVolume[] = [];
  for (const volume of volumes) {
    const { name } = volume.metadata;
    const source = findForeignSource(wishes.layout, volume);
    if (source === undefined) continue;
    const decision = 'problem' in source ? { left: source.problem } : decide(volume, source, wishes);
    if ('left' in decision) left.push({ name, reason: decision.left });
    else if ('refused' in decision) refused.push({ name, reason: decision.refused });
    else imports.push(decision);
  }
  const entangled = findEntangled(imports);
  return {
    imports: imports.filter(({ volume }) => !entangled.has(volume.metadata.name)),
    left,
    refused: [...refused, ...[...entangled].map(([name, reason]) => ({ name, reason }))],
  };
}

function decide(
  volume: PersistentVolume,
  source: ForeignSource,
  { place, sizes }: ImportWishes,
): PlannedImport | { readonly left: string } | { readonly refused: string } {
  if (!isSameServer(place.servers, source.server)) return { left: `it is on server ${source.server}` };
  const where = locate(source.path, place.exportPath);
  if (!('directory' in where)) return where;
  const { storage } = volume.spec.capacity;
  const capacityBytes = sizes.get(volume.metadata.name) ?? parseQuantity(storage ?? '');
  if (capacityBytes === undefined) return { refused: `its size is ${storage ?? 'not given'}` };
  return { volume, ...where, capacityBytes };
}

/** Names are compared as they are written: only an operator knows which ones are the same. */
function isSameServer(servers: readonly string[], server: string): boolean {
  const plain = (text: string): string => text.replaceAll(/^\[|\]$/g, '').toLowerCase();
  return servers.some((each) => plain(each) === plain(server));
}

function locate(
  path: string,
  exportPath: string,
):
  | Pick<PlannedImport, 'directory' | 'serverPath'>
  | { readonly left: string }
  | { readonly refused: string } {
  const parts = toParts(path);
  const root = toParts(exportPath);
  if (parts.includes('..') || parts.includes('.')) {
    return { refused: `its path ${path} is none that a directory can be told from` };
  }
  if (root.some((part, index) => parts[index] !== part)) {
    return { left: `its path ${path} is outside of ${exportPath}` };
  }
  const below = parts.slice(root.length);
  if (below.length === 0) return { refused: 'it is the whole of the export' };
  if (isOwnName(below[0] ?? '')) return { refused: `its path ${path} belongs to the driver itself` };
  return { directory: below.join('/'), serverPath: `/${parts.join('/')}` };
}

function toParts(path: string): readonly string[] {
  return path.split('/').filter((part) => part !== '');
}

/** PersistentVolumes that share a directory, or of which one lies in another: none of them can have it for itself. */
function findEntangled(imports: readonly PlannedImport[]): ReadonlyMap<string, string> {
  const entangled = new Map<string, string>();
  for (const one of imports) {
    for (const other of imports) {
      const name = one.volume.metadata.name;
      const otherName = other.volume.metadata.name;
      if (one === other) continue;
      if (one.directory === other.directory) {
        entangled.set(name, `it shares the directory ${one.directory} with ${otherName}`);
      } else if (one.directory.startsWith(`${other.directory}/`)) {
        entangled.set(name, `its directory ${one.directory} lies in ${other.directory} of ${otherName}`);
        entangled.set(otherName, `${one.directory} of ${name} lies in its directory ${other.directory}`);
      }
    }
  }
  return entangled;
}
