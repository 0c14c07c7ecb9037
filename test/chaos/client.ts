import { TOPOLOGY_KEY } from '../../src/backends/hostpath/topology.ts';
import type { CreateVolumeRequest } from '../../src/gen/csi/v1/CreateVolumeRequest.ts';
import type { CreateVolumeResponse__Output } from '../../src/gen/csi/v1/CreateVolumeResponse.ts';
import type { ControllerDefinition } from '../../src/gen/csi/v1/Controller.ts';
import type { RpcClient } from '../../src/rpc/client.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { Calls, Statistics } from './calls.ts';
import type { GivenUpNodes } from './given-up-nodes.ts';
import { hasMark, type Piece, type PoolPaths, writeMark } from './pieces.ts';
import type { Pods } from './pods.ts';

const MiB = 2 ** 20;
const MOST_PIECES = 6;

export interface ChaosClientOptions {
  readonly name: string;
  readonly calls: Calls<RpcClient<ControllerDefinition>>;
  readonly pods: Pods;
  readonly givenUp: GivenUpNodes;
  /** Whether the driver may be left to choose a node: a volume that was made on a node that is given up then is made on another one again. */
  readonly mayLeaveNodeOpen: boolean;
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
  /** What was deleted, and where it was. */
  readonly #deleted = new Map<string, string>();
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
    const used = this.#pick('volume', ({ usedAt }) => usedAt !== undefined);
    const unused = this.#pick('volume', ({ usedAt }) => usedAt === undefined);
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
      ['start pod', unused !== undefined, () => this.#with(unused, (each) => this.#startPod(each))],
      ['stop pod', used !== undefined, () => this.#with(used, (each) => this.#stopPod(each))],
      ['read', used !== undefined, () => this.#with(used, (each) => this.#read(each))],
      ['delete', some !== undefined, () => this.#with(some, (each) => this.remove(each))],
      ['delete', some !== undefined, () => this.#with(some, (each) => this.remove(each))],
    ];
    return all.flatMap(([what, isPossible, work]) => (isPossible ? [[what, work] as const] : []));
  }

  async #with(piece: Piece | undefined, work: (piece: Piece) => Promise<void>): Promise<void> {
    if (piece !== undefined) await work(piece);
  }

  /** Deletes a volume or snapshot. */
  async remove(piece: Piece): Promise<void> {
    const { kind, id, node } = piece;
    if (piece.usedAt !== undefined) await this.#stopPod(piece);
    await this.#options.calls.untilDone(`delete ${id}`, async (controller, options) => {
      return kind === 'volume'
        ? await controller.DeleteVolume({ volumeId: id }, options)
        : await controller.DeleteSnapshot({ snapshotId: id }, options);
    });
    this.pieces.delete(id);
    this.#deleted.set(id, node);
  }

  /** Ends all pods, so that everything is on the disks. */
  async stopPods(): Promise<void> {
    for (const piece of this.pieces.values()) if (piece.usedAt !== undefined) await this.#stopPod(piece);
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
    const { id, node, sizeBytes, context } = await calls.untilDone(
      `create ${name}`,
      async (controller, options) => {
        return toAnswer(await controller.CreateVolume(request, options));
      },
    );
    if (this.pieces.has(id) || this.#deleted.has(id))
      throw new Error(`${name} got ${id}, which was used before`);
    const piece: Piece = {
      kind: 'volume',
      name,
      id,
      node,
      layout,
      sizeBytes,
      context,
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
    const sizeBytes = Number(snapshot?.sizeBytes);
    this.pieces.set(id, { ...source, kind: 'snapshot', name, id, sizeBytes, usedAt: undefined });
  }

  async #expand(volume: Piece): Promise<void> {
    const sizeBytes = volume.sizeBytes + 4 * MiB;
    const { capacityBytes, nodeExpansionRequired } = await this.#options.calls.untilDone(
      `expand ${volume.id}`,
      async (controller, options) => {
        const capacityRange = { requiredBytes: sizeBytes };
        return await controller.ControllerExpandVolume({ volumeId: volume.id, capacityRange }, options);
      },
    );
    const grown = { ...volume, sizeBytes: Number(capacityBytes) };
    if (nodeExpansionRequired && volume.usedAt !== undefined) await this.#options.pods.grow(grown);
    this.pieces.set(volume.id, grown);
  }

  async #write(volume: Piece): Promise<void> {
    const written = { ...volume, mark: this.#newName('mark') };
    await writeMark(this.#options.pools, written);
    this.pieces.set(volume.id, written);
  }

  async #startPod(volume: Piece): Promise<void> {
    const usedAt = await this.#options.pods.start(volume);
    const used = { ...volume, usedAt };
    this.pieces.set(volume.id, used);
    await this.#read(used);
  }

  async #stopPod(volume: Piece): Promise<void> {
    await this.#read(volume);
    await this.#options.pods.stop(volume);
    this.pieces.set(volume.id, { ...volume, usedAt: undefined });
  }

  async #read(volume: Piece): Promise<void> {
    if (await hasMark(this.#options.pools, volume)) return;
    throw new Error(`${volume.id} (${volume.name}) does not say ${volume.mark} at ${volume.usedAt}`);
  }

  /** What there must be is listed, and what was deleted is not; a silent node makes the whole list unavailable, never shorter. */
  async #list(): Promise<void> {
    const { calls, givenUp } = this.#options;
    const askedAt = performance.now();
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
      const missing = own
        .filter(({ id, node }) => !listed.includes(id) && !givenUp.isDoubtful(node, askedAt))
        .map(({ id }) => id);
      const undead = listed.filter((id) => {
        const node = this.#deleted.get(id);
        return node !== undefined && !givenUp.isDoubtful(node, askedAt);
      });
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
    const { random, pools, directoryNode, mayLeaveNodeOpen } = this.#options;
    if (layout === 'directory') return directoryNode;
    return mayLeaveNodeOpen && random.chance(0.3) ? undefined : random.pick([...pools.keys()]);
  }

  #pick(kind: Piece['kind'], isWanted: (piece: Piece) => boolean = () => true): Piece | undefined {
    const some = [...this.pieces.values()].filter((piece) => piece.kind === kind && isWanted(piece));
    return some.length === 0 ? undefined : this.#options.random.pick(some);
  }

  #newName(prefix: string): string {
    this.#count += 1;
    return `${prefix}-${this.#options.name}-${this.#count}`;
  }
}

function toAnswer({
  volume,
}: CreateVolumeResponse__Output): Pick<Piece, 'id' | 'node' | 'sizeBytes' | 'context'> {
  return {
    id: volume?.volumeId ?? '',
    context: volume?.volumeContext ?? {},
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
