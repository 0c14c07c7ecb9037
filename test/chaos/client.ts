import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import type { CreateVolumeRequest } from '../../src/gen/csi/v1/CreateVolumeRequest.ts';
import type { CreateVolumeResponse__Output } from '../../src/gen/csi/v1/CreateVolumeResponse.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Calls, Statistics } from './calls.ts';
import { type Piece, type PoolPaths, writeMark } from './pieces.ts';

const MiB = 2 ** 20;
const MOST_PIECES = 6;

export interface ChaosClientOptions {
  readonly name: string;
  readonly calls: Calls;
  readonly random: SeededRandom;
  readonly pools: PoolPaths;
  /** The node on which directories have quotas. */
  readonly directoryNode: string;
  readonly statistics: Statistics;
}

/** One client with volumes and snapshots of its own, which does one thing after the other and knows what there must be. */
export class ChaosClient {
  readonly pieces = new Map<string, Piece>();
  readonly #options: ChaosClientOptions;
  readonly #deleted = new Set<string>();
  #count = 0;

  constructor(options: ChaosClientOptions) {
    this.#options = options;
  }

  /** Does something, and waits until it is done. Throws when the driver contradicts what is known. */
  async step(): Promise<void> {
    const { random, statistics } = this.#options;
    const [what, work] = random.pick(this.#listChoices());
    await work();
    statistics.count(what);
  }

  #listChoices(): readonly (readonly [string, () => Promise<void>])[] {
    const volume = this.#pick('volume');
    const snapshot = this.#pick('snapshot');
    const some = this.pieces.size > 2 ? this.#options.random.pick([...this.pieces.values()]) : undefined;
    const hasRoom = this.pieces.size < MOST_PIECES;
    const all: readonly (readonly [string, boolean, () => Promise<void>])[] = [
      ['list', true, () => this.#list()],
      ['create', hasRoom, () => this.#create(undefined)],
      ['clone', hasRoom && volume !== undefined, () => this.#create(volume)],
      ['restore', hasRoom && snapshot !== undefined, () => this.#create(snapshot)],
      ['snapshot', hasRoom && volume !== undefined, () => this.#with(volume, (each) => this.#snapshot(each))],
      ['expand', volume !== undefined, () => this.#with(volume, (each) => this.#expand(each))],
      ['write', volume !== undefined, () => this.#with(volume, (each) => this.#write(each))],
      ['delete', some !== undefined, () => this.#with(some, (each) => this.remove(each))],
      ['delete', some !== undefined, () => this.#with(some, (each) => this.remove(each))],
    ];
    return all.flatMap(([what, isPossible, work]) => (isPossible ? [[what, work] as const] : []));
  }

  async #with(piece: Piece | undefined, work: (piece: Piece) => Promise<void>): Promise<void> {
    if (piece !== undefined) await work(piece);
  }

  /** Deletes a volume or snapshot. */
  async remove({ kind, id }: Piece): Promise<void> {
    await this.#options.calls.untilDone(`delete ${id}`, async (controller, options) => {
      return kind === 'volume'
        ? await controller.DeleteVolume({ volumeId: id }, options)
        : await controller.DeleteSnapshot({ snapshotId: id }, options);
    });
    this.pieces.delete(id);
    this.#deleted.add(id);
  }

  /** Deletes everything that it has. */
  async removeAll(): Promise<void> {
    for (const piece of this.pieces.values()) await this.remove(piece);
  }

  async #create(source: Piece | undefined): Promise<void> {
    const { calls, random } = this.#options;
    const layout = source?.layout ?? (random.chance(0.25) ? 'directory' : 'image');
    const name = this.#newName('pvc');
    const request = this.#toRequest({ name, layout, source, node: this.#chooseNode(layout) });
    const { id, node, sizeBytes } = await calls.untilDone(`create ${name}`, async (controller, options) => {
      return toAnswer(await controller.CreateVolume(request, options));
    });
    if (this.pieces.has(id) || this.#deleted.has(id))
      throw new Error(`${name} got ${id}, which was used before`);
    const piece: Piece = {
      kind: 'volume',
      name,
      id,
      node,
      layout,
      sizeBytes,
      mark: source?.mark ?? name,
    };
    if (source === undefined) await writeMark(this.#options.pools, piece);
    this.pieces.set(id, piece);
  }

  async #snapshot(source: Piece): Promise<void> {
    const name = this.#newName('snap');
    const { snapshot } = await this.#options.calls.untilDone(
      `snapshot ${name}`,
      async (controller, options) => {
        return await controller.CreateSnapshot({ name, sourceVolumeId: source.id }, options);
      },
    );
    const id = snapshot?.snapshotId ?? '';
    this.pieces.set(id, { ...source, kind: 'snapshot', name, id, sizeBytes: Number(snapshot?.sizeBytes) });
  }

  async #expand(volume: Piece): Promise<void> {
    const sizeBytes = volume.sizeBytes + 4 * MiB;
    const { capacityBytes } = await this.#options.calls.untilDone(
      `expand ${volume.id}`,
      async (controller, options) => {
        const capacityRange = { requiredBytes: sizeBytes };
        return await controller.ControllerExpandVolume({ volumeId: volume.id, capacityRange }, options);
      },
    );
    this.pieces.set(volume.id, { ...volume, sizeBytes: Number(capacityBytes) });
  }

  async #write(volume: Piece): Promise<void> {
    const written = { ...volume, mark: this.#newName('mark') };
    await writeMark(this.#options.pools, written);
    this.pieces.set(volume.id, written);
  }

  /** What there must be is listed, and what was deleted is not; a silent node makes the whole list unavailable, never shorter. */
  async #list(): Promise<void> {
    const { calls } = this.#options;
    const volumes = await calls.once('list volumes', async (controller, options) => {
      return (await controller.ListVolumes({}, options)).entries.map(({ volume }) => volume?.volumeId ?? '');
    });
    const snapshots = await calls.once('list snapshots', async (controller, options) => {
      const { entries } = await controller.ListSnapshots({}, options);
      return entries.map(({ snapshot }) => snapshot?.snapshotId ?? '');
    });
    for (const [kind, listed] of [['volume', volumes] as const, ['snapshot', snapshots] as const]) {
      if (listed === undefined) continue;
      const own = [...this.pieces.values()].filter((piece) => piece.kind === kind);
      const missing = own.filter(({ id }) => !listed.includes(id)).map(({ id }) => id);
      const undead = listed.filter((id) => this.#deleted.has(id));
      if (missing.length + undead.length > 0) {
        throw new Error(`list of ${kind}s: missing ${missing.join(' ')}, undead ${undead.join(' ')}`);
      }
    }
  }

  #toRequest(wanted: {
    readonly name: string;
    readonly layout: Piece['layout'];
    readonly source: Piece | undefined;
    readonly node: string | undefined;
  }): CreateVolumeRequest {
    const { name, layout, source, node } = wanted;
    const accessMode = { mode: 'SINGLE_NODE_WRITER' } as const;
    const places = node === undefined ? [] : [{ segments: { [TOPOLOGY_KEY]: node } }];
    return {
      name,
      capacityRange: { requiredBytes: source?.sizeBytes ?? this.#options.random.between(2, 6) * 4 * MiB },
      volumeCapabilities: [layout === 'image' ? { block: {}, accessMode } : { mount: {}, accessMode }],
      parameters: { pool: 'fast', layout },
      ...(places.length === 0 ? {} : { accessibilityRequirements: { requisite: places, preferred: places } }),
      ...toSource(source),
    };
  }

  /** Undefined leaves it to the driver. */
  #chooseNode(layout: Piece['layout']): string | undefined {
    const { random, pools, directoryNode } = this.#options;
    if (layout === 'directory') return directoryNode;
    return random.chance(0.3) ? undefined : random.pick([...pools.keys()]);
  }

  #pick(kind: Piece['kind']): Piece | undefined {
    const some = [...this.pieces.values()].filter((piece) => piece.kind === kind);
    return some.length === 0 ? undefined : this.#options.random.pick(some);
  }

  #newName(prefix: string): string {
    this.#count += 1;
    return `${prefix}-${this.#options.name}-${this.#count}`;
  }
}

function toAnswer({ volume }: CreateVolumeResponse__Output): Pick<Piece, 'id' | 'node' | 'sizeBytes'> {
  return {
    id: volume?.volumeId ?? '',
    node: volume?.accessibleTopology[0]?.segments[TOPOLOGY_KEY] ?? '',
    sizeBytes: Number(volume?.capacityBytes),
  };
}

function toSource(source: Piece | undefined): Pick<CreateVolumeRequest, 'volumeContentSource'> {
  if (source === undefined) return {};
  const { kind, id } = source;
  return {
    volumeContentSource: kind === 'volume' ? { volume: { volumeId: id } } : { snapshot: { snapshotId: id } },
  };
}
