import { hashName } from '../../base/ids.ts';
import { quote } from '../../base/quote.ts';
import { DriverError } from '../../domain/errors.ts';
import { isUsableFrom, type Topology, type TopologyRequirement } from '../../domain/topology.ts';
import type { StoreEntry } from '../../filestore/store-directory.ts';
import { isNodeIn, TOPOLOGY_KEY, toTopology } from './topology.ts';

/** What decides where a volume goes. */
export interface PlacementRequest {
  readonly name: string;
  readonly topology: TopologyRequirement | undefined;
}

/**
 * The pool's places in the order in which they are to be tried: preferred ones first, in the caller's order; the others by a hash
 * of the volume's name (rendezvous), so that a repeated call tries the same first, whoever answers. Places that were never registered come last:
 * no earlier call can have used them. Throws NO_ROOM when the topology leaves none.
 */
export function rankPlaces(entries: readonly StoreEntry[], request: PlacementRequest): readonly StoreEntry[] {
  const ranked = rankAllowed(entries, request);
  if (ranked.length === 0) throw noPlace(entries, request.topology?.requisite ?? []);
  return ranked;
}

/** The first of {@link rankPlaces}; undefined when the topology leaves none. */
export function findFirstPlace(
  entries: readonly StoreEntry[],
  request: PlacementRequest,
): StoreEntry | undefined {
  return rankAllowed(entries, request)[0];
}

function rankAllowed(
  entries: readonly StoreEntry[],
  { name, topology }: PlacementRequest,
): readonly StoreEntry[] {
  const requisite = topology?.requisite ?? [];
  const preferred = topology?.preferred ?? [];
  const allowed = entries.filter((entry) => isAllowed(entry.nodeName, requisite));
  const ranked = allowed.map((entry) => ({
    entry,
    preference: findPreference(entry.nodeName, preferred),
    isNew: 'unavailable' in entry.state && entry.state.isNew === true,
    weight: hashName(name, entry.poolId ?? entry.nodeName),
  }));
  ranked.sort(
    (a, b) =>
      a.preference - b.preference || Number(a.isNew) - Number(b.isNew) || (a.weight < b.weight ? -1 : 1),
  );
  return ranked.map(({ entry }) => entry);
}

/** Whether a node is inside at least one of the places; no places are no restriction. */
export function isAllowed(nodeName: string, requisite: readonly Topology[]): boolean {
  return isUsableFrom([toTopology(nodeName)], requisite);
}

function findPreference(nodeName: string, preferred: readonly Topology[]): number {
  const index = preferred.findIndex((topology) => isNodeIn(topology, nodeName));
  return index === -1 ? preferred.length : index;
}

function noPlace(entries: readonly StoreEntry[], requisite: readonly Topology[]): DriverError {
  const asked = requisite.map((topology) => quote(topology[TOPOLOGY_KEY] ?? 'elsewhere')).join(', ');
  const nodes = entries.map((entry) => entry.nodeName).join(', ');
  return new DriverError(
    'NO_ROOM',
    `Pool ${entries[0]?.poolName ?? ''} is on the nodes ${nodes}, but the volume has to be on one of: ${asked}.`,
  );
}
