import { describe } from 'vitest';
import type { ControllerBackend, NodeBackend } from '../../src/backends/backend.ts';
import type { VolumeCapability } from '../../src/domain/access.ts';
import { describeControllerBackend } from './backend-controller.ts';
import { describeNodeBackend } from './backend-node.ts';

/** A backend that is ready for use, alone on its storage. */
export interface BackendFixture extends AsyncDisposable {
  readonly controller: ControllerBackend;
  readonly node: NodeBackend;
  /** An existing directory for staging and target paths. */
  readonly directory: string;
  /** Both halves built anew over the same storage and machine, as after a restart of the program. */
  restart(): Promise<Pick<BackendFixture, 'controller' | 'node'>>;
}

/** How the backend is used in this run of the suite. */
export interface BackendVariant {
  readonly setup: () => Promise<BackendFixture>;
  readonly access: VolumeCapability['access'];
  /** Of a StorageClass. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Of the volumes that are made. */
  readonly sizeBytes: number;
  /** Volumes are on storage that all nodes reach, and a node knows no more of them than what is mounted. Default: they live on one node. */
  readonly isShared?: true;
}

/** What holds for every backend: the rules of backend.ts and of CSI. */
export function describeBackend(name: string, variant: BackendVariant): void {
  describe(`backend contract: ${name}`, () => {
    describeControllerBackend(variant);
    describeNodeBackend(variant);
  });
}
